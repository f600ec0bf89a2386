import { studentQuantile } from './distributions.ts'
import { ratioInterval, type HitWindow, type Interval, type IntervalOptions } from './intervals.ts'

/** One statistic (a p95, requests per second, CPU per request) of two builds in a pair of consecutive slices. */
export interface Pair {
  readonly base: number
  readonly head: number
}

/** Ratio of head to base. */
export interface PairedRatio {
  /** head / base: above 1, head has the larger value. */
  readonly ratio: number
  readonly interval: Interval
  /** Number of usable pairs. */
  readonly pairs: number
  /** Number of pairs that were left out because a value was missing or not above 0. */
  readonly unusable: number
  /** Winsorized spread of the log ratios, which {@link slicesNeeded} uses. */
  readonly spread: number
}

/** Ratio of the pairs that are trimmed at each end. */
const TRIM = 0.2
const MOST_PAIRS = 10_000

/**
 * The ratio head/base from paired slices. A disturbance that lasts longer than a pair affects both slices and cancels; one
 * that affects only one slice is an outlier, so a fifth of the log ratios is trimmed at each end: trimmed mean and interval by
 * Tukey & McLaughlin (Less Vulnerable Confidence and Significance Procedures for Location Based on a Single Sample, Sankhyā
 * A 25, 1963; Yuen, Biometrika 61, 1974). With fewer than 5 pairs nothing is trimmed, which is Student's paired t. Requires
 * pairs in balanced order: on a machine that slows down steadily, head must not always be second.
 *
 * @returns `undefined` with fewer than 2 usable pairs
 */
export function pairedRatio(pairs: readonly Pair[], options: IntervalOptions = {}): PairedRatio | undefined {
  const { confidence = 0.95 } = options
  const logs = pairs
    .filter(({ base, head }) => base > 0 && head > 0 && Number.isFinite(base) && Number.isFinite(head))
    .map(({ base, head }) => Math.log(head / base))
    .toSorted((a, b) => a - b)
  if (logs.length < 2) return undefined
  const { mean, spread } = trimmed(logs)
  const half = halfWidth(spread, logs.length, confidence)
  return {
    ratio: Math.exp(mean),
    interval: { low: Math.exp(mean - half), high: Math.exp(mean + half), confidence, method: 'trimmed paired t' },
    pairs: logs.length,
    unusable: pairs.length - logs.length,
    spread,
  }
}

/**
 * The number of pairs with which the whole interval would be on one side of `1 + tolerance`, if ratio and spread stay the
 * same. At least the number of pairs so far.
 *
 * @param tolerance ratio: 0.05 allows 5% more; negative for values that must not fall, such as throughput
 * @returns `undefined` if even 10,000 are not enough, because the ratio is close to the tolerance
 */
export function slicesNeeded(
  { ratio, spread, pairs }: PairedRatio,
  tolerance: number,
  options: IntervalOptions = {},
): number | undefined {
  const { confidence = 0.95 } = options
  const distance = Math.abs(Math.log(1 + tolerance) - Math.log(ratio))
  if (halfWidth(spread, MOST_PAIRS, confidence) >= distance) return undefined
  let [tooFew, enough] = [Math.max(2, pairs) - 1, MOST_PAIRS]
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2)
    if (halfWidth(spread, middle, confidence) < distance) enough = middle
    else tooFew = middle
  }
  return enough
}

/**
 * The difference head − base of two ratios such as error rates, from the windows of each, with its interval. For values that
 * are mostly 0, which cannot be divided. The two intervals are joined by MOVER (Zou & Donner, Construction of Confidence
 * Limits About Effect Measures, Statistics in Medicine 27, 2008), as for independent samples.
 *
 * @returns `undefined` if nothing was counted on a side
 */
export function ratioDifference(
  base: readonly HitWindow[],
  head: readonly HitWindow[],
  options: IntervalOptions = {},
): { readonly difference: number; readonly interval: Interval } | undefined {
  const [baseInterval, headInterval] = [ratioInterval(base, options), ratioInterval(head, options)]
  if (baseInterval === undefined || headInterval === undefined) return undefined
  const [baseRatio, headRatio] = [ratioOf(base), ratioOf(head)]
  const difference = headRatio - baseRatio
  const low = difference - Math.hypot(headRatio - headInterval.low, baseInterval.high - baseRatio)
  const high = difference + Math.hypot(headInterval.high - headRatio, baseRatio - baseInterval.low)
  const { confidence, method } = headInterval
  return { difference, interval: { low, high, confidence, method: `${method}, joined` } }
}

function trimmed(sorted: readonly number[]): { mean: number; spread: number } {
  const length = sorted.length
  const cut = Math.floor(TRIM * length)
  const kept = sorted.slice(cut, length - cut)
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length
  const winsorized = sorted.map((_, at) => sorted[Math.min(length - 1 - cut, Math.max(cut, at))]!)
  const centre = winsorized.reduce((sum, value) => sum + value, 0) / length
  const variance = winsorized.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (length - 1)
  return { mean, spread: Math.sqrt(variance) / (1 - (2 * cut) / length) }
}

function halfWidth(spread: number, pairs: number, confidence: number): number {
  const kept = pairs - 2 * Math.floor(TRIM * pairs)
  return (studentQuantile((1 + confidence) / 2, kept - 1) * spread) / Math.sqrt(pairs)
}

function ratioOf(windows: readonly HitWindow[]): number {
  return windows.reduce((sum, { hits }) => sum + hits, 0) / windows.reduce((sum, { total }) => sum + total, 0)
}
