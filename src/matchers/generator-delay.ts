import type { TimeEvidence } from '../evidence/evidence.ts'
import { percentileName } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatMs } from '../stats/units.ts'
import { isOfRequests } from './subject.ts'

/**
 * Reasons not to judge a percentile, without the saturation of the generator if that cannot explain the value. A request
 * and its response are each delayed by at most the longest block of the event loop: a service time that exceeds the limit
 * even without twice that block shows that the target is too slow.
 *
 * Only finite times count: the generator may have caused a timeout.
 *
 * @returns the remaining reasons, and why others were ignored
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
    `the service-time ${percentileName(p)} of ${formatMs(serviceMs)} exceeds the limit by more than twice the longest ` +
    `block of the event loop, ${formatMs(blockMs)}`
  return { against: invalidities.filter((each) => !isSaturation(each)), because }
}

function isSaturation({ reason }: Invalidity): boolean {
  return reason === 'generator-saturated'
}
