import type { MetricName, MetricSeries } from '../execution/custom-metrics/metric-recorder.ts'
import { phasesIn, WHOLE_RUN, type Scope } from '../execution/request-scope.ts'
import type { Phase } from '../load/load.ts'
import { createWindow, type MetricKind, type MetricWindows } from '../stats/metric-windows.ts'

/** What a run of any kind recorded of custom metrics. */
export interface MeasuredMetrics {
  /** Name of the run. */
  readonly name: string
  readonly phases: readonly Phase[]
  readonly metrics: readonly MetricSeries[]
}

/** Part of a run whose custom metrics are judged. */
export type MetricScope = Pick<Scope, 'phase' | 'between'>

/** Values of a metric in a scope: in one window for each second with values, and added up. */
export interface MetricTotals<Kind extends MetricKind> {
  readonly sum: MetricWindows[Kind]
  readonly windows: readonly MetricWindows[Kind][]
}

/** Totals of a metric in a scope. */
export function metricTotals<Kind extends MetricKind>(
  { metrics, phases }: Pick<MeasuredMetrics, 'metrics' | 'phases'>,
  { kind, name }: MetricName<Kind>,
  scope: MetricScope,
): MetricTotals<Kind> {
  const series = metrics.find((each) => each.kind === kind && each.name === name) as MetricSeries<Kind> | undefined
  const [fromMs, toMs] = scope.between ?? [0, Number.POSITIVE_INFINITY]
  const create = createWindow[kind]
  const bySecond = new Map<number, MetricWindows[Kind]>()
  for (const phase of series === undefined ? [] : phasesIn(phases, { ...WHOLE_RUN, ...scope })) {
    for (const window of series!.timeline.windowsOf(phase)) {
      const { second } = window
      if (second * 1000 < fromMs || (second + 1) * 1000 > toMs) continue
      if (!bySecond.has(second)) bySecond.set(second, create(second))
      addTo(bySecond.get(second)!, window)
    }
  }
  const windows = [...bySecond.values()].toSorted((a, b) => a.second - b.second)
  const sum = create(0)
  for (const window of windows) addTo(sum, window)
  return { sum, windows }
}

/** Adds a window to another of the same kind. */
export function addTo(to: { add(other: never): void }, from: object): void {
  to.add(from as never)
}
