import type { RequestEvidence } from '../evidence/evidence.ts'
import { tooFewSamples } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { Problems } from '../options/problems.ts'
import type { Reader, ReadOf } from '../options/schema.ts'
import { argument } from '../options/values.ts'
import { rateInterval, type HitWindow, type Interval } from '../stats/intervals.ts'
import { formatCount } from '../stats/units.ts'
import { ratePerSec, ratio, readArguments, THRESHOLD, type ThresholdOptions } from './arguments.ts'
import { goodOf, sustained, type Sustained } from './backlog.ts'
import { busyVusInvalidity, unprovenWaits, usualMs } from './busy-vus.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { timeoutsAgainst } from './generator-delay.ts'
import { fastErrors, JUDGE_ERRORS, tooLowOnlyBy } from './only-errors.ts'
import { judgeRatio, sum } from './ratio.ts'
import { requestRun, type RequestSource } from './subject.ts'
import {
  DEFAULT_CONFIDENCE,
  formatDistance,
  judgeThreshold,
  trusted,
  withMissingSamples,
  withoutGenerator,
} from './threshold.ts'
import type { On } from './typing.ts'
import { isSurely, sentAnd, shortageAgainst } from './vu-shortage.ts'

type OnRequests<T, Matcher> = On<T, RequestSource, Matcher, 'judges a run of requests, as http.run() gives'>

/** Matchers of `expect()` for runs of requests. */
export interface RequestMatchers<R extends void | Promise<void>, T> {
  /**
   * The ratio of due requests that got no good response is below a limit.
   *
   * Includes errors of any kind (status, timeout, connect, reset, body) and dropped requests, which were due but never
   * sent. Excludes warm-up. Needs `1 / ratio` requests; with fewer the run is invalid unless its whole interval violates
   * the limit.
   *
   * @param ratio 0–1, never percent: 0.001 is 0.1%. 0 allows no error; the message then states how many requests a claim
   *   about the rate requires.
   */
  toHaveErrorRateBelow: OnRequests<T, (ratio: number, options?: ThresholdOptions) => R>
  /**
   * The ratio of responses with a status is below a limit. Only responses are in the denominator: dropped and timed-out
   * requests could have had any status. Needs `1 / ratio` responses. Excludes warm-up.
   *
   * @param ratio 0–1, never percent: 0.01 is 1%
   */
  toHaveStatusRateBelow: OnRequests<T, (status: number, ratio: number, options?: ThresholdOptions) => R>
  /**
   * Good responses per second, over the whole scope, are above a limit. Errors do not count, however fast they are. In an
   * open model throughput cannot exceed the offered rate, and responses of a backlog that grows until the end of the scope
   * do not count, as in `toSustainRate`; a scope too short to show a backlog is invalid. Excludes warm-up.
   */
  toHaveThroughputAbove: OnRequests<T, (perSec: number, options?: ThresholdOptions) => R>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends RequestMatchers<
    R,
    T
  > {}
}

type Confidence = ReadOf<typeof THRESHOLD>

interface RatioPlan extends Confidence {
  readonly limit: number
}

const toHaveErrorRateBelow = defineMatcher<RequestEvidence, RatioPlan>({
  name: 'toHaveErrorRateBelow',
  subject: requestRun,
  readArguments(problems, args) {
    const example = 'toHaveErrorRateBelow(0.001)'
    const read = readArguments(example, { ratio: rateLimit(example), options: THRESHOLD })(problems, args)
    return ratePlan(problems, read, example)
  },
  judge: (evidence, plan) =>
    judgeRatio(evidence, {
      ...plan,
      what: 'error rate',
      one: 'an error',
      sent: sentAnd(evidence, 'missed'),
      side: 'below',
      windows: evidence.requestWindows.map(({ missed, offered }) => ({ hits: missed, total: offered })),
      noun: 'requests',
      fix: 'find the cause of the errors in the log of the target; the report shows when each kind occurred',
      parts: errorParts(evidence),
      certain: { hits: evidence.targetErrors, due: evidence.offered, noun: 'errors' },
      waits: () => [...waitsAgainst(evidence, plan), ...timeoutsAgainst(evidence, plan.limit)],
    }),
})

