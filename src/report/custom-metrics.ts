import type { MetricResult } from '../results/metric-result.ts'
import type { RunResult } from '../results/result.ts'
import { formatCount, formatMs, formatRate, formatRatio, formatValue } from '../stats/units.ts'
import type { Figure } from './figures.ts'

/** A custom metric or a soft check of a run, formatted. */
export interface ShownMetric {
  readonly name: string
  /** `trend`, `soft check` */
  readonly kind: string
  /** Its figures; empty if nothing was recorded. */
  readonly figures: readonly Figure[]
}

/** Custom metrics and soft checks of a run; empty if it has none. */
export function metricsOf(run: RunResult): readonly ShownMetric[] {
  if (run.kind === 'micro') return []
  const metrics = run.metrics?.map((metric) => ({ name: metric.name, kind: metric.kind, figures: figuresOf(metric) }))
  const softChecks = (run.kind === 'fanOut' ? undefined : run.softChecks)?.map(({ name, reasons, ...counts }) => {
    const [reason] = Object.entries(reasons).toSorted((a, b) => b[1] - a[1])
    const why = reason === undefined ? [] : [{ label: 'most often', value: `${formatCount(reason[1])} × ${reason[0]}` }]
    return { name, kind: 'soft check', figures: [...rateFigures('passed', counts), ...why] }
  })
  return [...(metrics ?? []), ...(softChecks ?? [])]
}

/** `p50 3 items, p95 12 items` */
export function describeFigures(figures: readonly Figure[]): string {
  return figures.length === 0
    ? 'never recorded'
    : figures.map(({ label, value }) => `${label === '' ? '' : `${label} `}${value}`).join(', ')
}

function figuresOf(metric: MetricResult): readonly Figure[] {
  if (metric.kind === 'rate') return rateFigures('hits', metric)
  const { unit } = metric
  const show = unit === 'ms' ? formatMs : (value: number) => formatValue(value, unit)
  const figure = (label: string, value: number | undefined, format = show) =>
    value === undefined ? [] : [{ label, value: format(value) }]
  if (metric.kind === 'counter') {
    const perSec = (value: number) => (unit === undefined ? formatRate(value) : `${show(value)}/s`)
    return [...figure('total', metric.total), ...figure('per second', metric.perSec, perSec)]
  }
  if (metric.kind === 'gauge')
    return [...figure('last', metric.last), ...figure('min', metric.min), ...figure('max', metric.max)]
  return [
    ...figure('values', metric.count === 0 ? undefined : metric.count, formatCount),
    ...figure('min', metric.min),
    ...figure('p50', metric.p50),
    ...figure('p95', metric.p95),
    ...figure('p99', metric.p99),
    ...figure('max', metric.max),
  ]
}

function rateFigures(
  label: string,
  { count, hits, rate }: { readonly count: number; readonly hits?: number; readonly rate?: number },
): readonly Figure[] {
  if (hits === undefined || rate === undefined) return []
  return [{ label, value: `${formatRatio(rate)} (${formatCount(hits)} of ${formatCount(count)})` }]
}
