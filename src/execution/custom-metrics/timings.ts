import type { MetricName, MetricRecorder } from './metric-recorder.ts'

/** Times inside requests: part of them, as the matchers name them. */
export type TimingPart = 'firstByte' | 'connect' | 'tls'

/** Series of times inside requests. They are recorded only if an option requests them. */
export const TIMINGS: Readonly<Record<TimingPart, MetricName<'timing'>>> = {
  firstByte: { kind: 'timing', name: 'first byte', unit: 'ms' },
  connect: { kind: 'timing', name: 'connect', unit: 'ms' },
  tls: { kind: 'timing', name: 'TLS', unit: 'ms' },
}

/** Creates the series, so that a run without any times differs from one that does not measure them. */
export function declareTimings(metrics: MetricRecorder): void {
  for (const timing of Object.values(TIMINGS)) metrics.at(timing, 0)
}
