import type { TimeEvidence } from '../evidence/evidence.ts'
import type { MetricSource, TrendEvidence } from '../evidence/metric-evidence.ts'
import { percentileName, samplesForPercentile, tooFewSamples } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { Problems } from '../options/problems.ts'
import type { Reader, ReadOf } from '../options/schema.ts'
import { percentileIntervalMs, type HitWindow, type Interval } from '../stats/intervals.ts'
import { formatCount, formatMs, formatRatio } from '../stats/units.ts'
import { limitMs, PERCENTILE, percentile, readArguments, type Duration, type PercentileOptions } from './arguments.ts'
import { busyVusInvalidity, unprovenBeyond } from './busy-vus.ts'
import { clockInvalidities } from './clock-error.ts'
import { judgeTrend, valueLimit } from './custom-metrics.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { limitText } from './exact-text.ts'
import { pausesAgainst, standingAgainst } from './generator-delay.ts'
import { percentileSubject } from './metric-subject.ts'
import { slowOnlyByErrors } from './only-errors.ts'
import { rateOptionOf, sum } from './ratio.ts'
import { samplesIncludingLost, percentileMs, type SamplesIncludingLost } from './samples.ts'
import { hasCounts, nounOf, type TimeSource } from './subject.ts'
import {
  DEFAULT_CONFIDENCE,
  formatDistance,
  judgeThreshold,
  setAsideLines,
  trusted,
  withMissingSamples,
  withoutGenerator,
} from './threshold.ts'
import type { On } from './typing.ts'
import { unknownLagsAgainst } from './unknown-lags.ts'
import { unseenAgainst } from './unseen.ts'
import { isSurely, shortageAgainst } from './vu-shortage.ts'

type OnTimes<T, Matcher> = On<
  T,
  TimeSource | MetricSource<TrendEvidence>,
  Matcher,
  'judges a run with times, as http.run(), ws.run() and ws.fanOut() give, or a trend'
>

/** Matchers of `expect()` for percentiles. */
export interface LatencyMatchers<R extends void | Promise<void>, T> {
  /**
   * The median time is below a limit in milliseconds (or a duration: `'1.5s'`).
   *
   * The times depend on the run. For requests: the latency, from intended start, of all due requests; the assertion holds
   * if half of them got a good response within the limit. Errors, timeouts and dropped requests count as infinitely slow.
   * For `run.iterations` and `run.group()`: the time of the whole iteration or group; with an error it counts as infinitely
   * slow. For a fan-out: the lag of all expected deliveries; missing ones count as infinitely slow. For `micro`: the time of a
   * call. For a trend (`run.metric(trend)`): its values, with a limit in its unit. Excludes warm-up. Needs 20 samples.
   */
  toHaveP50Below: OnTimes<T, (limitMs: Duration, options?: PercentileOptions) => R>
  /** The 95th percentile is below a limit; see {@link toHaveP50Below} for the times. Needs 200 samples. */
  toHaveP95Below: OnTimes<T, (limitMs: Duration, options?: PercentileOptions) => R>
  /** The 99th percentile is below a limit; see {@link toHaveP50Below} for the times. Needs 1,000 samples. */
  toHaveP99Below: OnTimes<T, (limitMs: Duration, options?: PercentileOptions) => R>
  /**
   * Any percentile is below a limit; see {@link toHaveP50Below} for the times. Needs `10 / (1 - p)` samples.
   *
   * @param percentile as a ratio: 0.999 is p99.9
   */
  toHavePercentileBelow: OnTimes<T, (percentile: number, limitMs: Duration, options?: PercentileOptions) => R>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends LatencyMatchers<
    R,
    T
  > {}
}

interface Plan {
  readonly percentile: number
  readonly limitMs: number
  readonly options: ReadOf<typeof PERCENTILE>
}

/** A percentile and its limit. */
interface PercentileLimit {
  readonly p: number
  readonly limitMs: number
  readonly confidence: number | undefined
}

const toHaveP50Below = percentileMatcher('toHaveP50Below', 0.5)
const toHaveP95Below = percentileMatcher('toHaveP95Below', 0.95)
const toHaveP99Below = percentileMatcher('toHaveP99Below', 0.99)

const PERCENTILE_EXAMPLE = 'toHavePercentileBelow(0.95, 150)'
const toHavePercentileBelow = defineMatcher<TimeEvidence | TrendEvidence, Plan>({
  name: 'toHavePercentileBelow',
  subject: percentileSubject,
  readArguments: (problems, args, evidence) =>
    readArguments(PERCENTILE_EXAMPLE, {
      percentile: percentile(PERCENTILE_EXAMPLE),
      limitMs: limitOf(evidence, PERCENTILE_EXAMPLE),
      options: PERCENTILE,
    })(problems, args),
  judge,
})

