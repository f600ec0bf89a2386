import type { Invalidity } from '../evidence/verdict.ts'
import type { AbortBlame } from '../execution/abort-watch.ts'
import { generatorInvalidities, limitsBeside, missedRate } from '../execution/generator-limits.ts'
import { phasesIn, scopeName, totalsOf, WHOLE_RUN, type Scope, type ScopeTotals } from '../execution/request-scope.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import type { FirstMessageCounts, HttpMeasurement } from './request-measurement.ts'

/** Reasons not to judge a part of a run. */
export function httpInvalidities(measured: HttpMeasurement, { due }: ScopeTotals, scope: Scope): readonly Invalidity[] {
  const { abortReason, abortBlame, phases, connections } = measured
  const found = isTargetBroken(due) ? [] : [...generatorFindings(measured, due)]
  if (abortReason !== undefined) {
    const aborted = abortion(abortReason, found.length === 0 ? abortBlame : sureOf(abortBlame))
    // An end by the run's own rule may be the generator's doing. Any other end is why requests were not sent.
    if (abortBlame === undefined) found.unshift(aborted)
    else found.push(aborted)
  }
  if (connections.firstMessages !== undefined) found.push(...firstMessageInvalidities(connections.firstMessages))
  if (phasesIn(phases, scope).some((at) => phases[at]!.name === 'warmup'))
    found.push({
      reason: 'wrong-phase',
      finding: `the scope is the ${scopeName(phases, scope)}`,
      remedy: 'judge steady or spike phases; warm-up is never counted',
    })
  return found
}

/** Refusals and resets are the target's, however the generator fares: attempts to connect that all fail keep it busy. */
function isTargetBroken({ targetErrors, sum }: ScopeTotals['due']): boolean {
  return targetErrors * 2 > sum.offered
}

function generatorFindings(
  { generator, limits: written, phases, series }: HttpMeasurement,
  { sum }: ScopeTotals['due'],
): readonly Invalidity[] {
  const { good, failed } = totalsOf(series, phases, WHOLE_RUN).sum
  // The own times of failures belong to it: infinite ones would allow any delay.
  const serviceP50Ms = Histogram.merged([good.serviceTime, failed.serviceTime]).percentileUs(0.5) / 1000
  const limits = limitsBeside(serviceP50Ms, written)
  return [...generatorInvalidities(generator, limits), ...missedRate(sum, generator, limits)]
}

/** Why a run is judged although its generator was past its limits, as lines of evidence. */
export function judgedAllTheSame(measured: HttpMeasurement, { due }: ScopeTotals): readonly string[] {
  if (!isTargetBroken(due)) return []
  const share = `${formatRatio(due.targetErrors / due.sum.offered)} of the requests ended in errors that it cannot have caused`
  return generatorFindings(measured, due).map(
    ({ reason, finding }) => `${reason}: ${finding}; judged all the same, because ${share}`,
  )
}

/** Of responses that are the first message to come. With more that may be another, latencies are those of something else. */
const DOUBTFUL_AT_MOST = 0.01

/** Reasons not to judge steps without `isResponse`. */
function firstMessageInvalidities({ taken, surplus, doubtful }: FirstMessageCounts): Invalidity[] {
  const isTooMany = surplus > taken
  if (!isTooMany && doubtful <= taken * DOUBTFUL_AT_MOST) return []
  const finding = isTooMany
    ? `${formatCount(surplus)} messages came beyond the first after each request, more than requests: without response the ` +
      'first message to come is taken for the response, whatever it is'
    : doubtfulWords({ taken, surplus, doubtful }) + `, limit ${formatRatio(DOUBTFUL_AT_MOST)}`
  const remedy = 'give isResponse, which says whether a message is the response to what was sent'
  return [{ reason: 'undecided', finding, remedy }]
}

/** That responses may be other messages, in words. */
export function doubtfulWords({ taken, surplus, doubtful }: FirstMessageCounts): string {
  return (
    `the target also sends messages by itself, ${formatCount(surplus)} beyond the first after each request, which is taken for ` +
    `the response without isResponse: ${formatCount(doubtful)} of ${formatCount(taken)} responses (${formatRatio(doubtful / taken)}) ` +
    'may be such messages'
  )
}

/** The blame that stands although the generator was past its limits. */
function sureOf(blame: AbortBlame | undefined): AbortBlame | undefined {
  return blame === 'target' ? blame : undefined
}

function abortion(reason: string, blame: AbortBlame | undefined): Invalidity {
  if (blame === undefined)
    return {
      reason: 'aborted',
      finding: `the run was aborted: ${reason}`,
      remedy: 'what was measured until then is shown; see why, and run it to its end',
    }
  return {
    reason: 'aborted',
    finding: `the run was given up: ${reason}`,
    remedy: 'see why the target failed; where it is meant to fail that often, set abortWhen: false',
    blame: 'target',
  }
}
