import type {
  CounterEvidence,
  GaugeEvidence,
  MetricEvidence,
  MetricSource,
  RateEvidence,
  TrendEvidence,
} from '../evidence/metric-evidence.ts'
import { percentileName, samplesForPercentile, tooFewSamples } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { durationMs } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import { reading, type Reader, type ReadOf } from '../options/schema.ts'
import { percentileIntervalUs, rateInterval, type Interval } from '../stats/intervals.ts'
import { MAX_TREND, MIN_TREND, PER_UNIT, TREND_RANGE } from '../stats/metric-windows.ts'
import { withoutDrift } from '../stats/total.ts'
import { formatCount, formatMs, formatRate, formatValue } from '../stats/units.ts'
import { ratio, readArguments, THRESHOLD, type Duration, type ThresholdOptions } from './arguments.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { counterRun, gaugeRun, rateRun, valueRun } from './metric-subject.ts'
import { exceededOnlyBy, JUDGE_ERRORS } from './only-errors.ts'
import { judgeRatio } from './ratio.ts'
import {
  DEFAULT_CONFIDENCE,
  formatDistance,
  judgeThreshold,
  trusted,
  withMissingSamples,
  type Threshold,
} from './threshold.ts'
import type { On } from './typing.ts'

type OnMetric<T, Evidence extends MetricEvidence, Matcher, Noun extends string> = On<
  T,
  MetricSource<Evidence>,
  Matcher,
  `judges ${Noun}, as run.metric() gives`
>
type OnCounter<T, Matcher> = OnMetric<T, CounterEvidence, Matcher, 'a counter'>
type OnRate<T, Matcher> = OnMetric<T, RateEvidence, Matcher, 'a rate'>
type OnGauge<T, Matcher> = OnMetric<T, GaugeEvidence, Matcher, 'a gauge'>
type OnValues<T, Matcher> = OnMetric<T, TrendEvidence | GaugeEvidence, Matcher, 'a trend or a gauge'>

/** Matchers of `expect()` for custom metrics and soft checks. Percentiles of a trend are judged by `toHaveP95Below()`. */
export interface CustomMetricMatchers<R extends void | Promise<void>, T> {
  /**
   * The ratio of hits of a rate, or of requests that passed a soft check, is at least a limit. Excludes warm-up. Needs
   * `1 / (1 - ratio)` values, or `1 / ratio` below one half.
   *
   * @param ratio 0–1, never percent: 0.99 is 99%. 1 allows no miss
   */
  toHaveRateAtLeast: OnRate<T, (ratio: number, options?: ThresholdOptions) => R>
  /**
   * The ratio of hits of a rate, or of requests that passed a soft check, is below a limit. Excludes warm-up. Needs
   * `1 / ratio` values, or `1 / (1 - ratio)` above one half.
   *
   * @param ratio 0–1, never percent: 0.01 is 1%. 0 allows no hit
   */
  toHaveRateBelow: OnRate<T, (ratio: number, options?: ThresholdOptions) => R>
  /**
   * The total of a counter over the scope is below a limit. Excludes warm-up. Invalid if nothing was added, not even 0: the
   * function that adds may never have been called.
   *
   * @param total in the unit of the counter
   */
  toHaveTotalBelow: OnCounter<T, (total: number, options?: ThresholdOptions) => R>
  /** The total of a counter over the scope is above a limit; see {@link toHaveTotalBelow}. */
  toHaveTotalAbove: OnCounter<T, (total: number, options?: ThresholdOptions) => R>
  /**
   * The total of a counter per second of the scope is below a limit. Excludes warm-up. Invalid if nothing was added, not even 0.
   *
   * @param perSec in the unit of the counter, per second
   */
  toHavePerSecondBelow: OnCounter<T, (perSec: number, options?: ThresholdOptions) => R>
  /** The total of a counter per second of the scope is above a limit; see {@link toHavePerSecondBelow}. */
  toHavePerSecondAbove: OnCounter<T, (perSec: number, options?: ThresholdOptions) => R>
  /** The last value of a gauge in the scope is below a limit, in its unit. Excludes warm-up. Invalid if it was never set. */
  toHaveLastBelow: OnGauge<T, (limit: Duration) => R>
  /** The last value of a gauge in the scope is above a limit; see {@link toHaveLastBelow}. */
  toHaveLastAbove: OnGauge<T, (limit: Duration) => R>
  /**
   * The largest value of a gauge or a trend is below a limit, in its unit (or a duration if the unit is `'ms'`). Excludes
   * warm-up. Invalid if there is no value.
   */
  toHaveMaxBelow: OnValues<T, (limit: Duration) => R>
  /** The smallest value of a gauge or a trend is above a limit; see {@link toHaveMaxBelow}. */
  toHaveMinAbove: OnValues<T, (limit: Duration) => R>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends CustomMetricMatchers<
    R,
    T
  > {}
}

