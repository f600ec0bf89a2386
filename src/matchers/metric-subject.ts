import type { TimeEvidence } from '../evidence/evidence.ts'
import {
  metricOf,
  type CounterEvidence,
  type GaugeEvidence,
  type MetricEvidence,
  type RateEvidence,
  type TrendEvidence,
} from '../evidence/metric-evidence.ts'
import { hasMetric, timedRun, type Subject } from './subject.ts'

export const counterRun = subjectOf<CounterEvidence>('a counter, as run.metric(counter) gives', ['counter'])
export const rateRun = subjectOf<RateEvidence>('a rate, as run.metric(rate) or run.softCheck() gives', [
  'rate',
  'softCheck',
])
export const gaugeRun = subjectOf<GaugeEvidence>('a gauge, as run.metric(gauge) gives', ['gauge'])
export const valueRun = subjectOf<TrendEvidence | GaugeEvidence>('a trend or a gauge, as run.metric() gives', [
  'trend',
  'gauge',
])

/** The times of a run, or the values of a trend. */
export const percentileSubject: Subject<TimeEvidence | TrendEvidence> = {
  variable: 'run',
  noun: 'the times of a run or a trend',
  read: (received) => timedRun.read(received) ?? trend.read(received),
}
const trend = subjectOf<TrendEvidence>('a trend', ['trend'])

function subjectOf<Evidence extends MetricEvidence>(
  noun: string,
  kinds: readonly MetricEvidence['kind'][],
): Subject<Evidence> {
  return {
    variable: 'run',
    noun,
    read(received) {
      if (!hasMetric(received)) return undefined
      const evidence = received[metricOf]()
      return kinds.includes(evidence.kind) ? (evidence as Evidence) : undefined
    },
  }
}
