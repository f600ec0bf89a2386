import { studentQuantile } from './distributions.ts'
import { ratioInterval, type HitWindow, type Interval, type IntervalOptions } from './intervals.ts'

/** One statistic (a p95, requests per second, CPU per request) of two builds in one pair of slices, close in time. */
export interface Pair {
  readonly base: number
  readonly head: number
}

/** By how much head differs from base. */
export interface PairedRatio {
  /** head / base: above 1, head's number is the larger. */
  readonly ratio: number
  readonly interval: Interval
  /** Pairs that count. */
  readonly pairs: number
  /** Pairs left out, because a number was missing or not above 0. */
  readonly unusable: number
  /** How far one pair's log ratio lies from the rest, disturbed slices damped: what {@link slicesNeeded} goes by. */
  readonly spread: number
}

/** Share of the pairs set aside at either end. */
const TRIM = 0.2
const MOST_PAIRS = 10_000

/**
 * The ratio head/base from paired slices. What disturbs a machine for longer than a pair disturbs both halves and cancels;
 * what hits one half alone is an outlier, and the fifth of the log ratios at either end is set aside: trimmed mean and
 * interval by Tukey & McLaughlin (Less Vulnerable Confidence and Significance Procedures for Location Based on a Single
 * Sample, Sankhyā A 25, 1963; Yuen, Biometrika 61, 1974). With fewer than 5 pairs nothing is set aside and it is Student's
 * paired t. Needs pairs whose order is balanced: a machine that slows down steadily must not always meet head second.
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
 * How many pairs would put the whole interval on one side of `1 + tolerance`, if the ratio and the spread stay as they
 * are. At least the pairs there were.
 *
 * @param tolerance as a ratio: 0.05 allows 5% more; negative for numbers that must not fall, such as throughput
 * @returns `undefined` where over 10,000 would not do: the ratio is the tolerance itself
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
 * The difference head − base of two ratios such as error ratios, from the windows of each, with its interval. For
 * numbers that are mostly 0, of which no ratio can be taken. The two intervals are joined by MOVER (Zou & Donner,
 * Construction of Confidence Limits About Effect Measures, Statistics in Medicine 27, 2008), as of independent samples.
 *
 * @returns `undefined` if nothing was counted on a side
 */
export function ratioDifference(
  base: readonly HitWindow[],
  head: readonly HitWindow[],
  options: IntervalOptions = {},
): { readonly difference: number; readonly interval: Interval } | undefined {
  const [of, to] = [ratioInterval(base, options), ratioInterval(head, options)]
  if (of === undefined || to === undefined) return undefined
  const [from, now] = [ratioOf(base), ratioOf(head)]
  const difference = now - from
  const low = difference - Math.hypot(now - to.low, of.high - from)
  const high = difference + Math.hypot(to.high - now, from - of.low)
  return { difference, interval: { low, high, confidence: to.confidence, method: `${to.method}, joined` } }
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