/** Matchers of percentiles of latency, lag or call time. */
export const latencyMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toHaveP50Below,
  toHaveP95Below,
  toHaveP99Below,
  toHavePercentileBelow,
}

function percentileMatcher(name: string, p: number): ExtendMatcher {
  const example = `${name}(150)`
  const read = (problems: Problems, args: readonly unknown[], evidence: TimeEvidence | TrendEvidence) =>
    readArguments(example, { limitMs: limitOf(evidence, example), options: PERCENTILE })(problems, args)
  return defineMatcher<TimeEvidence | TrendEvidence, Plan>({
    name,
    subject: percentileSubject,
    readArguments: (problems, args, evidence) => ({ percentile: p, ...read(problems, args, evidence) }),
    judge,
  })
}

/** Reader of a limit in milliseconds, or in the unit of a trend. */
function limitOf(evidence: TimeEvidence | TrendEvidence, example: string): Reader<number> {
  return evidence.kind === 'trend' ? valueLimit(example, evidence) : limitMs(example)
}

function judge(evidence: TimeEvidence | TrendEvidence, plan: Plan): Judgement {
  if (evidence.kind !== 'trend') return judgePercentile(evidence, plan)
  return judgeTrend(evidence, { percentile: plan.percentile, limit: plan.limitMs, ...plan.options })
}

function judgePercentile(evidence: TimeEvidence, { percentile: p, limitMs, options }: Plan): Judgement {
  const { confidence, skipIfReduced } = options
  const times = samplesIncludingLost(evidence)
  const valueMs = percentileMs(times, p)
  const judged = judgeThreshold({
    what: percentileName(p) + (evidence.quantity === 'lag' ? ' lag' : ''),
    side: 'below',
    limit: limitMs,
    value: valueMs,
    interval: intervalOf(times, p, confidence),
    confidence,
    unit: 'ms',
    detail: valueMs === Number.POSITIVE_INFINITY ? `(${missedRatio(times)})` : formatDistance(valueMs, limitMs),
  })
  const durationMs = evidence.kind === 'micro' ? 0 : evidence.durationMs
  const rateOption = rateOptionOf(evidence, times.noun)
  const scope = { count: times.histogram.count, durationMs, noun: times.noun, rateOption }
  const tooFew = tooFewSamples(judged.expected, samplesForPercentile(p), scope)
  const { against, because } =
    judged.holds === true ? holdingAgainst(evidence) : breakingAgainst(evidence, { p, limitMs, confidence })
  const unknown = unknownLagsAgainst(evidence, {
    what: `${percentileName(p)} lag`,
    holds: judged.holds,
    within: times.histogram.countAtMost(limitMs * 1000 - 1),
    needed: p * times.histogram.count,
  })
  const unseen = unseenAgainst(evidence, {
    what: `${percentileName(p)} lag`,
    holds: judged.holds,
    wouldHold: (missing) => times.histogram.withInfinite(Math.ceil(missing)).percentileUs(p) < limitMs * 1000,
  })
  return {
    ...judged,
    received: [judged.received, ...missedLine(times, valueMs)].join('\n'),
    invalidities: withMissingSamples(
      [...against, ...clockInvalidities(evidence, limitMs), ...unknown, ...unseen],
      tooFew ? [tooFew] : judged.invalidities,
    ),
    ...(judged.holds === false ? { againstNot: slowOnlyByErrors(evidence, p, limitMs) } : {}),
    skipped: skipIfReduced ? reducedTooFar(evidence, tooFew) : undefined,
    evidence: [...evidence.evidenceLines, ...setAsideLines(evidence.invalidities, against, because)],
    worst: { label: 'Slowest', items: evidence.slowest.map(({ label, p95Ms }) => `${label} p95 ${formatMs(p95Ms)}`) },
    hint: judged.hint ?? evidence.hint,
    fix: SLOW[evidence.quantity],
    figure: { ...judged.figure, percentile: p },
  }
}

const SLOW: Readonly<Record<TimeEvidence['quantity'], string>> = {
  latency: 'find out what the target does during its slowest requests, which the report lists',
  lag: 'find out what the target does between a publication and its last delivery; the report shows the lag by second',
  time: 'profile the function, or raise the limit',
}

/** Reason to skip a percentile that lacks samples only because of the scale; any other invalidity remains one. */
function reducedTooFar({ reducedTo, invalidities }: TimeEvidence, tooFew: Invalidity | undefined): string | undefined {
  if (reducedTo === undefined || tooFew?.reason !== 'too-few-samples' || invalidities.length > 0) return undefined
  return `${tooFew.finding} at scale ${reducedTo}`
}

function intervalOf(
  { windows }: SamplesIncludingLost,
  p: number,
  confidence = DEFAULT_CONFIDENCE,
): Interval | undefined {
  return trusted(percentileIntervalMs(windows, p, { confidence }), windows.length)
}

