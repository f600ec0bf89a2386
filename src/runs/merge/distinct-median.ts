import type { DistinctMedian } from '../../evidence/merged-generators.ts'
import { bucketOf, Histogram, lowestOf } from '../../stats/histogram.ts'
import { percentileIntervalMs } from '../../stats/intervals.ts'

/** Fewest samples of a median. */
const MIN_SAMPLES = 20
/** Probability that any of the generators is pointed out by chance. */
const CHANCE = 0.05

/**
 * Whether the median of the others lies outside the interval of the median of one generator. The intervals of all generators
 * together are 95% certain, so that many generators do not make one stand out.
 *
 * @param windows times of this generator by second
 * @param others times of all other generators
 * @param count number of generators
 */
export function distinctMedian(
  windows: readonly Histogram[],
  others: Histogram,
  count: number,
): DistinctMedian | undefined {
  const own = Histogram.merged(windows)
  if (windows.length < 2 || Math.min(own.count, others.count) < MIN_SAMPLES) return undefined
  const interval = percentileIntervalMs(windows, 0.5, { confidence: 1 - CHANCE / count })!
  const othersUs = others.percentileUs(0.5)
  // A histogram shows a median as the upper end of its bucket.
  const leastUs = Number.isFinite(othersUs) ? lowestOf(bucketOf(othersUs)) : othersUs
  if (othersUs / 1000 >= interval.low && leastUs / 1000 <= interval.high) return undefined
  return { p50Ms: own.percentileUs(0.5) / 1000, interval, othersP50Ms: othersUs / 1000 }
}
