import type { RequestEvidence } from '../evidence/evidence.ts'
import type { TrendEvidence } from '../evidence/metric-evidence.ts'
import { TIMINGS, type TimingPart } from '../execution/custom-metrics/timings.ts'
import { totalsOf, type Scope } from '../execution/request-scope.ts'
import { Histogram } from '../stats/histogram.ts'
import { trendHistogram } from '../stats/metric-windows.ts'
import { metricEvidence } from './metric-evidence.ts'
import { metricTotals } from './metric-totals.ts'
import type { HttpMeasurement } from './request-measurement.ts'

/**
 * Evidence of one part of the requests of a scope. Requests that were sent and got no good response count as infinitely slow
 * until the first byte, and connections that could not be opened as infinitely slow to connect.
 */
function timingEvidence(measured: HttpMeasurement, part: TimingPart, scope: Scope): TrendEvidence {
  const metric = TIMINGS[part]
  const { phase, between } = scope
  const { part: _part, ...evidence } = metricEvidence(measured, metric, { phase, between })
  const recorded = new Map(
    metricTotals(measured, metric, { phase, between }).windows.map(({ second, values }) => [second, values]),
  )
  const requests = totalsOf(measured.series, measured.phases, scope).windows
  const windows = requests.map(({ second, sent, errors }) => {
    const values = recorded.get(second) ?? trendHistogram()
    return values.withInfinite(part === 'firstByte' ? sent - values.count : (errors.get('connect') ?? 0))
  })
  const histogram = windows.length === 0 ? trendHistogram() : Histogram.merged(windows)
  return {
    ...evidence,
    kind: 'trend',
    histogram,
    windows: windows.filter(({ count }) => count > 0),
    count: histogram.count,
    part: {
      ...(phase === undefined ? {} : { phase }),
      ...(between === undefined ? {} : { between }),
    },
  }
}

/** Times inside the requests of a scope, unless it is a step, a tag or an ending, whose times are not recorded separately. */
export function timingsIn(measured: HttpMeasurement, scope: Scope): Pick<RequestEvidence, 'timings'> {
  const isRecorded = measured.metrics.some(({ kind }) => kind === 'timing')
  if (!isRecorded || scope.step !== undefined || scope.tag !== undefined || scope.ending !== undefined) return {}
  const of = (part: TimingPart) => () => timingEvidence(measured, part, scope)
  return { timings: { firstByte: of('firstByte'), connect: of('connect'), tls: of('tls') } }
}
