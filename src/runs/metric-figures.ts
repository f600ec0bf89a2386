import type { MetricName } from '../execution/custom-metrics/metric-recorder.ts'
import { scopeDurationMs, WHOLE_RUN } from '../execution/request-scope.ts'
import type { MetricResult, SoftCheckResult } from '../results/metric-result.ts'
import { PER_UNIT, type TrendWindow } from '../stats/metric-windows.ts'
import { metricTotals, type MeasuredMetrics, type MetricScope } from './metric-totals.ts'

/** Figures of a trend, in its unit. */
export interface TrendFigures {
  /** Smallest value. */
  readonly min: number
  /** Mean. */
  readonly mean: number
  /** Median. */
  readonly p50: number
  /** 90th percentile. */
  readonly p90: number
  /** 95th percentile. */
  readonly p95: number
  /** 99th percentile. */
  readonly p99: number
  /** Largest value. */
  readonly max: number
}

/** Figures of a counter, in its unit. */
export interface CounterFigures {
  /** Sum of all additions. */
  readonly total: number
  /** Total per second of the scope; `undefined` if the scope has no length. */
  readonly perSec: number | undefined
}

/** Figures of a rate. */
export interface RateFigures {
  /** Hits, or requests that passed the soft check. */
  readonly hits: number
  /** Ratio of hits, 0–1. */
  readonly rate: number
  /** Misses by reason, for soft checks. */
  readonly reasons: ReadonlyMap<string, number>
}

/** Figures of a gauge, in its unit. */
export interface GaugeFigures {
  /** Value that was set last. */
  readonly last: number
  /** Smallest value. */
  readonly min: number
  /** Largest value. */
  readonly max: number
}

/** Number of values of a metric in a scope, and figures of them, which are meaningless if it is 0. */
export function metricFigures(
  measured: MeasuredMetrics,
  metric: MetricName,
  scope: MetricScope,
): { readonly count: number } & (TrendFigures | CounterFigures | RateFigures | GaugeFigures) {
  switch (metric.kind) {
    case 'timing':
    case 'trend': {
      const { sum } = metricTotals(measured, metric as MetricName<'trend' | 'timing'>, scope)
      return { count: sum.values.count, ...trendFigures(sum) }
    }
    case 'counter': {
      const { count, total } = metricTotals(measured, metric as MetricName<'counter'>, scope).sum
      const { phase, between } = scope
      const ms = scopeDurationMs(measured.phases, { ...WHOLE_RUN, phase, between })
      return { count, total, perSec: ms === 0 ? undefined : total / (ms / 1000) }
    }
    case 'gauge': {
      const { count, last, min, max } = metricTotals(measured, metric as MetricName<'gauge'>, scope).sum
      return { count, last, min, max }
    }
    default: {
      const { count, hits, details } = metricTotals(measured, metric as MetricName<'rate' | 'softCheck'>, scope).sum
      return { count, hits, rate: hits / count, reasons: details }
    }
  }
}

function trendFigures({ values }: TrendWindow): TrendFigures {
  const [p50, p90, p95, p99] = values.percentilesUs([0.5, 0.9, 0.95, 0.99]).map((value) => value / PER_UNIT)
  const [min, mean, max] = [values.minUs, values.meanUs, values.maxUs].map((value) => value / PER_UNIT)
  return { min: min!, mean: mean!, p50: p50!, p90: p90!, p95: p95!, p99: p99!, max: max! }
}

/** Custom metrics and soft checks of a run as plain JSON; those without values have no figures. */
export function metricResults(measured: MeasuredMetrics): {
  readonly metrics?: readonly MetricResult[]
  readonly softChecks?: readonly SoftCheckResult[]
} {
  const whole = { phase: undefined, between: undefined }
  const metrics: MetricResult[] = []
  const softChecks: SoftCheckResult[] = []
  for (const { kind, name, unit } of measured.metrics) {
    const { count, ...figures } = metricFigures(measured, { kind, name, unit }, whole)
    if (kind === 'rate' || kind === 'softCheck') {
      const { hits, rate, reasons } = figures as RateFigures
      const counted = { name, count, ...(count === 0 ? {} : { hits, rate }) }
      if (kind === 'rate') metrics.push({ kind, ...counted })
      else softChecks.push({ ...counted, reasons: Object.fromEntries(reasons) })
    } else {
      const defined = Object.entries(figures).filter(([, value]) => value !== undefined)
      metrics.push({
        ...{ kind, name, ...(unit === undefined ? {} : { unit }), count },
        ...(count === 0 ? {} : Object.fromEntries(defined)),
      })
    }
  }
  return { ...(metrics.length === 0 ? {} : { metrics }), ...(softChecks.length === 0 ? {} : { softChecks }) }
}
