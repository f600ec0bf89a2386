import { phasesIn, totalsOf, WHOLE_RUN, type Scope } from '../execution/request-scope.ts'
import type { PhaseErrors } from '../results/result.ts'
import { describePhaseErrors } from '../results/unjudged-errors.ts'
import type { HttpMeasurement } from './request-measurement.ts'

/** Errors in the phases that assertions on the whole run leave out: the warm-up, and ramps and cooldowns beside a steady phase. */
export function unjudgedPhases({ series, phases }: Pick<HttpMeasurement, 'series' | 'phases'>): readonly PhaseErrors[] {
  const judged = new Set(phasesIn(phases, WHOLE_RUN).map((at) => phases[at]!.name))
  const names = new Set(phases.map(({ name }) => name).filter((name) => !judged.has(name)))
  return [...names].flatMap((phase) => {
    const { offered, good, details, dropped } = totalsOf(series, phases, { ...WHOLE_RUN, phase }).sum
    const failed = offered - good.count
    if (failed === 0) return []
    const kinds = [...details].toSorted((a, b) => b[1] - a[1]).slice(0, 3)
    return [{ phase, offered, failed, dropped, kinds: Object.fromEntries(kinds) }]
  })
}

/** The same as lines of evidence, for an assertion on the whole run. */
export function unjudgedLines(measured: HttpMeasurement, { phase, between, ending }: Scope): readonly string[] {
  if (phase !== undefined || between !== undefined || ending !== undefined) return []
  return unjudgedPhases(measured).map(describePhaseErrors)
}
