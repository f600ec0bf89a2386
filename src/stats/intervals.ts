import { designEffect, effectiveSample, type DesignEffect, type HitWindow } from './effective-sample.ts'
import { bucketOf, Histogram, lowestOf } from './histogram.ts'
import { ShareBand, shareInterval } from './share-band.ts'

export type { HitWindow } from './effective-sample.ts'

/** Where a true value lies, with what confidence, and how that was worked out. In the unit of the value itself. */
export interface Interval {
  readonly low: number
  readonly high: number
  /** 0–1, e.g. 0.95. */
  readonly confidence: number
  readonly method: string
}

export interface IntervalOptions {
  /** Above 0 and below 1. Default: 0.95. */
  readonly confidence?: number
}

/** Below so many hits (or misses) nothing can be learnt from how they are spread over the windows. */
const FEW = 10
const METHOD = 'binomial at the effective sample size'
const METHOD_FOR_FEW = 'exact binomial'
const METHOD_FOR_PERCENTILES = 'inverted binomial at the effective sample size'

/**
 * The interval of a ratio such as the error ratio: Clopper and Pearson's exact binomial interval (Biometrika 26, 1934) for
 * as many independent requests as the windows are worth (see {@link effectiveSample}). With fewer than 10 hits, or
 * misses, for the whole sample, unless the windows show them in bursts; that is conservative.
 *
 * The same windows give the same interval; nothing is drawn. A block bootstrap over the windows, the usual remedy, covers
 * 76–92% of true values where it promises 95%, with the 30 windows of a short run (`npm run bench:intervals`).
 *
 * @param windows in order of time, one a second
 * @returns `undefined` if nothing was counted
 */
export function ratioInterval(windows: readonly HitWindow[], options: IntervalOptions = {}): Interval | undefined {
  const { confidence = 0.95 } = options
  const effect = designEffect(windows)
  return effect.total === 0 ? undefined : effectInterval(effect, confidence)
}

function effectInterval(effect: DesignEffect, confidence: number): Interval {
  const share = effect.hits / effect.total
  const few = Math.min(effect.hits, effect.total - effect.hits) < FEW
  const sample = few ? effect.total / Math.max(1, effect.ratio) : effectiveSample(effect, confidence)
  return { ...shareInterval(share, sample, confidence), confidence, method: few ? METHOD_FOR_FEW : METHOD }
}

/** What was counted in a stretch of time. */
export interface RateWindow {
  readonly count: number
  /** May be shorter than a second: the last window of a run often is. */
  readonly seconds: number
}

/**
 * The interval of a rate per second. Windows weigh as much as they are long. That of a ratio, with twice the best window's
 * rate as the whole, since a rate has no whole of its own, and without chance in a window: requests that are due on a
 * schedule come more evenly than chance.
 *
 * @param windows in order of time, of about a second; those without a count included
 * @returns `undefined` if the windows have no length
 */
export function rateInterval(windows: readonly RateWindow[], options: IntervalOptions = {}): Interval | undefined {
  const { confidence = 0.95 } = options
  const seconds = windows.reduce((sum, window) => sum + window.seconds, 0)
  if (seconds <= 0) return undefined
  const best = Math.max(...windows.map((window) => (window.count === 0 ? 0 : window.count / window.seconds)))
  // Poisson's, for none.
  if (best === 0) return { low: 0, high: -Math.log((1 - confidence) / 2) / seconds, confidence, method: METHOD_FOR_FEW }
  const whole = 2 * best
  const effect = designEffect(windows.map((window) => ({ hits: window.count, total: whole * window.seconds })))
  const { low, high, method } = effectInterval({ ...effect, chance: 0 }, confidence)
  return { low: low * whole, high: high * whole, confidence, method }
}

/**
 * The interval of a percentile, in milliseconds: all times for which the share of requests within that time may be p, see
 * {@link ShareBand}. Both ends rise with `p` and lie among the samples, so that the upper end is too low if the tail beyond
 * the slowest request matters; they are infinite if they fall among samples without a time.
 *
 * What differs from second to second counts as chance, a drift of the level included: the interval says where the
 * percentile would lie in another run of the same length, at whatever time it starts.
 *
 * @param windows the samples in scope by one-second windows, in order of time
 * @param p as a ratio: 0.95, not 95
 * @returns `undefined` if there are no samples
 */
export function percentileIntervalMs(
  windows: readonly Histogram[],
  p: number,
  options: IntervalOptions = {},
): Interval | undefined {
  return percentileIntervalsMs(windows, [p], options)?.[0]
}

/** The intervals of several percentiles, see {@link percentileIntervalMs}; the windows are merged and read once. */
export function percentileIntervalsMs(
  windows: readonly Histogram[],
  percentiles: readonly number[],
  options: IntervalOptions = {},
): readonly Interval[] | undefined {
  const { confidence = 0.95 } = options
  const all = Histogram.merged(windows)
  if (all.count === 0) return undefined
  const band = new ShareBand(windows, all, confidence)
  return percentiles.map((p) => {
    const rankBelow = Math.floor(band.lowestShare(p) * all.count + 1e-9)
    const low = shortestUs(all, (rankBelow + 1) / all.count) / 1000
    const high = all.percentileUs(band.highestShare(p)) / 1000
    return { low, high, confidence, method: METHOD_FOR_PERCENTILES }
  })
}

/** The least time that shares its bucket with a percentile: the histogram does not tell them apart. */
function shortestUs(all: Histogram, p: number): number {
  const us = all.percentileUs(p)
  return us === Number.POSITIVE_INFINITY ? us : Math.max(all.minUs, lowestOf(bucketOf(us)))
}
