import type { Histogram } from '../stats/histogram.ts'
import type { HitWindow, RateWindow } from '../stats/intervals.ts'
import type { RunPart } from './run-part.ts'
import type { Invalidity } from './verdict.ts'

/** Evidence of a custom metric or a soft check in one scope of a run. */
export interface MetricEvidenceBase {
  /** Name of the metric or soft check. */
  readonly metric: string
  /** Unit of its values; `undefined` if it has none. */
  readonly unit: string | undefined
  /** Number of values, additions, or hits and misses. */
  readonly count: number
  /** Length of the scope. */
  readonly durationMs: number
  readonly invalidities: readonly Invalidity[]
  readonly part: RunPart
  /** Name of the scale that reduced the load; absent if the load is as written. */
  readonly reducedTo?: string
  /** Lines of the message's `Evidence:` block. */
  readonly evidenceLines: readonly string[]
  /** The fix that the figures suggest; `undefined` if they suggest none. */
  readonly hint: string | undefined
}

/** Values of which percentiles, the smallest and the largest are judged. */
export interface TrendEvidence extends MetricEvidenceBase {
  readonly kind: 'trend'
  /** Values in the parts of the unit that `PER_UNIT` of `stats/metric-windows.ts` counts. */
  readonly histogram: Histogram
  /** The same values in one-second windows, for intervals. */
  readonly windows: readonly Histogram[]
}

/** A sum of additions. */
export interface CounterEvidence extends MetricEvidenceBase {
  readonly kind: 'counter'
  readonly total: number
  /** Total by second. Includes seconds without additions. */
  readonly bySecond: readonly RateWindow[]
}

/** A ratio of hits, or of requests that passed a soft check. */
export interface RateEvidence extends MetricEvidenceBase {
  readonly kind: 'rate' | 'softCheck'
  readonly windows: readonly HitWindow[]
  /** Most frequent reasons of misses: `38 × status 503`. Empty if unknown. */
  readonly reasons: string
}

/** A value that rises and falls. NaN if it was never set. */
export interface GaugeEvidence extends MetricEvidenceBase {
  readonly kind: 'gauge'
  readonly last: number
  readonly min: number
  readonly max: number
}

/** Evidence of a custom metric of any kind. */
export type MetricEvidence = TrendEvidence | CounterEvidence | RateEvidence | GaugeEvidence

/** Value with evidence of a custom metric. */
export interface MetricSource<Evidence extends MetricEvidence = MetricEvidence> {
  readonly [metricOf]: () => Evidence
}

/** Method that returns the evidence of a custom metric. A symbol, so that it is not part of the public interface. */
export const metricOf: unique symbol = Symbol('vitest-slo.metric')
