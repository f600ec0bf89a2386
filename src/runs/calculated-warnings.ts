import { vuDemand } from '../execution/vu-demand.ts'
import { WHOLE, type Share } from '../load/share.ts'
import { formatCount } from '../stats/units.ts'
import { describeDoubt } from './request-invalidities.ts'
import type { HttpMeasurement } from './request-measurement.ts'

/** Kinds of closings that a warning names. */
const NAMED_CLOSINGS = 5

/** Warnings that follow from the counts of a run. @param share of the load that was counted */
export function calculatedWarnings(
  { load, vuUse, connections: { firstMessages, closings } }: Pick<HttpMeasurement, 'load' | 'vuUse' | 'connections'>,
  share: Share = WHOLE,
): readonly string[] {
  const isDoubtful = firstMessages !== undefined && firstMessages.doubtful > 0
  return [
    ...vuDemand(load, vuUse, share).warnings,
    ...(isDoubtful ? [`${describeDoubt(firstMessages)}: give isResponse`] : []),
    ...(closings === undefined ? [] : [describeClosings(closings)]),
  ]
}

/** Connections that were closed while no request waited, which no error counts. */
function describeClosings(closings: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(closings).toSorted((a, b) => b[1] - a[1])
  const count = kinds.reduce((sum, [, each]) => sum + each, 0)
  const named = kinds.slice(0, NAMED_CLOSINGS).map(([kind, each]) => `${formatCount(each)} × ${kind}`)
  const more = kinds.length > NAMED_CLOSINGS ? ', …' : ''
  return `${count === 1 ? '1 connection was' : `${formatCount(count)} connections were`} closed between requests, each reopened when its VU sends again: ${named.join(', ')}${more}`
}
