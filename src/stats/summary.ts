import type { Histogram } from './histogram.ts'

/** The usual statistics of a set of times, in milliseconds. Exists only where there is at least one sample. */
export interface TimeStats {
  readonly count: number
  readonly minMs: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p75Ms: number
  readonly p90Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

/** Statistics of a histogram, or `undefined` where it is empty: an absent number cannot be mistaken for a good one. */
export function timeStats(histogram: Histogram): TimeStats | undefined {
  if (histogram.count === 0) return undefined
  const at = (p: number) => histogram.percentileUs(p) / 1000
  return {
    count: histogram.count,
    minMs: histogram.minUs / 1000,
    meanMs: histogram.meanUs / 1000,
    p50Ms: at(0.5),
    p75Ms: at(0.75),
    p90Ms: at(0.9),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: histogram.maxUs / 1000,
  }
}
