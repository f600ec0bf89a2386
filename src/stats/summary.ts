import type { Histogram } from './histogram.ts'

/**
 * The usual statistics of a set of times, in milliseconds. Exists only if there is at least one sample.
 *
 * Percentiles are taken over all samples, those without a time included: a percentile that falls among them is
 * `Infinity`. The least, mean and largest value are of the samples with a time, and `Infinity` if none has one.
 */
export interface TimeStats {
  /** All samples. */
  readonly count: number
  /** Samples without a time, longer than every other: requests that got no good response. */
  readonly infiniteCount: number
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

/** Statistics of a histogram, or `undefined` if it is empty: an absent number cannot be mistaken for a good one. */
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

/** Statistics as plain JSON, or `undefined` if the histogram is empty. */
export function timeStatsJson(histogram: Histogram): TimeStatsJson | undefined {
  const stats = timeStats(histogram)
  if (stats === undefined) return undefined
  const entries = Object.entries(stats) as [keyof TimeStats, number][]
  return Object.fromEntries(entries.map(([name, value]) => [name, toJsonMs(value)])) as TimeStatsJson
}

/** The percentiles that charts and live figures show, as plain JSON; empty if there is no sample. */
export function percentilesJson(times: Histogram): { p50Ms?: JsonMs; p95Ms?: JsonMs; p99Ms?: JsonMs } {
  if (times.count === 0) return {}
  const at = (p: number) => toJsonMs(times.percentileUs(p) / 1000)
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }
}