type Options = ReadOf<typeof THRESHOLD>
type Side = Extract<Threshold['side'], 'below' | 'above'>

interface RatePlan extends Options {
  readonly limit: number
}

const toHaveRateAtLeast = rateMatcher('toHaveRateAtLeast', 0.99, (evidence, plan) =>
  plan.limit === 1
    ? judgeRatio(evidence, {
        ...ratesOf(evidence, plan),
        limit: 0,
        what: `${nameOf(evidence)}: rate of ${evidence.kind === 'softCheck' ? 'failed checks' : 'misses'}`,
        one: 'one',
        side: 'below',
        windows: evidence.windows.map(({ hits, total }) => ({ hits: total - hits, total })),
      })
    : judgeRatio(evidence, { ...ratesOf(evidence, plan), side: 'at least' }),
)

const toHaveRateBelow = rateMatcher('toHaveRateBelow', 0.01, (evidence, plan) =>
  judgeRatio(evidence, { ...ratesOf(evidence, plan), one: 'a hit', side: 'below' }),
)

/** Matchers of custom metrics. */
export const customMetricMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toHaveRateAtLeast,
  toHaveRateBelow,
  toHaveTotalBelow: counterMatcher('toHaveTotalBelow', 'total', 'below'),
  toHaveTotalAbove: counterMatcher('toHaveTotalAbove', 'total', 'above'),
  toHavePerSecondBelow: counterMatcher('toHavePerSecondBelow', 'perSec', 'below'),
  toHavePerSecondAbove: counterMatcher('toHavePerSecondAbove', 'perSec', 'above'),
  toHaveLastBelow: gaugeMatcher('toHaveLastBelow', 'below'),
  toHaveLastAbove: gaugeMatcher('toHaveLastAbove', 'above'),
  toHaveMaxBelow: extremeMatcher('toHaveMaxBelow', 'max', 'below'),
  toHaveMinAbove: extremeMatcher('toHaveMinAbove', 'min', 'above'),
}

/** Judges a percentile of a trend. */
export function judgeTrend(
  evidence: TrendEvidence,
  { percentile: p, limit, confidence, skipIfReduced }: TrendPlan,
): Judgement {
  const { histogram, windows, durationMs, unit } = evidence
  const value = histogram.percentileUs(p) / PER_UNIT
  const judged = judgeThreshold({
    ...inUnit(unit),
    what: `${nameOf(evidence)} ${percentileName(p)}`,
    side: 'below',
    limit,
    value,
    interval: trusted(
      perUnit(percentileIntervalUs(windows, p, { confidence: confidence ?? DEFAULT_CONFIDENCE })),
      windows.length,
    ),
    confidence,
    detail: formatDistance(value, limit),
  })
  const tooFew = tooFewSamples(judged.expected, samplesForPercentile(p), {
    count: evidence.count,
    durationMs,
    noun: 'values',
  })
  const isReduced =
    skipIfReduced &&
    evidence.reducedTo !== undefined &&
    tooFew?.reason === 'too-few-samples' &&
    evidence.invalidities.length === 0
  return {
    ...judged,
    ...shared(evidence, tooFew ? [evidence.count === 0 ? neverRecorded(evidence) : tooFew] : judged.invalidities),
    ...(judged.holds === false && {
      againstNot: exceededOnlyBy(histogram, {
        p,
        limitUs: limit * PER_UNIT,
        what: `${nameOf(evidence)} ${percentileName(p)}`,
        show: (us) => inUnit(unit).show!(us / PER_UNIT),
        causes: 'errors',
        fix: JUDGE_ERRORS,
      }),
    }),
    hint: judged.hint ?? evidence.hint,
    skipped: isReduced ? `${tooFew.finding} at scale ${evidence.reducedTo}` : undefined,
    figure: { ...judged.figure, percentile: p },
  }
}

