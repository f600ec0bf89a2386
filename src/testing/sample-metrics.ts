import { MetricRecorder, type MetricName } from '../execution/custom-metrics/metric-recorder.ts'
import { constantArrivalRate } from '../load/builders.ts'
import type { Phase } from '../load/load.ts'
import type { HttpMeasurement } from '../runs/request-measurement.ts'
import { every, measured, series } from './sample-measurement.ts'

/** Two seconds of warm-up and twenty that are judged. */
export const METRIC_PHASES: readonly Phase[] = [
  { name: 'warmup', startMs: 0, endMs: 2_000 },
  { name: 'steady', startMs: 2_000, endMs: 22_000 },
]

export const CART_SIZE = { kind: 'trend', name: 'cart size', unit: 'items' } as const
export const DECLINED = { kind: 'counter', name: 'declined orders', unit: undefined } as const
export const CACHED = { kind: 'rate', name: 'cached', unit: undefined } as const
export const QUEUE = { kind: 'gauge', name: 'queue length', unit: 'jobs' } as const
export const COMPLETE = { kind: 'softCheck', name: 'cart is complete', unit: undefined } as const

/** Measurement of a run of 100 requests per second that recorded metrics. */
export function measuredWith(
  record: (metrics: MetricRecorder) => void,
  more: Partial<HttpMeasurement> = {},
): HttpMeasurement {
  const metrics = new MetricRecorder(METRIC_PHASES)
  record(metrics)
  const requests = series('order', undefined, every(10, 0, 22_000, { latencyMs: 5, status: 200 }), METRIC_PHASES)
  const load = constantArrivalRate({ rate: 100, vus: 10, duration: '20s' })
  return measured([requests], { load, phases: METRIC_PHASES, durationMs: 22_000, metrics: metrics.series, ...more })
}

/** Records something for each of 100 requests per second, warm-up included. */
export function eachRequest(record: (nth: number, atMs: number) => void): void {
  for (let nth = 0; nth < 2_200; nth++) record(nth, nth * 10)
}

/** The metric as an argument of `run.metric()`, without methods. */
export function handle<M extends MetricName>(metric: M): M & { add(): void; set(): void } {
  const refuse = () => {
    throw new Error('a sample does not record')
  }
  return { ...metric, add: refuse, set: refuse }
}
