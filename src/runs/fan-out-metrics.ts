import type { FanOutRecord } from '../evidence/fan-out-record.ts'
import type { MetricEvidence } from '../evidence/metric-evidence.ts'
import type { MetricName } from '../execution/custom-metrics/metric-recorder.ts'
import { scopeDurationMs, scopeName, WHOLE_RUN } from '../execution/request-scope.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { judgedFigures, SAMPLES } from './metric-evidence.ts'
import type { MeasuredMetrics, MetricScope } from './metric-totals.ts'

/** Evidence of a custom metric of a fan-out. @param lines evidence of its deliveries */
export function fanOutMetricEvidence(
  { phases, reducedTo, invalidities }: FanOutRecord,
  measured: MeasuredMetrics,
  metric: MetricName,
  { phase, between }: MetricScope,
  lines: readonly string[],
): MetricEvidence {
  const { name, unit, kind } = metric
  const scope = { ...WHOLE_RUN, phase, between }
  const durationMs = scopeDurationMs(phases, scope)
  const { figures, count } = judgedFigures(measured, metric, { phase, between })
  return {
    ...{ metric: name, unit, count, durationMs, invalidities },
    part: {
      ...(phase === undefined ? {} : { phase }),
      ...(between === undefined ? {} : { between }),
      metric: name,
    },
    ...(reducedTo === undefined ? {} : { reducedTo }),
    evidenceLines: [
      `${scopeName(phases, scope)}, ${formatMs(durationMs)}, ${formatCount(count)} ${SAMPLES[kind]} of the metric`,
      ...lines,
    ],
    hint: 'find the publications and messages that changed it',
    ...figures,
  }
}