/** A percentile of a trend and its limit. */
export interface TrendPlan {
  readonly percentile: number
  /** In the unit of the trend. */
  readonly limit: number
  readonly confidence: number | undefined
  readonly skipIfReduced: boolean
}

/**
 * Reader of a limit in the unit of a metric: any finite number, or a duration if the unit is `ms`. A limit beyond the values
 * that a trend can have would always or never hold.
 */
export function valueLimit(example: string, { kind, unit }: Pick<MetricEvidence, 'kind' | 'unit'>): Reader<number> {
  return reading((problems, path, value) => {
    const read = unit === 'ms' && typeof value === 'string' ? durationMs(value) : value
    const isInRange = (limit: number) => kind !== 'trend' || limit === 0 || (limit >= MIN_TREND && limit <= MAX_TREND)
    if (typeof read === 'number' && Number.isFinite(read) && isInRange(read)) return read
    const number = kind === 'trend' ? TREND_RANGE : 'a finite number'
    const duration = unit === 'ms' ? " or a duration ('1.5s')" : ''
    const other =
      typeof read === 'number' && Number.isFinite(read) ? '; record values of another size in another unit' : ''
    problems.add(path, value, `must be ${number}${duration}, in the unit of the metric${other}`, example)
    return Number.NaN
  })
}

function rateMatcher(
  name: string,
  limit: number,
  judge: (evidence: RateEvidence, plan: RatePlan) => Judgement,
): ExtendMatcher {
  const example = `${name}(${limit})`
  const isAtLeast = name === 'toHaveRateAtLeast'
  const fields = { ratio: ratio(example, isAtLeast ? { isOneLegal: true } : { isZeroLegal: true }), options: THRESHOLD }
  return defineMatcher<RateEvidence, RatePlan>({
    name,
    subject: rateRun,
    readArguments(problems, args) {
      const { ratio: read, options } = readArguments(example, fields)(problems, args)
      const { confidence } = options
      if (confidence !== undefined && read === (isAtLeast ? 1 : 0))
        problems.add('options.confidence', confidence, `must be left out if the limit is ${read}`, example)
      return { limit: read, confidence }
    },
    judge(evidence, plan) {
      if (evidence.count > 0) return judge(evidence, plan)
      return { ...judge(evidence, plan), ...shared(evidence, [neverRecorded(evidence)]) }
    },
  })
}

function ratesOf(evidence: RateEvidence, { limit, confidence }: RatePlan) {
  const isCheck = evidence.kind === 'softCheck'
  return {
    what: nameOf(evidence) + (isCheck ? ': rate of passed checks' : ''),
    limit,
    confidence,
    windows: evidence.windows,
    noun: isCheck ? 'checked requests' : 'values',
    fix: isCheck ? 'see the reasons in the report, and find their cause in the log of the target' : FIX,
    ...(evidence.reasons === '' ? {} : { parts: evidence.reasons }),
  }
}

function counterMatcher(name: string, figure: 'total' | 'perSec', side: Side): ExtendMatcher {
  const example = `${name}(100)`
  return defineMatcher<CounterEvidence, { readonly limit: number; readonly options: Options }>({
    name,
    subject: counterRun,
    readArguments: (problems, args) =>
      readArguments(example, { limit: valueLimit(example, { kind: 'counter', unit: undefined }), options: THRESHOLD })(
        problems,
        args,
      ),
    judge(evidence, { limit, options: { confidence } }) {
      const { total, count, bySecond, unit } = evidence
      const seconds = evidence.durationMs / 1000
      const value = count === 0 ? Number.NaN : withoutDrift(figure === 'total' ? total : total / seconds)
      const interval = trusted(
        rateInterval(bySecond, { confidence: confidence ?? DEFAULT_CONFIDENCE }),
        bySecond.length,
      )
      const judged = judgeThreshold({
        ...(figure === 'total' ? inUnit(unit) : { unit: 'value', show: (perSec) => ratePerSecond(perSec, unit) }),
        what: `${nameOf(evidence)} ${figure === 'total' ? 'total' : 'per second'}`,
        ...{ side, limit, value, confidence },
        interval: count === 0 ? undefined : interval && scaled(interval, figure === 'total' ? seconds : 1),
        detail: formatDistance(value, limit),
      })
      return {
        ...judged,
        received: `${judged.received}${count === 0 ? '' : `\n${formatCount(count)} additions in ${seconds.toFixed(1)} s`}`,
        ...shared(evidence, count === 0 ? [neverRecorded(evidence)] : judged.invalidities),
        hint: judged.hint ?? evidence.hint,
      }
    },
  })
}

