import {
  createSeries,
  otherKind,
  type MetricName,
  type MetricSeries,
} from '../../execution/custom-metrics/metric-recorder.ts'
import type { Phase } from '../../load/load.ts'
import { redactData } from '../../options/redact.ts'

/** A window of any kind of metric. */
interface Packable {
  readonly second: number
  pack(): object
  addPacked(packed: object): void
}

/** What one generator recorded of a custom metric or a soft check, as plain data. */
export interface PackedMetric extends MetricName {
  /** Windows of each phase. */
  readonly phases: readonly (readonly { readonly second: number; readonly packed: object }[])[]
}

/** @param secrets known secrets to mask in reasons of failed soft checks */
export function packMetric(
  { kind, name, unit, timeline }: MetricSeries,
  phases: readonly Phase[],
  secrets: readonly string[],
): PackedMetric {
  const pack = (window: Packable) => {
    const packed = window.pack()
    return { second: window.second, packed: kind === 'softCheck' ? redactData(packed, secrets) : packed }
  }
  return {
    ...{ kind, name, unit },
    phases: phases.map((_, phase) => (timeline.windowsOf(phase) as readonly Packable[]).map(pack)),
  }
}

/**
 * Metrics of the same name, added up by phase and second.
 *
 * @throws {ScenarioError} if two generators have metrics of different kinds with one name
 */
export function mergeMetrics(
  all: readonly (readonly PackedMetric[])[],
  phases: readonly Phase[],
): readonly MetricSeries[] {
  const merged = new Map<string, MetricSeries>()
  for (const { kind, name, unit, phases: packed } of all.flat()) {
    const key = `${kind === 'softCheck' || kind === 'timing' ? kind : 'metric'} ${name}`
    const series = merged.get(key) ?? createSeries({ kind, name, unit }, phases)
    if (series.kind !== kind) throw otherKind(name, series.kind, kind)
    merged.set(key, series)
    for (const [phase, windows] of packed.entries())
      for (const window of windows) {
        const to = series.timeline.windowIn(phase, window.second) as Packable
        to.addPacked(window.packed)
      }
  }
  return [...merged.values()]
}