const toHaveStatusRateBelow = defineMatcher<RequestEvidence, RatioPlan & { readonly status: number }>({
  name: 'toHaveStatusRateBelow',
  subject: requestRun,
  readArguments(problems, args) {
    const example = 'toHaveStatusRateBelow(429, 0.01)'
    const fields = { status: status(example), ratio: rateLimit(example), options: THRESHOLD }
    const read = readArguments(example, fields)(problems, args)
    return { status: read.status, ...ratePlan(problems, read, example) }
  },
  judge(evidence, { status, ...plan }) {
    const windows = responsesOf(evidence, status)
    return judgeRatio(evidence, {
      ...plan,
      what: `rate of status ${status}`,
      one: 'one',
      side: 'below',
      windows,
      sent: windows,
      noun: 'responses',
      certain: {
        hits: sum(windows.map(({ hits }) => hits)),
        due: evidence.offered,
        noun: `responses with status ${status}`,
      },
      fix: `find out in the log of the target why it responds with ${status}`,
    })
  },
})

const toHaveThroughputAbove = defineMatcher<RequestEvidence, ThroughputPlan>({
  name: 'toHaveThroughputAbove',
  subject: requestRun,
  readArguments: readArguments('toHaveThroughputAbove(100)', {
    perSec: ratePerSec('toHaveThroughputAbove(100)'),
    options: THRESHOLD,
  }),
  judge: judgeThroughput,
})

interface ThroughputPlan {
  readonly perSec: number
  readonly options: Confidence
}

/** Matchers of rates of requests. */
export const requestMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toHaveErrorRateBelow,
  toHaveStatusRateBelow,
  toHaveThroughputAbove,
}

/** Invalidity if only requests dropped while VUs were busy with good requests decided the judgement. */
function waitsAgainst(evidence: RequestEvidence, { limit, confidence }: RatioPlan): readonly Invalidity[] {
  const { busyVus, offered } = evidence
  if (busyVus === undefined) return []
  const { patienceMs } = busyVus
  const waits = unprovenWaits(evidence, patienceMs, ({ dropped }) => dropped)
  const unproven = sum(waits.map((each) => each.unproven))
  if (unproven === 0) return []
  const proven = waits.map(({ window, unproven }) => {
    return { hits: window.missed - unproven, total: window.offered - unproven }
  })
  const hits = sum(proven.map((window) => window.hits))
  const isBroken =
    confidence === undefined ? hits > 0 && hits >= limit * (offered - unproven) : isSurely('above', limit, proven)
  return isBroken ? [] : [busyVusInvalidity(busyVus, { unproven, offered, withinMs: patienceMs })]
}

/** Invalidity if requests dropped while VUs were busy at the target's usual speed may be the good responses that lack. */
function dropsAgainst(evidence: RequestEvidence, lacking: number): readonly Invalidity[] {
  const { busyVus, offered, requestWindows } = evidence
  if (busyVus === undefined) return []
  const withinMs = usualMs(requestWindows)
  const unproven = sum(unprovenWaits(evidence, withinMs, ({ dropped }) => dropped).map((each) => each.unproven))
  return unproven === 0 || unproven < lacking ? [] : [busyVusInvalidity(busyVus, { unproven, offered, withinMs })]
}

