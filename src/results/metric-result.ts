/** A custom metric of a run, without the warm-up. Its figures are absent if nothing was recorded. */
export type MetricResult = TrendResult | CounterResult | RateResult | GaugeResult

/** A trend, or times inside good requests: figures of its values, in its unit. */
interface TrendResult {
  readonly kind: 'trend' | 'timing'
  readonly name: string
  readonly unit?: string
  /** Number of values. */
  readonly count: number
  readonly min?: number
  readonly mean?: number
  readonly p50?: number
  readonly p90?: number
  readonly p95?: number
  readonly p99?: number
  readonly max?: number
}

/** A counter, in its unit. */
interface CounterResult {
  readonly kind: 'counter'
  readonly name: string
  readonly unit?: string
  /** Number of additions. */
  readonly count: number
  readonly total?: number
  /** Total per second. */
  readonly perSec?: number
}

/** A rate of hits. */
interface RateResult {
  readonly kind: 'rate'
  readonly name: string
  /** Number of hits and misses. */
  readonly count: number
  readonly hits?: number
  /** Ratio of hits, 0–1. */
  readonly rate?: number
}

/** A gauge, in its unit. */
interface GaugeResult {
  readonly kind: 'gauge'
  readonly name: string
  readonly unit?: string
  /** Number of times that it was set. */
  readonly count: number
  readonly last?: number
  readonly min?: number
  readonly max?: number
}

/** A soft check of a run, without the warm-up. */
export interface SoftCheckResult {
  readonly name: string
  /** Number of requests with the check. */
  readonly count: number
  /** Number of requests that passed it; absent if there were none. */
  readonly hits?: number
  /** Ratio of requests that passed it, 0–1; absent if there were none. */
  readonly rate?: number
  /** Requests that did not pass by reason. */
  readonly reasons: Readonly<Record<string, number>>
}
