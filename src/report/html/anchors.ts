import type { ScenarioResult } from '../results.ts'

const MAX_SLUG = 60

/**
 * Ids of scenarios, in their order: `scenario-s4-votes-at-a-spike`. They follow from the names, so that a link to a scenario
 * stays valid if others are added. Scenarios with the same letters and digits are numbered.
 */
export function anchorsOf(scenarios: readonly Pick<ScenarioResult, 'name'>[]): readonly string[] {
  const used = new Set<string>()
  return scenarios.map(({ name }) => {
    const slug = slugOf(name)
    let anchor = `scenario-${slug}`
    for (let copy = 2; used.has(anchor); copy++) anchor = `scenario-${slug}-${copy}`
    used.add(anchor)
    return anchor
  })
}

function slugOf(name: string): string {
  const words =
    name
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  return words.join('-').slice(0, MAX_SLUG).replace(/-$/, '') || 'unnamed'
}

/** Id of a run of a scenario. Two hyphens appear in no id of a scenario. */
export function runAnchor(scenario: string, at: number): string {
  return `${scenario}--run-${at + 1}`
}
