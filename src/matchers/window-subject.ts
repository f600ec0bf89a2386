import { capacityOf, metricsOf, type CapacityEvidence, type MetricsEvidence } from '../evidence/utilization-evidence.ts'
import type { Subject } from './subject.ts'

/** Window of capacity samples, as `capacity.during(run)` returns it. */
export interface CapacitySource {
  [capacityOf](): CapacityEvidence
}

/** Window of the target's metrics, as `metrics.during(run)` returns it. */
export interface MetricsSource {
  [metricsOf](): MetricsEvidence
}

export const capacityWindow: Subject<CapacityEvidence> = {
  variable: 'capacity',
  noun: 'capacity, as await capacity.during(run) gives',
  read: (received) => (hasMethod<CapacitySource>(received, capacityOf) ? received[capacityOf]() : undefined),
}

export const metricsWindow: Subject<MetricsEvidence> = {
  variable: 'metrics',
  noun: 'metrics, as await metrics.during(run) gives',
  read: (received) => (hasMethod<MetricsSource>(received, metricsOf) ? received[metricsOf]() : undefined),
}

/** A window of either kind. */
export const anyWindow: Subject<CapacityEvidence | MetricsEvidence> = {
  variable: 'window',
  noun: 'a window, as await metrics.during(run) or await capacity.during(run) gives',
  read: (received) => metricsWindow.read(received) ?? capacityWindow.read(received),
}

function hasMethod<Source>(received: unknown, method: symbol): received is Source {
  return typeof received === 'object' && received !== null && method in received
}
