import type { RunWindow } from '../evidence/run-window.ts'
import type { RunSeries } from '../results/result.ts'
import { sumOf } from '../stats/total.ts'

export interface Reading<T> {
  /** Time of the reading on the machine clock. */
  readonly atMs: number
  readonly value: T
}

export interface Failure {
  readonly atMs: number
  readonly message: string
}

/** Readings of one source during a scenario. */
export interface Samples<T> {
  /** Ascending in time. */
  readonly readings: readonly Reading<T>[]
  readonly failures: readonly Failure[]
  /** Takes a reading, or waits for one already in progress. */
  sample(): Promise<void>
}

/** Why a source cannot be sampled. */
export interface Unseen {
  readonly reason: string
  readonly fix: string
  /** Whether it belongs to an external target: assertions are then skipped instead of invalid. */
  readonly isExternal: boolean
}

export type Observed<T> = Samples<T> | Unseen

export function isSeen<T>(observed: Observed<T>): observed is Samples<T> {
  return 'readings' in observed
}

/** Readings within the scope; if it is too short to contain one, the last one before it and the first one after. */
export function within<T>(readings: readonly Reading<T>[], { spans }: RunWindow): readonly Reading<T>[] {
  const inside = readings.filter(({ atMs }) => spans.some(({ startMs, endMs }) => atMs >= startMs && atMs <= endMs))
  if (inside.length > 0) return inside
  const [first] = spans
  const last = spans.at(-1)
  if (first === undefined || last === undefined) return []
  const before = readings.findLast(({ atMs }) => atMs <= first.startMs)
  const after = readings.find(({ atMs }) => atMs >= last.endMs)
  return [before, after].filter((reading) => reading !== undefined)
}

export function mapped<T>(readings: readonly Reading<T>[], value: (from: T) => number): Reading<number>[] {
  return readings.map((reading) => ({ atMs: reading.atMs, value: value(reading.value) }))
}

/** Growth of a counter from each reading to the next; after a restart from zero. */
export function growths(readings: readonly Reading<number>[]): Reading<number>[] {
  return readings.slice(1).map(({ atMs, value }, index) => {
    const before = readings[index]!.value
    return { atMs, value: value < before ? value : value - before }
  })
}

/** Growth of a counter over all readings. */
export function grown(readings: readonly Reading<number>[]): number {
  return sumOf(growths(readings).map(({ value }) => value))
}

/** Chart of all readings since the start of the run, with gaps for failed samples. */
export function seriesOf<T>(
  { readings, failures }: Pick<Samples<T>, 'readings' | 'failures'>,
  { runStartMs, runEndMs }: RunWindow,
  { group, label, unit }: Pick<RunSeries, 'group' | 'label' | 'unit'>,
  values: (readings: readonly Reading<T>[]) => readonly Reading<number>[],
): RunSeries {
  const gaps = failures.map(({ atMs }) => ({ atMs, value: null }))
  const shown = [...values(readings), ...gaps]
    .filter(({ atMs }) => atMs >= runStartMs && atMs <= runEndMs + 1_000)
    .toSorted((a, b) => a.atMs - b.atMs)
  return {
    ...{ group, label, unit },
    atSec: shown.map(({ atMs }) => Math.round(atMs - runStartMs) / 1000),
    values: shown.map(({ value }) => (value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(4)))),
  }
}
