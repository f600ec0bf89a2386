import type { TimeEvidence } from '../run/evidence.ts'
import { percentileName, tooFewForPercentile } from '../run/usable.ts'
import { percentileIntervalMs } from '../stats/intervals.ts'
import { MAX_TRACKABLE_US } from '../stats/histogram.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { readLimitMs, readOptions, readPercentile, refuseMore } from './arguments.ts'
import type { Duration, ThresholdOptions } from './arguments.ts'
import { defineMatcher } from './define.ts'
import type { ExtendMatcher, Judgement } from './define.ts'
import { judgedTimes, percentileMs } from './samples.ts'
import type { JudgedTimes } from './samples.ts'
import { isOfRequests, timedRun } from './subject.ts'
import type { TimedRun } from './subject.ts'
import { DEFAULT_CONFIDENCE, formatDistance, judgeThreshold, undecidedHint } from './threshold.ts'
import type { On } from './typing.ts'

type OnTimes<T, Matcher> = On<T, TimedRun, Matcher, 'percentile matchers judge a run with times: await it first'>

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * The median time lies below a limit in milliseconds (or a duration: `'1.5s'`).
     *
     * What the times are depends on the run: latency from intended start for requests (time-outs and failures are in,
     * up to the failure; dropped requests count as longer than anything), lag of a fan-out (missing deliveries count as
     * longer than anything), time of a call for `micro`. Warm-up is left out. Needs 20 samples.
     */
    toHaveP50Below: OnTimes<T, (limitMs: Duration, options?: ThresholdOptions) => R>
    /** The 95th percentile lies below a limit, see {@link toHaveP50Below} for what is counted. Needs 200 samples. */
    toHaveP95Below: OnTimes<T, (limitMs: Duration, options?: ThresholdOptions) => R>
    /** The 99th percentile lies below a limit, see {@link toHaveP50Below} for what is counted. Needs 1,000 samples. */
    toHaveP99Below: OnTimes<T, (limitMs: Duration, options?: ThresholdOptions) => R>
    /**
     * Any percentile lies below a limit, see {@link toHaveP50Below} for what is counted. Needs `10 / (1 - p)` samples.
     *
     * @param percentile as a ratio: 0.999 is p99.9
     */
    toHavePercentileBelow: OnTimes<T, (percentile: number, limitMs: Duration, options?: ThresholdOptions) => R>
  }
}

interface Plan {
  readonly p: number
  readonly limitMs: number
  readonly confidence: number | undefined
}

const toHavePercentileBelow = defineMatcher<TimeEvidence, Plan>({
  name: 'toHavePercentileBelow',
  subject: timedRun,
  readArguments(problems, args) {
    const example = 'toHavePercentileBelow(0.95, 150)'
    refuseMore(problems, args, 3, example)
    const p = readPercentile(problems, args[0], example)
    const limitMs = readLimitMs(problems, args[1], example)
    return { p, limitMs, confidence: readOptions(problems, args[2], [], '{ confidence: 0.95 }').confidence }
  },
  judge: judgePercentile,
})

/** Percentiles of latency, lag or time. */
export const latencyMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toHaveP50Below: percentileMatcher('toHaveP50Below', 0.5),
  toHaveP95Below: percentileMatcher('toHaveP95Below', 0.95),
  toHaveP99Below: percentileMatcher('toHaveP99Below', 0.99),
  toHavePercentileBelow,
}

function percentileMatcher(name: string, p: number): ExtendMatcher {
  return defineMatcher<TimeEvidence, Plan>({
    name,
    subject: timedRun,
    readArguments(problems, args) {
      const example = `${name}(150)`
      refuseMore(problems, args, 2, example)
      const limitMs = readLimitMs(problems, args[0], example)
      return { p, limitMs, confidence: readOptions(problems, args[1], [], '{ confidence: 0.95 }').confidence }
    },
    judge: judgePercentile,
  })
}

function judgePercentile(evidence: TimeEvidence, { p, limitMs, confidence }: Plan): Judgement {
  const times = judgedTimes(evidence)
  const count = times.histogram.count
  const valueMs = percentileMs(times, p)
  const tooFew = tooFewForPercentile(p, { count, durationMs: evidence.durationMs, noun: times.noun })
  const options = { confidence: confidence ?? DEFAULT_CONFIDENCE }
  const threshold = judgeThreshold({
    what: percentileName(p) + (evidence.quantity === 'lag' ? ' lag' : ''),
    side: 'below',
    limit: limitMs,
    value: valueMs,
    interval: tooFew || valueMs === Infinity ? undefined : percentileIntervalMs(times.windows, p, options),
    confidence: valueMs === Infinity ? undefined : confidence,
    show: showMs,
    detail: [formatDistance(valueMs, limitMs), neverDetail(times, valueMs)].filter((text) => text !== '').join(' '),
  })
  const failing = failuresDominate(evidence)
  return {
    ...threshold,
    ...(failing === undefined ? {} : { holds: false, received: `${threshold.received}\n${failing}` }),
    invalidities: [...evidence.invalidities, ...(tooFew ? [tooFew] : threshold.invalidities)],
    evidence: evidence.evidenceLines,
    worst: { label: 'Slowest', items: evidence.slowest.map(({ label, p95Ms }) => `${label} p95 ${formatMs(p95Ms)}`) },
    hint: undecidedHint(threshold.holds, evidence.hint),
  }
}

function showMs(ms: number): string {
  return ms * 1000 >= MAX_TRACKABLE_US ? 'never' : formatMs(ms)
}

function neverDetail({ never, histogram, noun }: JudgedTimes, valueMs: number): string {
  if (never === 0) return ''
  const counted = `${formatCount(never)} of ${formatCount(histogram.count)} ${noun}`
  return valueMs === Infinity
    ? `(${counted} never got an answer)`
    : `(${counted} never got an answer and count as longest)`
}

/**
 * Failures are quick where a port is closed: a dead target would pass any limit. Once they are more than half of what
 * was offered, the percentile is theirs and not the service's, and the limit is not met.
 */
function failuresDominate(evidence: TimeEvidence): string | undefined {
  if (!isOfRequests(evidence)) return undefined
  const failed = [...evidence.errors.values()].reduce((sum, count) => sum + count, 0)
  if (failed * 2 <= evidence.offered || failed === 0) return undefined
  const shown = `${formatCount(failed)} of ${formatCount(evidence.offered)} requests failed`
  return `${shown}: these are times of failures, and no limit is met by them`
}
