import type { Phase } from '../../load/load.ts'
import { createWindow, type MetricKind, type MetricWindows } from '../../stats/metric-windows.ts'
import { PhasedTimeline } from '../request-timeline.ts'
import { ScenarioError } from '../scenario-error.ts'

/** Name and kind of a custom metric or a soft check. */
export interface MetricName<Kind extends MetricKind = MetricKind> {
  readonly kind: Kind
  readonly name: string
  /** Unit of its values; `undefined` if it has none. */
  readonly unit: string | undefined
}

/** What one run recorded of a custom metric or a soft check. */
export interface MetricSeries<Kind extends MetricKind = MetricKind> extends MetricName<Kind> {
  readonly timeline: PhasedTimeline<MetricWindows[Kind]>
}

const MAX_NAMES = 100

/** Custom metrics and soft checks of one run, by the second of the request in whose functions they were recorded. */
export class MetricRecorder {
  readonly #phases: readonly Phase[]
  readonly #metrics = new Map<string, MetricSeries>()
  readonly #softChecks = new Map<string, MetricSeries>()
  readonly #timings = new Map<string, MetricSeries>()

  constructor(phases: readonly Phase[]) {
    this.#phases = phases
  }

  get series(): readonly MetricSeries[] {
    return [...this.#timings.values(), ...this.#metrics.values(), ...this.#softChecks.values()]
  }

  /**
   * @param countedMs when its request counts, since the start of the run
   * @throws {ScenarioError} for more than 100 names, and for a name that a metric of another kind has
   */
  at<Kind extends MetricKind>({ kind, name, unit }: MetricName<Kind>, countedMs: number): MetricWindows[Kind] {
    const all = kind === 'softCheck' ? this.#softChecks : kind === 'timing' ? this.#timings : this.#metrics
    let series = all.get(name)
    if (series === undefined) {
      if (all.size >= MAX_NAMES) throw tooMany(kind, name)
      series = createSeries({ kind, name, unit }, this.#phases)
      all.set(name, series)
    }
    if (series.kind !== kind) throw otherKind(name, series.kind, kind)
    return (series as MetricSeries<Kind>).timeline.at(countedMs)
  }
}

/** A series without values. */
export function createSeries<Kind extends MetricKind>(
  metric: MetricName<Kind>,
  phases: readonly Phase[],
): MetricSeries<Kind> {
  return { ...metric, timeline: new PhasedTimeline(phases, createWindow[metric.kind]) }
}

/** Error about two metrics with one name. */
export function otherKind(name: string, known: MetricKind, kind: MetricKind): ScenarioError {
  return new ScenarioError(
    `metric.${kind}(): ${JSON.stringify(name)} is the name of a ${known} already\nFix: give each metric its own name`,
  )
}

function tooMany(kind: MetricKind, name: string): ScenarioError {
  const what = kind === 'softCheck' ? 'softChecks' : 'metric'
  return new ScenarioError(
    `${what}: more than ${MAX_NAMES} different names, the last one ${JSON.stringify(name)}; a name is that of a kind of value, not of one value\n` +
      'Fix: leave ids out of the name',
  )
}
