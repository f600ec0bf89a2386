import type { PublisherClock } from '../../evidence/fan-out-record.ts'
import { Histogram } from '../../stats/histogram.ts'
import { timeStats } from '../../stats/summary.ts'

/** Instants of one publication on the clock of `nowUs()`, and its stamp on the publisher's clock; NaN if unknown. */
export interface StampedPublication {
  readonly intendedUs: number
  readonly sentUs: number
  readonly respondedUs: number
  readonly stampedAtMs: number
}

/**
 * Offset of the publisher's clock from this machine's; see {@link PublisherClock} for the method and its accuracy.
 *
 * @param epochUs value of `nowUs()` at 1970 by the wall clock of this machine
 */
export function readPublisherClock(
  publications: readonly StampedPublication[],
  epochUs: number,
): PublisherClock | undefined {
  const stamped = publications.filter(({ stampedAtMs }) => !Number.isNaN(stampedAtMs))
  const responded = stamped.filter(({ respondedUs }) => !Number.isNaN(respondedUs))
  if (responded.length === 0) return undefined
  const roundTrip = ({ sentUs, respondedUs }: StampedPublication) => respondedUs - sentUs
  const best = responded.reduce((a, b) => (roundTrip(b) < roundTrip(a) ? b : a))
  const aheadUs = best.stampedAtMs * 1000 + epochUs - (best.sentUs + best.respondedUs) / 2
  const delays = new Histogram()
  for (const { intendedUs, stampedAtMs } of stamped) delays.record(stampedAtMs * 1000 + epochUs - aheadUs - intendedUs)
  return { aheadMs: aheadUs / 1000, uncertaintyMs: roundTrip(best) / 2000, delay: timeStats(delays)! }
}
