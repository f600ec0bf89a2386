import type { PublisherClock } from '../../evidence/fan-out-record.ts'
import { Histogram } from '../../stats/histogram.ts'
import { timeStats } from '../../stats/summary.ts'

/** The instants of one publication: ours on the clock of `nowUs()`, the stamp on the publisher's. NaN where unknown. */
export interface StampedPublication {
  readonly intendedUs: number
  readonly sentUs: number
  readonly respondedUs: number
  readonly stampedAtMs: number
}

/**
 * Brings the publisher's stamps to our clock; see {@link PublisherClock} for how, and how far to trust it.
 *
 * @param epochUs the instant of `nowUs()` at which our own wall clock stood at 1970
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
