import type { GeneratorHealth } from '../evidence/generator-health.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { AbortCause } from '../execution/abort-watch.ts'
import { generatorInvalidities, limitsForServiceTime, missedRate } from '../execution/generator-limits.ts'
import { phasesIn, scopeName, totalsOf, WHOLE_RUN, type Scope, type ScopeTotals } from '../execution/request-scope.ts'
import { isOpen } from '../load/describe.ts'
import type { Load } from '../load/load.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import { alsoCarried, companionInvalidities } from './companions.ts'
import type { FirstMessageCounts } from './first-message-counts.ts'
import { dueIn } from './generator-figures.ts'
import { lostInvalidities, perGenerator } from './generator-findings.ts'
import { iterationTotals } from './iteration-totals.ts'
import type { HttpMeasurement } from './request-measurement.ts'
import { readinessInvalidities } from './unready-vus.ts'
import { vuShortage } from './vu-shortage.ts'
import { windowOfScope } from './window-of-scope.ts'

/** Reasons why a part of a run is invalid. */
export function httpInvalidities(measured: HttpMeasurement, { due }: ScopeTotals, scope: Scope): readonly Invalidity[] {
  const { abortReason, abortCause, phases, connections, generators, companions } = measured
  const found = isTargetBroken(measured, due)
    ? []
    : generatorFindings(measured, due, scope).map((each) => alsoCarried(each, companions))
  if (abortReason !== undefined) {
    const shortage = abortCause === undefined ? undefined : vuShortage(measured, due)
    const isCertain = found.length === 0 && shortage === undefined
    const aborted = abortInvalidity(abortReason, isCertain ? abortCause : certainBlame(abortCause))
    if (shortage !== undefined && aborted.blame === undefined) found.push(shortage.invalidity)
    // An abort by `abortWhen` may be caused by the generator. Any other abort is the reason why requests were not sent.
    if (abortCause === undefined) found.unshift(aborted)
    else found.push(aborted)
  } else if (!isTargetBroken(measured, due)) found.push(...endlessFlow(measured))
  if (generators !== undefined) found.unshift(...lostInvalidities(generators))
  // A run that did not apply its own load is not invalid for another reason.
  if (companions !== undefined && abortReason === undefined)
    found.push(...companionInvalidities(companions, windowOfScope(measured, scope, 0).spans))
  if (abortReason === undefined && connections.readiness !== undefined)
    found.push(...readinessInvalidities(connections.readiness))
  if (connections.firstMessages !== undefined) found.push(...firstMessageInvalidities(connections.firstMessages))
  if (phasesIn(phases, scope).some((at) => phases[at]!.name === 'warmup'))
    found.push({
      reason: 'wrong-phase',
      finding: `the scope is the ${scopeName(phases, scope)}`,
      fix: 'judge steady or spike phases; warm-up is never counted',
    })
  return found
}

/** Reason why a run is invalid whose flow never returned: its requests are not those of whole iterations. */
function endlessFlow(measured: HttpMeasurement): readonly Invalidity[] {
  if (measured.hasFlow !== true) return []
  const { sent, completed } = iterationTotals(measured, { ...WHOLE_RUN, group: undefined }).totals.sum
  if (sent === 0 || completed > 0) return []
  return [
    {
      reason: 'no-samples',
      finding: `no iteration of the flow completed: ${formatCount(sent)} began, and none had ended when the run did`,
      fix: 'end the flow after one iteration, which the load repeats; if iterations take that long, lengthen the load or raise timeout',
    },
  ]
}

/**
 * Whether the target failed, whatever the health of the generator: refusals and resets are errors of the target, and a
 * generator whose connection attempts all fail is busy.
 */
function isTargetBroken({ load }: HttpMeasurement, { targetErrors, sum }: ScopeTotals['due']): boolean {
  return targetErrors * 2 > (isOpen(load) ? sum.offered : sum.sent)
}

/** Whether the dropped requests of a load are those of VUs that the target did not serve, so that no generator left them unsent. */
export function dropsUnserved({ kind }: Load): boolean {
  return kind === 'constantVus' || kind === 'rampingVus'
}

function generatorFindings(
  { generator, generators, limits: written, phases, series, load }: HttpMeasurement,
  { sum }: ScopeTotals['due'],
  scope: Scope,
): readonly Invalidity[] {
  const { good, failed } = totalsOf(series, phases, WHOLE_RUN).sum
  // Failures count with their own times: infinite ones would allow any delay.
  const serviceP50Ms = Histogram.merged([good.serviceTime, failed.serviceTime]).percentileUs(0.5) / 1000
  const limits = limitsForServiceTime(serviceP50Ms, written)
  const missed = (counts: { offered: number; sent: number }, health: GeneratorHealth) =>
    dropsUnserved(load) ? [] : missedRate(counts, health, limits)
  if (generators === undefined) return [...generatorInvalidities(generator, limits), ...missed(sum, generator)]
  return perGenerator(generators, (each) => [
    ...generatorInvalidities(each.health, limits),
    ...missed(dueIn(each, phases, scope), each.health),
  ])
}

/** Why a run is judged although its generator exceeded its limits, as lines of evidence. */
export function judgedAllTheSame(measured: HttpMeasurement, { due }: ScopeTotals, scope: Scope): readonly string[] {
  if (!isTargetBroken(measured, due)) return []
  const errors = `${formatRatio(due.targetErrors / (isOpen(measured.load) ? due.sum.offered : due.sum.sent))} of the requests ended in errors that it cannot have caused`
  return generatorFindings(measured, due, scope).map(
    ({ reason, finding }) => `${reason}: ${finding}; judged all the same, because ${errors}`,
  )
}

/** Ratio of first messages that may not be the response. Beyond it, latencies may be those of other messages. */
const MAX_DOUBTFUL = 0.01

/** Reasons why steps without `isResponse` are invalid. */
function firstMessageInvalidities({ taken, surplus, doubtful }: FirstMessageCounts): Invalidity[] {
  const isTooMany = surplus > taken
  if (!isTooMany && doubtful <= taken * MAX_DOUBTFUL) return []
  const finding = isTooMany
    ? `${formatCount(surplus)} messages arrived beyond the first after each request, more than requests: without isResponse ` +
      'the first message after a request counts as its response'
    : describeDoubt({ taken, surplus, doubtful }) + `, limit ${formatRatio(MAX_DOUBTFUL)}`
  const fix = 'set isResponse, which returns whether a message is the response to the request'
  return [{ reason: 'undecided', finding, fix }]
}

/** Message about responses that may be other messages. */
export function describeDoubt({ taken, surplus, doubtful }: FirstMessageCounts): string {
  return (
    `the target also sends messages by itself, ${formatCount(surplus)} beyond the first after each request, which counts as ` +
    `the response without isResponse: ${formatCount(doubtful)} of ${formatCount(taken)} responses (${formatRatio(doubtful / taken)}) ` +
    'may be such messages'
  )
}

/** The cause that is certain although the generator exceeded its limits. */
function certainBlame(blame: AbortCause | undefined): AbortCause | undefined {
  return blame === 'target' ? blame : undefined
}

function abortInvalidity(reason: string, blame: AbortCause | undefined): Invalidity {
  if (blame === undefined)
    return {
      reason: 'aborted',
      finding: `the run was aborted: ${reason}`,
      fix: 'the figures until then are shown; find out why it was aborted, and let it finish',
    }
  return {
    reason: 'aborted',
    finding: `the run was aborted: ${reason}`,
    fix: 'find out why the target failed; if that many errors are intended, set abortWhen: false',
    blame: 'target',
  }
}