/** Reasons not to judge a percentile, and why some reasons of the run were ignored. */
interface Against {
  readonly against: readonly Invalidity[]
  readonly because: string
}

/** Reasons not to judge a percentile within its limit. */
function holdingAgainst(evidence: TimeEvidence): Against {
  return { against: [...evidence.invalidities, ...shortageAgainst(evidence, true, () => false)], because: '' }
}

/** Reasons not to judge a percentile beyond its limit: none of the generator if the target's own errors or times suffice. */
function breakingAgainst(evidence: TimeEvidence, { p, limitMs, confidence }: PercentileLimit): Against {
  if (hasCounts(evidence) && evidence.targetErrors > (1 - p) * evidence.offered) {
    const because =
      `${formatCount(evidence.targetErrors)} of ${formatCount(evidence.offered)} ${nounOf(evidence)} ended in errors that cannot come ` +
      `from the generator, more than ${percentileName(p)} allows`
    return { against: withoutGenerator(evidence.invalidities), because }
  }
  const isBroken = () => isSurely('below', p, sentWithin(evidence, limitMs))
  const { against, because } = standingAgainst(evidence, p, limitMs)
  const shortage = [...shortageAgainst(evidence, false, isBroken), ...unfinishedAgainst(evidence, p, limitMs)]
  // A saturated generator was weighed already: what remains exceeds the limit by more than its longest pause.
  const pauses = against.length < evidence.invalidities.length ? [] : pausesAgainst(evidence, p, limitMs)
  const waits = waitsAgainst(evidence, { p, limitMs, confidence })
  return { against: withMissingSamples([...against, ...shortage, ...waits], pauses), because }
}

/** Invalidity if only requests that waited for VUs, busy with requests within the limit, decided the judgement. */
export function waitsAgainst(
  evidence: TimeEvidence,
  { p, limitMs, confidence }: PercentileLimit,
): readonly Invalidity[] {
  if (!hasCounts(evidence) || evidence.busyVus === undefined) return []
  const waits = unprovenBeyond(evidence, limitMs)
  const unproven = sum(waits.map((each) => each.unproven))
  if (unproven === 0) return []
  const lastUs = limitMs * 1000 - 1
  const proven = waits.map(({ window, unproven }) => {
    return { hits: window.good.latency.countAtMost(lastUs), total: window.offered - unproven }
  })
  const isBroken =
    confidence === undefined
      ? sum(proven.map(({ hits }) => hits)) < p * sum(proven.map(({ total }) => total))
      : isSurely('below', p, proven)
  if (isBroken) return []
  return [
    busyVusInvalidity(evidence.busyVus, {
      unproven,
      offered: evidence.offered,
      withinMs: limitMs,
      noun: nounOf(evidence),
    }),
  ]
}

/**
 * Invalidity if only iterations that had not ended when the run did decided the judgement: they count as infinitely slow, but
 * might have ended within the limit.
 */
function unfinishedAgainst(evidence: TimeEvidence, p: number, limitMs: number): readonly Invalidity[] {
  if (!hasCounts(evidence)) return []
  const lastUs = limitMs * 1000 - 1
  const { requestWindows, offered } = evidence
  const undecided = sum(requestWindows.map(({ unfinished }) => unfinished?.countAtMost(lastUs) ?? 0))
  const within = sum(requestWindows.map(({ good }) => good.latency.countAtMost(lastUs)))
  if (undecided === 0 || within + undecided < p * offered) return []
  const noun = nounOf(evidence)
  return [
    {
      reason: 'undecided',
      finding:
        `${formatCount(undecided)} of ${formatCount(offered)} ${noun} had not ended when the run did, after less than ` +
        `${limitText(limitMs, formatMs)}: whether ${percentileName(p)} is within its limit depends on them`,
      fix: `raise timeout, the time for which ${noun} may continue after the load, or lengthen the load`,
    },
  ]
}

/** Sent requests with a service time below a limit, by window. */
function sentWithin(evidence: TimeEvidence, limitMs: number): readonly HitWindow[] {
  if (!hasCounts(evidence)) return []
  return evidence.requestWindows.map(({ good, sent }) => {
    return { hits: good.serviceTime.countAtMost(limitMs * 1000 - 1), total: sent }
  })
}

/** `48% of requests got no good response` */
function missedRatio({ histogram, noun, missed }: SamplesIncludingLost): string {
  return `${formatRatio(histogram.infiniteCount / histogram.count)} of ${noun} ${missed}`
}

/** Line with the number of samples without a time, if the percentile is finite. */
function missedLine({ histogram, noun, missed }: SamplesIncludingLost, valueMs: number): string[] {
  const { infiniteCount, count } = histogram
  if (infiniteCount === 0 || !Number.isFinite(valueMs)) return []
  return [`${formatCount(infiniteCount)} of ${formatCount(count)} ${noun} ${missed} and count as infinitely slow`]
}