function judgeThroughput(evidence: RequestEvidence, { perSec: limit, options }: ThroughputPlan): Judgement {
  const { confidence } = options
  const seconds = evidence.durationMs / 1000
  const good = goodOf(evidence)
  // In an open model, responses that come ever later are no throughput. A closed model has no backlog.
  const { inTime, invalidity }: Sustained =
    evidence.offeredRatePerSec === undefined ? { inTime: good } : sustained(evidence)
  const value = inTime / seconds
  const judged = judgeThreshold({
    what: 'throughput',
    side: 'above',
    limit,
    value,
    interval: throughputInterval(evidence, good === 0 ? 1 : inTime / good, confidence),
    confidence,
    unit: 'perSec',
    detail: formatDistance(value, limit),
  })
  const tooFew = tooFewSamples(judged.expected, 1, { count: evidence.offered, durationMs: 0, noun: 'requests' })
  const offeredPerSec = evidence.offered / seconds
  const shortage = shortageAgainst(evidence, judged.holds, () =>
    isSurely('below', limit / offeredPerSec, sentAnd(evidence, 'good')),
  )
  // In a closed model a slow generator offers less load, so errors prove nothing about the throughput.
  const isCertain =
    judged.holds === false &&
    evidence.offeredRatePerSec !== undefined &&
    evidence.targetErrors > 0 &&
    (evidence.offered - evidence.targetErrors) / seconds <= limit
  const waits = judged.holds === true || isCertain ? [] : dropsAgainst(evidence, limit * seconds - inTime)
  // With so few good responses, the throughput is too low, however long the scope.
  const lackOfTime = invalidity === undefined || good / seconds <= limit ? [] : [invalidity]
  const against = isCertain
    ? withoutGenerator(evidence.invalidities)
    : [...evidence.invalidities, ...lackOfTime, ...shortage, ...waits]
  const isSlow = (inTime + fastErrors(evidence.errors)) / seconds <= limit
  const backlog = inTime === good ? '' : `, without ${formatCount(good - inTime)} that came late: a growing backlog`
  return {
    ...judged,
    received: `${judged.received}\n${formatCount(good)} good responses in ${seconds.toFixed(1)} s${backlog}`,
    invalidities: withMissingSamples(against, tooFew ? [tooFew] : judged.invalidities),
    ...(judged.holds === false &&
      !isSlow && { againstNot: tooLowOnlyBy('throughput', 'errors other than time-outs', JUDGE_ERRORS) }),
    evidence: evidence.evidenceLines,
    hint: judged.hint ?? evidence.hint,
    fix: 'find what limits the target: CPU, its connection pool, or a lock; or offer a higher rate if that is below the limit',
  }
}

function responsesOf({ requestWindows }: RequestEvidence, status: number): readonly HitWindow[] {
  return requestWindows.map(({ statuses }) => ({ hits: statuses.get(status) ?? 0, total: sum(statuses.values()) }))
}

/** @param ratio of the good responses that count */
function throughputInterval(
  { goodBySecond }: RequestEvidence,
  ratio: number,
  confidence = DEFAULT_CONFIDENCE,
): Interval | undefined {
  const counted = goodBySecond.map((second) => ({ ...second, count: second.count * ratio }))
  return trusted(rateInterval(counted, { confidence }), goodBySecond.length)
}

function errorParts({ errors, dropped, sent, completed }: RequestEvidence): string {
  const parts = [...errors].filter(([, count]) => count > 0).map(([kind, count]) => `${formatCount(count)} × ${kind}`)
  if (dropped > 0) parts.push(`${formatCount(dropped)} dropped`)
  if (sent > completed) parts.push(`${formatCount(sent - completed)} without a response`)
  return parts.join(', ')
}

function status(example: string): Reader<number> {
  const isStatus = (value: unknown) => Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 599
  return argument<number>(isStatus, 'must be an HTTP status, an integer from 100 to 599', example)
}

/** Reader of a rate limit: 0 if the event must never occur. */
function rateLimit(example: string): Reader<number> {
  return ratio(example, { isZeroLegal: true })
}

/** Rejects a confidence with a limit of 0: it would require an endless run. */
function ratePlan(
  problems: Problems,
  { ratio: limit, options }: { readonly ratio: number; readonly options: Confidence },
  example: string,
): RatioPlan {
  const { confidence } = options
  if (limit === 0 && confidence !== undefined)
    problems.add('options.confidence', confidence, 'must be left out if the limit is 0', example)
  return { limit, confidence }
}
