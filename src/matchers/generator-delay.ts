import type { TimeEvidence } from '../evidence/evidence.ts'
import { percentileName } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatMs } from '../stats/units.ts'
import { isOfRequests } from './subject.ts'

/**
 * Reasons against a percentile, without a saturated generator if that cannot explain it: a response is handled late by
 * no more than the longest time for which the event loop was blocked, and so is its request. A target that takes longer
 * than the limit even without twice that time is too slow, by any measure.
 *
 * Only times count: a time-out may be the generator's doing.
 *
 * @returns the reasons that stand, and because of what others do not
 */
export function standingAgainst(
  evidence: TimeEvidence,
  p: number,
  limitMs: number,
): { readonly against: readonly Invalidity[]; readonly because: string } {
  const { invalidities } = evidence
  if (!isOfRequests(evidence) || !invalidities.some(isSaturation)) return { against: invalidities, because: '' }
  const serviceTimes = Histogram.merged(evidence.requestWindows.map((window) => window.serviceTime()))
  const [serviceMs, blockMs] = [serviceTimes.percentileUs(p) / 1000, evidence.generator.eventLoopDelay.maxMs]
  const leastMs = serviceMs - 2 * blockMs
  if (!Number.isFinite(leastMs) || leastMs < limitMs) return { against: invalidities, because: '' }
  const because =
    `the service-time ${percentileName(p)} of ${formatMs(serviceMs)} lies above the limit by more than twice the longest ` +
    `block of the event loop, ${formatMs(blockMs)}`
  return { against: invalidities.filter((each) => !isSaturation(each)), because }
}

function isSaturation({ reason }: Invalidity): boolean {
  return reason === 'generator-saturated'
}
