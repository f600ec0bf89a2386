import type { TimeEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { Histogram } from '../stats/histogram.ts'
import { isOfRequests } from './subject.ts'

/**
 * Reasons against a percentile, without a saturated generator if that cannot explain it: a response is handled late by
 * no more than the longest time for which the event loop was blocked, and so is its request. A target that takes longer
 * than the limit even without twice that time is too slow, by any measure.
 *
 * Only times count: a time-out may be the generator's doing.
 */
export function standingAgainst(evidence: TimeEvidence, p: number, limitMs: number): readonly Invalidity[] {
  const { invalidities } = evidence
  if (!isOfRequests(evidence) || !invalidities.some(isSaturation)) return invalidities
  const serviceTimes = Histogram.merged(evidence.requestWindows.map((window) => window.serviceTime()))
  const leastMs = serviceTimes.percentileUs(p) / 1000 - 2 * evidence.generator.eventLoopDelay.maxMs
  if (!Number.isFinite(leastMs) || leastMs < limitMs) return invalidities
  return invalidities.filter((each) => !isSaturation(each))
}

function isSaturation({ reason }: Invalidity): boolean {
  return reason === 'generator-saturated'
}
