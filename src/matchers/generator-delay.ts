import type { FanOutEvidence, RequestEvidence, TimeEvidence } from '../evidence/evidence.ts'
import type { LoopDelayStats } from '../evidence/generator-health.ts'
import { percentileName } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { sum } from './ratio.ts'
import { samplesIncludingLost } from './samples.ts'
import { hasCounts, isOfDeliveries, isOfIterations, isOfRequests } from './subject.ts'

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

/**
 * Invalidity of a percentile beyond its limit if pauses of the generator may have decided it. A run with a few pauses is
 * valid, because most of its times are right, but a pause of 400 ms in ten seconds delays 4% of all requests and responses:
 * enough to change the p99.
 *
 * ```
 *   ─────▇▇ pause, d ▇▇─────►   delayed by up to d: requests that become due in it, and responses that arrive in it
 * ```
 *
 * Only times beyond the limit by at most twice the longest pause can be due to one, and no more of them than became due or
 * got their response during pauses. If the others alone violate the limit, the target is too slow.
 */
export function pausesAgainst(evidence: TimeEvidence, p: number, limitMs: number): readonly Invalidity[] {
  if (!hasCounts(evidence) && !isOfDeliveries(evidence)) return []
  const { eventLoopDelay: pauses } = evidence.generator
  if (pauses.blocks === undefined || pauses.blocks.count === 0) return []
  const { histogram, noun } = samplesIncludingLost(evidence)
  const lastUs = limitMs * 1000 - 1
  const within = histogram.countAtMost(lastUs)
  // An iteration may be long enough for every pause.
  const longestMs = isOfIterations(evidence) ? pauses.blocks.totalMs : pauses.maxMs
  const late = histogram.countAtMost(lastUs + 2 * longestMs * 1000) - within
  const explainable = hasCounts(evidence) ? late + explainableTimeouts(evidence) : late
  const delayed = Math.min(explainable, delayedCount(evidence, histogram.count))
  const beyond = histogram.count - within
  if (delayed === 0 || beyond - delayed > (1 - p) * histogram.count) return []
  return [
    pauseInvalidity(
      pauses,
      `${formatCount(delayed)} of the ${formatCount(beyond)} ${noun} beyond the limit`,
      percentileName(p),
    ),
  ]
}

/** Invalidity of an error rate beyond its limit if pauses of the generator may have decided it, as timeouts. */
export function timeoutsAgainst(evidence: RequestEvidence, limit: number): readonly Invalidity[] {
  const { generator, offered, requestWindows } = evidence
  const delayed = Math.min(explainableTimeouts(evidence), delayedCount(evidence, offered))
  const errors = sum(requestWindows.map(({ missed }) => missed))
  if (delayed === 0 || errors - delayed > limit * offered) return []
  const timeouts = evidence.errors.get('timeout') ?? 0
  return [
    pauseInvalidity(
      generator.eventLoopDelay,
      `${formatCount(delayed)} of the ${formatCount(timeouts)} timeouts`,
      'the error rate',
    ),
  ]
}

/** Timeouts of requests that would usually have got their response in time, had they not waited during pauses. */
function explainableTimeouts({ errors, requestWindows, generator }: RequestEvidence): number {
  const timeouts = errors.get('timeout') ?? 0
  if (timeouts === 0) return 0
  const good = Histogram.merged(requestWindows.map((window) => window.good.serviceTime))
  const usualUs = good.count === 0 ? 0 : good.percentileUs(0.99)
  const failed = Histogram.merged(requestWindows.map((window) => window.failed.serviceTime))
  return Math.min(timeouts, failed.countAtMost(usualUs + 2 * generator.eventLoopDelay.maxMs * 1000))
}

function pauseInvalidity({ blocks, maxMs }: LoopDelayStats, what: string, figure: string): Invalidity {
  const { count, totalMs } = blocks!
  const times =
    count === 1 ? `once, for ${formatMs(totalMs)}` : `${formatCount(count)} times, for up to ${formatMs(maxMs)}`
  return {
    reason: 'generator-saturated',
    finding: `the event loop was blocked ${times}, which explains up to ${what}: without them ${figure} is within its limit`,
    fix: 'repeat the run while nothing else uses the CPU, or make it longer, so that a pause weighs less',
  }
}

/** Requests, iterations or deliveries, at most, that pauses delayed. */
function delayedCount(evidence: RequestEvidence | FanOutEvidence, total: number): number {
  const { count, totalMs } = evidence.generator.eventLoopDelay.blocks ?? { count: 0, totalMs: 0 }
  const ratio = totalMs / evidence.durationMs
  if (isOfIterations(evidence)) {
    const { finiteCount, meanUs } = evidence.histogram
    const inProgress = finiteCount === 0 ? 0 : (count * meanUs) / 1000 / evidence.durationMs
    return Math.ceil(total * Math.min(1, 2 * ratio + inProgress))
  }
  // All deliveries of a publication arrive together, so that a short pause may delay all of them.
  const delayed = isOfRequests(evidence) ? 2 * ratio : ratio + count / evidence.publications.count
  return Math.ceil(total * Math.min(1, delayed))
}

function isSaturation({ reason }: Invalidity): boolean {
  return reason === 'generator-saturated'
}
