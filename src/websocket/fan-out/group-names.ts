import { ScenarioError } from '../../execution/scenario-error.ts'

const SHOWN = 5

/** Names of the groups of a run, to which names that functions of the scenario return must belong. */
export class GroupNames {
  readonly all: readonly string[]
  readonly #known: ReadonlySet<string>

  constructor(all: Iterable<string>) {
    this.#known = new Set(all)
    this.all = [...this.#known]
  }

  /** @param what the function, and what it returned. @throws {ScenarioError} if the run does not have one of the groups */
  check(names: readonly string[], what: string, fix: string): void {
    const unknown = names.find((name) => !this.#known.has(name))
    if (unknown === undefined) return
    const more = this.all.length > SHOWN ? ` and ${this.all.length - SHOWN} more` : ''
    const valid = this.all.slice(0, SHOWN).map((name) => JSON.stringify(name))
    throw new ScenarioError(
      `${what} the group ${JSON.stringify(unknown.slice(0, 60))}, which the run does not have; ` +
        `valid are ${valid.join(', ')}${more}\nFix: ${fix}`,
    )
  }
}
