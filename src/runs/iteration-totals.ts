import { totalsOf, WHOLE_RUN, type RequestSeries, type Scope, type ScopeTotals } from '../execution/request-scope.ts'
import type { HttpMeasurement } from './request-measurement.ts'

/** Part of a run whose iterations or groups are judged. */
export type IterationScope = Pick<Scope, 'phase' | 'between' | 'journey'> & { readonly group: string | undefined }

/** Names of the groups of a run, or of one journey of it. */
export function groupsOf({ iterations }: HttpMeasurement, journey?: string): readonly string[] {
  const own = iterations.filter((each) => each.journey === (journey ?? each.journey))
  return [...new Set(own.flatMap(({ group }) => group ?? []))]
}

/** Totals of the iterations or groups in a scope. If iterations are not timed, each is one request. */
export function iterationTotals(
  { iterations, series, phases }: HttpMeasurement,
  { group, phase, between, journey }: IterationScope,
): { readonly totals: ScopeTotals; readonly series: readonly RequestSeries[] } {
  const timed = iterations.filter((each) => each.group === group && each.journey === (journey ?? each.journey))
  const own = iterations.length === 0 ? series : timed.map(({ timeline }) => ({ step: '', tag: undefined, timeline }))
  return { totals: totalsOf(own, phases, { ...WHOLE_RUN, phase, between }), series: own }
}
