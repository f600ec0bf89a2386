import { vuDemand } from '../execution/vu-demand.ts'
import { WHOLE, type Share } from '../load/share.ts'
import { describeDoubt } from './request-invalidities.ts'
import type { HttpMeasurement } from './request-measurement.ts'

/** Warnings that follow from the counts of a run. @param share of the load that was counted */
export function calculatedWarnings(
  { load, vuUse, connections: { firstMessages } }: Pick<HttpMeasurement, 'load' | 'vuUse' | 'connections'>,
  share: Share = WHOLE,
): readonly string[] {
  const isDoubtful = firstMessages !== undefined && firstMessages.doubtful > 0
  return [
    ...vuDemand(load, vuUse, share).warnings,
    ...(isDoubtful ? [`${describeDoubt(firstMessages)}: give isResponse`] : []),
  ]
}
