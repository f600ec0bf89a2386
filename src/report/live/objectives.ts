import type { Results } from '../results.ts'

/**
 * What each run was asserted on last time, by file, scenario and run: assertions come after a run, so while it goes on
 * only earlier results know its objectives.
 */
export class KnownObjectives {
  readonly #expected = new Map<string, string[]>()

  constructor(earlier: Results | undefined) {
    for (const { file, name, assertions } of earlier?.scenarios ?? []) {
      for (const { run, expected } of assertions) {
        if (run === undefined) continue
        const key = keyOf(file, name, run)
        this.#expected.set(key, [...(this.#expected.get(key) ?? []), expected])
      }
    }
  }

  of(file: string, scenario: string, run: string): readonly string[] {
    return this.#expected.get(keyOf(file, scenario, run)) ?? []
  }
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts)
}
