import type { MetricEvidence, MetricEvidenceBase } from '../evidence/metric-evidence.ts'
import type { MetricName } from '../execution/custom-metrics/metric-recorder.ts'
import { scopeDurationMs, scopeName, scopeSeconds, totalsOf, WHOLE_RUN } from '../execution/request-scope.ts'
import { describeLoad } from '../load/describe.ts'
import type { MetricKind, MetricWindows } from '../stats/metric-windows.ts'
import { formatCount } from '../stats/units.ts'
import { generatorLines } from './generator-findings.ts'
import { metricTotals, type MeasuredMetrics, type MetricScope } from './metric-totals.ts'
import { droppedPart, errorsPart, generatorPart } from './request-evidence.ts'
import { httpInvalidities } from './request-invalidities.ts'
import type { HttpMeasurement } from './request-measurement.ts'
import { shortageIn } from './vu-shortage.ts'

/** Plural of what a metric counts. */
export const SAMPLES: Readonly<Record<MetricKind, string>> = {
  trend: 'values',
  counter: 'additions',
  rate: 'values',
  gauge: 'values',
  softCheck: 'checked requests',
  timing: 'times',
}

/** Evidence of a custom metric that matchers judge. */
export function metricEvidence(
  measured: HttpMeasurement,
  metric: MetricName,
  { phase, between }: MetricScope,
): MetricEvidence {
  const scope = { ...WHOLE_RUN, phase, between }
  const requests = totalsOf(measured.series, measured.phases, scope)
  const shortage = shortageIn(measured, requests, scope)
  const invalidities = httpInvalidities(measured, requests, scope)
  const { kind, name, unit } = metric
  const { phases, load, reducedTo, generators, abortReason } = measured
  const durationMs = scopeDurationMs(phases, scope)
  const { offered, completed } = requests.sum
  const { figures, count } = judgedFigures(measured, metric, { phase, between })
  const shared = {
    metric: name,
    unit,
    count,
    durationMs,
    invalidities: shortage?.isMaterial === true ? [...invalidities, shortage.invalidity] : invalidities,
    part: {
      ...(phase === undefined ? {} : { phase }),
      ...(between === undefined ? {} : { between }),
      [kind === 'softCheck' ? 'softCheck' : 'metric']: name,
    },
    ...(reducedTo === undefined ? {} : { reducedTo }),
    evidenceLines: [
      `${scopeName(phases, scope)}, ${(durationMs / 1000).toFixed(1)} s, ${formatCount(count)} ${SAMPLES[kind]} in ` +
        `${formatCount(completed)} of ${formatCount(offered)} requests, ${describeLoad(load)}`,
      [errorsPart(requests), droppedPart(requests), generatorPart(measured)].join('   '),
      ...(generators === undefined ? [] : generatorLines(generators)),
      ...(abortReason === undefined ? [] : [`aborted: ${abortReason}`]),
    ],
    hint: measured.diagnosis,
  }
  return { ...shared, ...figures }
}

type FiguresOf<Evidence> = Evidence extends MetricEvidence ? Omit<Evidence, keyof MetricEvidenceBase> : never
type Figures = FiguresOf<MetricEvidence>

/** What matchers judge of a metric in a scope, and the number of its values. */
export function judgedFigures(
  measured: MeasuredMetrics,
  metric: MetricName,
  scope: MetricScope,
): { readonly figures: Figures; readonly count: number } {
  if (isA('trend', metric) || isA('timing', metric)) {
    const { sum, windows } = metricTotals(measured, metric, scope)
    const figures = { kind: 'trend' as const, histogram: sum.values, windows: windows.map(({ values }) => values) }
    return { figures, count: sum.values.count }
  }
  if (isA('counter', metric)) {
    const { sum, windows } = metricTotals(measured, metric, scope)
    return {
      figures: { kind: metric.kind, total: sum.total, bySecond: totalBySecond(measured, windows, scope) },
      count: sum.count,
    }
  }
  if (isA('gauge', metric)) {
    const { last, min, max, count } = metricTotals(measured, metric, scope).sum
    return { figures: { kind: metric.kind, last, min, max }, count }
  }
  const { sum, windows } = metricTotals(measured, metric as MetricName<'rate' | 'softCheck'>, scope)
  return {
    figures: {
      kind: metric.kind as 'rate' | 'softCheck',
      windows: windows.map(({ hits, count: total }) => ({ hits, total })),
      reasons: reasonsOf(sum.details),
    },
    count: sum.count,
  }
}

function isA<Kind extends MetricKind>(kind: Kind, metric: MetricName): metric is MetricName<Kind> {
  return metric.kind === kind
}

/** Total of a counter by second. Requests due after the last phase count in the last second of the scope. */
function totalBySecond(
  { phases }: MeasuredMetrics,
  windows: readonly MetricWindows['counter'][],
  { phase, between }: MetricScope,
) {
  const lengths = scopeSeconds(phases, { ...WHOLE_RUN, phase, between })
  const last = [...lengths.keys()].at(-1)
  const totals = new Map([...lengths.keys()].map((second) => [second, 0]))
  for (const { second, total } of windows) {
    const at = lengths.has(second) ? second : last
    if (at !== undefined) totals.set(at, totals.get(at)! + total)
  }
  return [...lengths].map(([second, ms]) => ({ count: totals.get(second)!, seconds: ms / 1000 }))
}

/** Most frequent reasons: `38 × status 503, 2 × timeout`. */
export function reasonsOf(details: ReadonlyMap<string, number>): string {
  const commonest = [...details].toSorted((a, b) => b[1] - a[1]).slice(0, 3)
  return commonest.map(([detail, count]) => `${formatCount(count)} × ${detail}`).join(', ')
}
