import { betaQuantile } from './distributions.ts'
import { designEffect, effectiveSample, type DesignEffect, type HitWindow } from './effective-sample.ts'
import { Histogram } from './histogram.ts'

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

/**
 * The interval of a ratio such as the error ratio: Clopper and Pearson's exact binomial interval (Biometrika 26, 1934) for
 * as many independent requests as the windows are worth (see {@link effectiveSample}). With fewer than 10 hits, or
 * misses, for the whole sample, unless the windows show them in bursts; that is conservative.
 *
 * The same windows give the same interval; nothing is drawn. A block bootstrap over the windows, the usual remedy, covers
 * 78–92% of true values where it promises 95%, with the 30 windows of a short run (`npm run bench:intervals`).
 *
 * @param windows in order of time, one a second
 * @returns `undefined` where nothing was counted
 */
export function ratioInterval(windows: readonly HitWindow[], options: IntervalOptions = {}): Interval | undefined {
  const { confidence = 0.95 } = options
  const effect = designEffect(windows)
  if (effect.total === 0) return undefined
  return intervalOfShare(effect.hits / effect.total, effect, confidence)
}

/**
 * The interval of a percentile, in milliseconds: the order statistics between which it lies, found by reading the
 * interval of the share of requests below it back through the distribution (Woodruff, Confidence Intervals for Medians
 * and Other Position Measures, JASA 47, 1952). The share's interval is that of {@link ratioInterval}.
 *
 * The upper end is a latency that was seen: where the tail beyond the slowest request matters, it is too low.
 *
 * @param windows the samples in scope by one-second windows, in order of time
 * @param p as a ratio: 0.95, not 95
 * @returns `undefined` where there are no samples
 */
export function percentileIntervalMs(
  windows: readonly Histogram[],
  p: number,
  options: IntervalOptions = {},
): Interval | undefined {
  const { confidence = 0.95 } = options
  const all = Histogram.merged(windows)
  if (all.count === 0) return undefined
  const valueUs = all.percentileUs(p)
  const effect = designEffect(windows.map((window) => ({ hits: window.countAtMost(valueUs), total: window.count })))
  const share = intervalOfShare(p, effect, confidence)
  return { ...share, low: all.percentileUs(share.low) / 1000, high: all.percentileUs(share.high) / 1000 }
}

function intervalOfShare(share: number, effect: DesignEffect, confidence: number): Interval {
  const few = Math.min(share, 1 - share) * effect.total < FEW - 1e-9
  const sample = few ? effect.total / Math.max(1, effect.ratio) : effectiveSample(effect, confidence)
  const tail = (1 - confidence) / 2
  const hits = share * sample
  const low = hits > 0 ? betaQuantile(tail, hits, sample - hits + 1) : 0
  const high = share < 1 ? betaQuantile(1 - tail, hits + 1, sample - hits) : 1
  return { low, high, confidence, method: few ? METHOD_FOR_FEW : METHOD }
}