function gaugeMatcher(name: string, side: Side): ExtendMatcher {
  return defineMatcher<GaugeEvidence, { readonly limit: number }>({
    name,
    subject: gaugeRun,
    readArguments: readValueLimit(`${name}(100)`),
    judge: (evidence, { limit }) => judgeValue(evidence, { what: 'last', side, limit, value: evidence.last }),
  })
}

function extremeMatcher(name: string, what: 'min' | 'max', side: Side): ExtendMatcher {
  return defineMatcher<TrendEvidence | GaugeEvidence, { readonly limit: number }>({
    name,
    subject: valueRun,
    readArguments: readValueLimit(`${name}(100)`),
    judge(evidence, { limit }) {
      if (evidence.kind === 'gauge') return judgeValue(evidence, { what, side, limit, value: evidence[what] })
      const { minUs, maxUs } = evidence.histogram
      return judgeValue(evidence, { what, side, limit, value: (what === 'min' ? minUs : maxUs) / PER_UNIT })
    },
  })
}

function readValueLimit(example: string) {
  return (problems: Problems, args: readonly unknown[], evidence: MetricEvidence) =>
    readArguments(example, { limit: valueLimit(example, evidence) })(problems, args)
}

/** Judges one value, which has no interval. */
function judgeValue(
  evidence: TrendEvidence | GaugeEvidence,
  { what, value, ...limit }: Pick<Threshold, 'what' | 'side' | 'limit' | 'value'>,
): Judgement {
  const isKnown = evidence.count > 0
  const judged = judgeThreshold({
    ...inUnit(evidence.unit),
    ...limit,
    what: `${nameOf(evidence)} ${what}`,
    value: isKnown ? value : Number.NaN,
    interval: undefined,
    confidence: undefined,
  })
  return { ...judged, ...shared(evidence, isKnown ? [] : [neverRecorded(evidence)]), hint: evidence.hint }
}

const FIX = 'see in the report how the metric developed, and find the requests that changed it'

function shared(evidence: MetricEvidence, own: readonly Invalidity[]) {
  const { invalidities, evidenceLines } = evidence
  return { invalidities: withMissingSamples(invalidities, own), evidence: evidenceLines, fix: FIX }
}

function neverRecorded({ kind, metric }: MetricEvidence): Invalidity {
  const [noun, fix] =
    kind === 'softCheck'
      ? ['soft check', 'see which requests have it in softChecks, and whether they were sent in this scope']
      : kind === 'counter'
        ? ['counter', 'record it in a function of the run; if an event may never occur, add 0 where it could have']
        : [kind, 'record it in a function of the run that is called in this scope']
  return {
    reason: 'no-samples',
    finding: `the ${noun} ${JSON.stringify(metric)} was never recorded in the scope judged`,
    fix,
  }
}

function nameOf({ metric }: MetricEvidence): string {
  return metric
}

function inUnit(unit: string | undefined): Pick<Threshold, 'unit' | 'show'> {
  return { unit: 'value', show: unit === 'ms' ? formatMs : (value) => formatValue(value, unit) }
}

function ratePerSecond(perSec: number, unit: string | undefined): string {
  return unit === undefined ? formatRate(perSec) : `${formatValue(perSec, unit)}/s`
}

function perUnit(interval: Interval | undefined): Interval | undefined {
  return interval && { ...interval, low: interval.low / PER_UNIT, high: interval.high / PER_UNIT }
}

function scaled(interval: Interval, factor: number): Interval {
  return { ...interval, low: withoutDrift(interval.low * factor), high: withoutDrift(interval.high * factor) }
}
