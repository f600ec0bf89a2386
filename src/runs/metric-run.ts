import {
  metricOf,
  type CounterEvidence,
  type GaugeEvidence,
  type MetricEvidence,
  type RateEvidence,
  type TrendEvidence,
} from '../evidence/metric-evidence.ts'
import type { MetricName } from '../execution/custom-metrics/metric-recorder.ts'
import type { Counter, Gauge, Rate, Trend } from '../execution/custom-metrics/metric.ts'
import type { PhaseName } from '../load/load.ts'
import type { Duration } from '../options/checks.ts'
import { showValue } from '../options/show-value.ts'
import { partOf } from '../results/owner.ts'
import type { MetricKind } from '../stats/metric-windows.ts'
import {
  metricFigures,
  type CounterFigures,
  type GaugeFigures,
  type RateFigures,
  type TrendFigures,
} from './metric-figures.ts'
import type { MeasuredMetrics, MetricScope } from './metric-totals.ts'
import { assertKnown, period } from './scope-arguments.ts'

interface MetricRunBase<Self, Figures, Evidence extends MetricEvidence> {
  /** Name of the run. */
  readonly name: string
  /** Name of the metric or soft check. */
  readonly metric: string
  /** Unit of the values; `undefined` if there is none. */
  readonly unit: string | undefined
  /** Number of values, additions, or hits and misses in scope. */
  readonly count: number
  /** Figures of the scope; `undefined` if nothing was recorded in it. */
  readonly figures: Figures | undefined
  /** What was recorded for requests due in one phase. @throws {Error} naming the available phases */
  phase(name: PhaseName): Self
  /** What was recorded for requests due in a period since the start of the run (including the warm-up), in whole seconds and any phase. */
  between(from: Duration, to: Duration): Self
  /** @internal */
  [metricOf](): Evidence
}

/** A trend in a run. Percentiles, the smallest and the largest value can be asserted on it. */
export interface TrendRun extends MetricRunBase<TrendRun, TrendFigures, TrendEvidence> {
  /** Kind of the metric. */
  readonly kind: 'trend'
}

/** A counter in a run. Its total and its rate per second can be asserted. */
export interface CounterRun extends MetricRunBase<CounterRun, CounterFigures, CounterEvidence> {
  /** Kind of the metric. */
  readonly kind: 'counter'
}

/** A rate in a run, or the rate of a soft check. */
export interface RateRun extends MetricRunBase<RateRun, RateFigures, RateEvidence> {
  /** Kind of the metric. */
  readonly kind: 'rate' | 'softCheck'
}

/** A gauge in a run. The last, the smallest and the largest value can be asserted on it. */
export interface GaugeRun extends MetricRunBase<GaugeRun, GaugeFigures, GaugeEvidence> {
  /** Kind of the metric. */
  readonly kind: 'gauge'
}

/** A custom metric in a run, by kind of the metric. */
export type MetricRun<M extends Trend | Counter | Rate | Gauge> = M extends Trend
  ? TrendRun
  : M extends Counter
    ? CounterRun
    : M extends Rate
      ? RateRun
      : GaugeRun

/** Creates the metric that matchers and scenarios read. @param evidence returns what matchers judge in a scope */
export function metricRun(
  measured: MeasuredMetrics,
  metric: MetricName,
  scope: MetricScope,
  evidence: (scope: MetricScope) => MetricEvidence,
): object {
  const within = (narrower: MetricScope) => metricRun(measured, metric, { ...scope, ...narrower }, evidence)
  const { count, ...figures } = metricFigures(measured, metric, scope)
  return {
    kind: metric.kind,
    name: measured.name,
    metric: metric.name,
    unit: metric.unit,
    count,
    figures: count === 0 ? undefined : figures,
    phase(name: PhaseName) {
      assertKnown(measured.name, 'phase', name, new Set(measured.phases.map((phase) => phase.name)))
      return partOf(this, within({ ...scope, phase: name }))
    },
    between(from: Duration, to: Duration) {
      return partOf(this, within({ ...scope, between: period(from, to) }))
    },
    [metricOf]: () => evidence(scope),
  }
}

/** Names of the soft checks of a run. */
export function namesOf({ metrics }: Pick<MeasuredMetrics, 'metrics'>, kind: MetricKind): readonly string[] {
  return metrics.flatMap((each) => (each.kind === kind ? each.name : []))
}

/** Returns the argument of `run.metric()`. @throws {TypeError} if it is not a metric */
export function readMetric(metric: unknown): MetricName {
  if (isMetric(metric)) return metric
  throw new TypeError(
    `run.metric(): must be a metric of the fixture metric, received ${showValue(metric)}\n` +
      `Fix: const cartSize = metric.trend('cart size'), then run.metric(cartSize)`,
  )
}

function isMetric(value: unknown): value is MetricName {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('name' in value)) return false
  return ['trend', 'counter', 'rate', 'gauge'].includes(value.kind as string)
}
