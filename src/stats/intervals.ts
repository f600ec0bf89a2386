import { betaQuantile } from './distributions.ts'
import { designEffect, effectiveSample, type DesignEffect, type HitWindow } from './effective-sample.ts'
import { Histogram } from './histogram.ts'
import { RatioBand } from './ratio-band.ts'

export type { HitWindow } from './effective-sample.ts'

/** Confidence interval of a value, in the unit of the value. */
export interface Interval {
  readonly low: number
  readonly high: number
  /** 0–1, e.g. 0.95. */
  readonly confidence: number
  /** Name of the statistical method. */
  readonly method: string
}

/** Options of intervals. */
export interface IntervalOptions {
  /** Confidence, above 0 and below 1. @default 0.95 */
  readonly confidence?: number
}

/** With fewer hits (or misses), their distribution over the windows contains no information. */
const FEW = 10
const METHOD = 'binomial at the effective sample size'
const METHOD_FOR_FEW = 'exact binomial'
const METHOD_FOR_PERCENTILES = 'inverted binomial at the effective sample size'

/**
 * The interval of a ratio such as the error rate: Clopper and Pearson's exact binomial interval (Biometrika 26, 1934) for the
 * number of independent requests that the windows are worth (see {@link effectiveSample}). With fewer than 10 hits or misses
 * it uses the whole sample, unless they come in bursts; that is conservative.
 *
 * The interval is deterministic. A block bootstrap over the windows, the usual method, covers only 76–92% of true values at a
 * confidence of 95%, with the 30 windows of a short run (`npm run bench:intervals`).
 *
 * @param windows one per second, in order of time
 * @returns `undefined` if nothing was counted
 */
export function ratioInterval(windows: readonly HitWindow[], options: IntervalOptions = {}): Interval | undefined {
  const { confidence = 0.95 } = options
  const effect = designEffect(windows)
  return effect.total === 0 ? undefined : effectInterval(effect, confidence)
}

function effectInterval(effect: DesignEffect, confidence: number): Interval {
  const hitRatio = effect.hits / effect.total
  const few = Math.min(effect.hits, effect.total - effect.hits) < FEW
  const sample = few ? effect.total / Math.max(1, effect.ratio) : effectiveSample(effect, confidence)
  return { ...exactInterval(hitRatio, sample, confidence), confidence, method: few ? METHOD_FOR_FEW : METHOD }
}

/** Clopper and Pearson's interval of a ratio. @param sample need not be an integer */
function exactInterval(ratio: number, sample: number, confidence: number): { low: number; high: number } {
  const tail = (1 - confidence) / 2
  const hits = ratio * sample
  return {
    low: ratio > 0 ? betaQuantile(tail, hits, sample - hits + 1) : 0,
    high: ratio < 1 ? betaQuantile(1 - tail, hits + 1, sample - hits) : 1,
  }
}

/** Count in an interval of time. */
export interface RateWindow {
  readonly count: number
  /** Length, which may be shorter than a second, e.g. in the last window of a run. */
  readonly seconds: number
}

/**
 * The interval of a rate per second, weighted by the length of the windows. It is the interval of a ratio, with twice the
 * highest rate of a window as the whole, because a rate has no whole, and without chance in a window, because requests on a
 * schedule are more even than chance.
 *
 * @param windows of about a second each, in order of time, including those with a count of 0
 * @returns `undefined` if the windows have no length
 */
export function rateInterval(windows: readonly RateWindow[], options: IntervalOptions = {}): Interval | undefined {
  const { confidence = 0.95 } = options
  const seconds = windows.reduce((sum, window) => sum + window.seconds, 0)
  if (seconds <= 0) return undefined
  const best = Math.max(...windows.map((window) => (window.count === 0 ? 0 : window.count / window.seconds)))
  // Poisson's interval of no events.
  if (best === 0) return { low: 0, high: -Math.log((1 - confidence) / 2) / seconds, confidence, method: METHOD_FOR_FEW }
  const whole = 2 * best
  const effect = designEffect(
    windows.map((window) => ({ hits: window.count, total: whole * window.seconds })),
    { isChanceWithin: false },
  )
  const { low, high, method } = effectInterval(effect, confidence)
  return { low: low * whole, high: high * whole, confidence, method }
}

/**
 * The interval of a percentile in milliseconds: all times for which the ratio of requests within that time may be p, see
 * {@link RatioBand}. Both ends rise with `p` and are among the samples, so that the upper end is too low if the tail beyond
 * the slowest request matters. They are infinite if they are among samples without a time.
 *
 * Differences between seconds count as chance, including a drift of the level: the interval is that of the percentile in
 * another run of the same length, started at any time.
 *
 * @param windows samples in scope in one-second windows, in order of time
 * @param p ratio: 0.95, not 95
 * @returns `undefined` if there are no samples
 */
export function percentileIntervalMs(
  windows: readonly Histogram[],
  p: number,
  options: IntervalOptions = {},
): Interval | undefined {
  return percentileIntervalsMs(windows, [p], options)?.[0]
}

/** {@link percentileIntervalMs} in microseconds, or in the unit of the histograms if they are not of times. */
export function percentileIntervalUs(
  windows: readonly Histogram[],
  p: number,
  options: IntervalOptions = {},
): Interval | undefined {
  return percentileIntervalsUs(windows, [p], options)?.[0]
}

/** The intervals of several percentiles, see {@link percentileIntervalMs}. Merges and reads the windows only once. */
export function percentileIntervalsMs(
  windows: readonly Histogram[],
  percentiles: readonly number[],
  options: IntervalOptions = {},
): readonly Interval[] | undefined {
  const intervals = percentileIntervalsUs(windows, percentiles, options)
  return intervals?.map(({ low, high, ...interval }) => ({ ...interval, low: low / 1000, high: high / 1000 }))
}

function percentileIntervalsUs(
  windows: readonly Histogram[],
  percentiles: readonly number[],
  options: IntervalOptions,
): readonly Interval[] | undefined {
  const { confidence = 0.95 } = options
  const all = Histogram.merged(windows)
  if (all.count === 0) return undefined
  const band = new RatioBand(windows, all, confidence)
  return percentiles.map((p) => {
    const rankBelow = Math.floor(band.lowestShare(p) * all.count + 1e-9)
    const low = shortestUs(all, (rankBelow + 1) / all.count)
    const high = all.percentileUs(band.highestShare(p))
    return { low, high, confidence, method: METHOD_FOR_PERCENTILES }
  })
}

/** The lower end of a percentile's bucket, whose values the histogram does not distinguish. */
function shortestUs(all: Histogram, p: number): number {
  const us = all.percentileUs(p)
  return us === Number.POSITIVE_INFINITY ? us : Math.max(all.minUs, all.lowestWith(us))
}
