import type { RequestEvidence } from '../evidence/evidence.ts'
import { tooFewSamples } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { rateInterval, type HitWindow, type Interval } from '../stats/intervals.ts'
import { formatCount, formatRate } from '../stats/units.ts'
import { readConfidence, readRateLimit, readRatePerSec, rejectExtraArgs, type ThresholdOptions } from './arguments.ts'
import { busyVusInvalidity, unprovenWaits } from './busy-vus.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { judgeRatio, sum } from './ratio.ts'
import { requestRun, type RequestSource } from './subject.ts'
import { DEFAULT_CONFIDENCE, formatDistance, judgeThreshold, trusted, withLack, withoutGenerator } from './threshold.ts'
import type { On } from './typing.ts'
import { isSurely, sentAnd, shortageAgainst } from './vu-shortage.ts'

type OnRequests<T, Matcher> = On<T, RequestSource, Matcher, 'judges a run of requests, as http.run() gives'>

/** `expect()` has these; each belongs to what its first parameter `this` says. */
export interface RequestMatchers<R extends void | Promise<void>, T> {
  /**
   * The share of due requests that got no good response lies below a limit.
   *
   * Errors are of any kind (status, timeout, connect, reset, body); dropped requests, which were due and never sent, are
   * among them. Warm-up is left out. Needs `1 / ratio` requests; with fewer the run is invalid unless its interval leaves
   * no doubt.
   *
   * @param ratio 0–1, never percent: 0.001 is 0.1%. 0 means no error at all; the message then says how many requests a
   *   claim about the rate would take.
   */
  toHaveErrorRateBelow: OnRequests<T, (ratio: number, options?: ThresholdOptions) => R>
  /**
   * The share of responds with one status lies below a limit. Responses alone are the denominator: what was dropped or
   * timed out could have had any status. Needs `1 / ratio` responses. Warm-up is left out.
   *
   * @param ratio 0–1, never percent: 0.01 is 1%
   */
  toHaveStatusRateBelow: OnRequests<T, (status: number, ratio: number, options?: ThresholdOptions) => R>
  /**
   * Good responses per second, over the whole scope, lie above a limit. Errors are not throughput, however fast they
   * get a response. A response counts in the second its request was due. In an open model it cannot exceed the rate the
   * load offers. Warm-up is left out.
   */
  toHaveThroughputAbove: OnRequests<T, (perSec: number, options?: ThresholdOptions) => R>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends RequestMatchers<
    R,
    T
  > {}
}

interface RatioPlan {
  readonly limit: number
  readonly confidence: number | undefined
}

const toHaveErrorRateBelow = defineMatcher<RequestEvidence, RatioPlan>({
  name: 'toHaveErrorRateBelow',
  subject: requestRun,
  readArguments(problems, args) {
    const example = 'toHaveErrorRateBelow(0.001)'
    rejectExtraArgs(problems, args, 2, example)
    return readRateLimit(problems, args[0], args[1], example)
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
      parts: wrongParts(evidence),
      certainHits: evidence.targetErrors,
      waits: () => waitsAgainst(evidence, plan),
    }),
})

const toHaveStatusRateBelow = defineMatcher<RequestEvidence, RatioPlan & { readonly status: number }>({
  name: 'toHaveStatusRateBelow',
  subject: requestRun,
  readArguments(problems, args) {
    const example = 'toHaveStatusRateBelow(429, 0.01)'
    const [status] = args
    rejectExtraArgs(problems, args, 3, example)
    if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599)
      problems.add('status', status, 'must be an HTTP status, an integer from 100 to 599', example)
    return { status: Number(status), ...readRateLimit(problems, args[1], args[2], example) }
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
    })
  },
})

const toHaveThroughputAbove = defineMatcher<RequestEvidence, RatioPlan>({
  name: 'toHaveThroughputAbove',
  subject: requestRun,
  readArguments(problems, args) {
    const example = 'toHaveThroughputAbove(100)'
    rejectExtraArgs(problems, args, 2, example)
    const limit = readRatePerSec(problems, args[0], example)
    return { limit, confidence: readConfidence(problems, args[1]) }
  },
  judge: judgeThroughput,
})

/** Rates over counts of requests. */
export const requestMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toHaveErrorRateBelow,
  toHaveStatusRateBelow,
  toHaveThroughputAbove,
}

/** Dropped requests prove nothing, if they turned the judgement while VUs were busy with requests that were no errors. */
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

function judgeThroughput(evidence: RequestEvidence, { limit, confidence }: RatioPlan): Judgement {
  const seconds = evidence.durationMs / 1000
  const good = evidence.completed - sum(evidence.errors.values())
  const value = good / seconds
  const judged = judgeThreshold({
    what: 'throughput',
    side: 'above',
    limit,
    value,
    interval: throughputInterval(evidence, confidence),
    confidence,
    show: formatRate,
    detail: formatDistance(value, limit),
  })
  const tooFew = tooFewSamples(judged.expected, 1, { count: evidence.offered, durationMs: 0, noun: 'requests' })
  const offeredPerSec = evidence.offered / seconds
  const shortage = shortageAgainst(evidence, judged.holds, () =>
    isSurely('below', limit / offeredPerSec, sentAnd(evidence, 'good')),
  )
  // In a closed model a slow generator offers less, so that errors alone show nothing.
  const isCertain =
    judged.holds === false &&
    evidence.offeredRatePerSec !== undefined &&
    evidence.targetErrors > 0 &&
    (evidence.offered - evidence.targetErrors) / seconds <= limit
  const against = isCertain ? withoutGenerator(evidence.invalidities) : [...evidence.invalidities, ...shortage]
  return {
    ...judged,
    received: `${judged.received}\n${formatCount(good)} good responses in ${seconds.toFixed(1)} s`,
    invalidities: withLack(against, tooFew ? [tooFew] : judged.invalidities),
    evidence: evidence.evidenceLines,
    hint: judged.hint ?? evidence.hint,
  }
}

function responsesOf({ requestWindows }: RequestEvidence, status: number): readonly HitWindow[] {
  return requestWindows.map(({ statuses }) => ({ hits: statuses.get(status) ?? 0, total: sum(statuses.values()) }))
}

function throughputInterval({ goodBySecond }: RequestEvidence, confidence = DEFAULT_CONFIDENCE): Interval | undefined {
  return trusted(rateInterval(goodBySecond, { confidence }), goodBySecond.length)
}

function wrongParts({ errors, dropped, sent, completed }: RequestEvidence): string {
  const parts = [...errors].filter(([, count]) => count > 0).map(([kind, count]) => `${formatCount(count)} × ${kind}`)
  if (dropped > 0) parts.push(`${formatCount(dropped)} dropped`)
  if (sent > completed) parts.push(`${formatCount(sent - completed)} unanswered`)
  return parts.join(', ')
}
