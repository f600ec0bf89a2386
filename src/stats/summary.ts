import type { Histogram } from './histogram.ts'

/**
 * Statistics of times in milliseconds. They exist only if there is at least one sample.
 *
 * Percentiles are over all samples, including those without a time: a percentile among these is `Infinity`. Minimum, mean
 * and maximum are over the samples with a time, and `Infinity` if there are none.
 */
export interface TimeStats {
  /** Number of samples. */
  readonly count: number
  /** Number of samples without a time: requests that got no good response. */
  readonly infiniteCount: number
  /** Shortest time, in milliseconds. */
  readonly minMs: number
  /** Mean, in milliseconds. */
  readonly meanMs: number
  /** Median, in milliseconds. */
  readonly p50Ms: number
  /** 75th percentile, in milliseconds. */
  readonly p75Ms: number
  /** 90th percentile, in milliseconds. */
  readonly p90Ms: number
  /** 95th percentile, in milliseconds. */
  readonly p95Ms: number
  /** 99th percentile, in milliseconds. */
  readonly p99Ms: number
  /** 99.9th percentile, in milliseconds. */
  readonly p999Ms: number
  /** Longest time, in milliseconds. */
  readonly maxMs: number
}

/** Statistics of a histogram; `undefined` if it is empty, so that no value can be mistaken for a good one. */
export function timeStats(histogram: Histogram): TimeStats | undefined {
  if (histogram.count === 0) return undefined
  const at = (p: number) => histogram.percentileUs(p) / 1000
  const ofFinite = (us: number) => (histogram.finiteCount === 0 ? Number.POSITIVE_INFINITY : us / 1000)
  return {
    count: histogram.count,
    infiniteCount: histogram.infiniteCount,
    minMs: ofFinite(histogram.minUs),
    meanMs: ofFinite(histogram.meanUs),
    p50Ms: at(0.5),
    p75Ms: at(0.75),
    p90Ms: at(0.9),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: ofFinite(histogram.maxUs),
  }
}

/** A time in milliseconds as plain JSON, which has no infinity. `Number()` reads either. */
export type JsonMs = number | 'Infinity'

/** {@link TimeStats} as plain JSON. */
export type TimeStatsJson = { readonly [Key in keyof TimeStats]: Key extends `${string}Ms` ? JsonMs : number }

export function toJsonMs(ms: number): JsonMs {
  return ms === Number.POSITIVE_INFINITY ? 'Infinity' : ms
}

/** Statistics of a histogram as plain JSON; `undefined` if it is empty. */
export function timeStatsJson(histogram: Histogram): TimeStatsJson | undefined {
  const stats = timeStats(histogram)
  return stats && toTimeStatsJson(stats)
}

export function toTimeStatsJson(stats: TimeStats): TimeStatsJson {
  const entries = Object.entries(stats) as [keyof TimeStats, number][]
  return Object.fromEntries(entries.map(([name, value]) => [name, toJsonMs(value)])) as TimeStatsJson
}

/** Percentiles for charts and live figures, as plain JSON; empty if there are no samples. */
export function percentilesJson(times: Histogram): { p50Ms?: JsonMs; p95Ms?: JsonMs; p99Ms?: JsonMs } {
  if (times.count === 0) return {}
  const at = (p: number) => toJsonMs(times.percentileUs(p) / 1000)
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }
}
