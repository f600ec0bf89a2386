import type { IterationSeries } from '../../execution/iteration-times.ts'
import type { RequestSeries } from '../../execution/request-scope.ts'
import { PhasedTimeline, type RequestWindow } from '../../execution/request-timeline.ts'
import type { Phase } from '../../load/load.ts'
import { redactData } from '../../options/redact.ts'
import { Histogram, type PackedHistogram } from '../../stats/histogram.ts'
import { Ending, type ErrorKind } from '../../stats/timeline.ts'

interface PackedEnding {
  readonly latency: PackedHistogram
  readonly serviceTime: PackedHistogram
  readonly statuses: ReadonlyMap<number, number>
  readonly bodyBytes: number
}

interface PackedWindow {
  readonly second: number
  readonly offered: number
  readonly sent: number
  readonly dropped: number
  readonly good: PackedEnding
  /** Absent if all iterations ended. */
  readonly unfinished?: PackedHistogram
  /** Absent if no request failed. */
  readonly errors?: {
    readonly kinds: ReadonlyMap<ErrorKind, number>
    readonly failed: PackedEnding
    readonly details: ReadonlyMap<string, number>
    readonly samples: ReadonlyMap<string, string>
  }
}

/** Windows of each phase. */
type PackedTimeline = readonly (readonly PackedWindow[])[]

/** The requests of one step and tag as plain data. */
export interface PackedSeries {
  readonly journey: string | undefined
  readonly step: string
  readonly tag: string | undefined
  readonly phases: PackedTimeline
}

/** The iterations of a run, or the groups with one name, as plain data. */
export interface PackedIterations {
  readonly journey: string | undefined
  readonly group: string | undefined
  readonly phases: PackedTimeline
}

/** @param secrets known secrets to mask in samples of responses */
export function packSeries(
  { journey, step, tag, timeline }: RequestSeries,
  phases: readonly Phase[],
  secrets: readonly string[],
): PackedSeries {
  return { journey, step, tag, phases: packTimeline(timeline, phases, secrets) }
}

export function packIterations(
  { journey, group, timeline }: IterationSeries,
  phases: readonly Phase[],
): PackedIterations {
  return { journey, group, phases: packTimeline(timeline, phases, []) }
}

/** Series in which the windows of several series with the same journey, step and tag are added up, by phase and second. */
export function mergeSeries(
  all: readonly (readonly PackedSeries[])[],
  { phases, steps }: { readonly phases: readonly Phase[]; readonly steps: readonly string[] },
): readonly RequestSeries[] {
  const byName = Map.groupBy(all.flat(), ({ journey, step, tag }) => JSON.stringify([journey, step, tag]))
  return [...byName.values()]
    .map((same) => {
      const { journey, step, tag } = same[0]!
      return { journey, step, tag, timeline: mergeTimelines(same, phases) }
    })
    .toSorted(
      (a, b) =>
        steps.indexOf(a.step) - steps.indexOf(b.step) ||
        compare(a.tag ?? '', b.tag ?? '') ||
        compare(a.journey ?? '', b.journey ?? ''),
    )
}

/** Iterations and groups with the same name, added up by phase and second. */
export function mergeIterations(
  all: readonly (readonly PackedIterations[])[],
  phases: readonly Phase[],
): readonly IterationSeries[] {
  const byName = Map.groupBy(all.flat(), ({ journey, group }) => JSON.stringify([journey, group]))
  return [...byName.values()].map((same) => {
    const { journey, group } = same[0]!
    return { journey, group, timeline: mergeTimelines(same, phases) }
  })
}

function packTimeline(timeline: PhasedTimeline, phases: readonly Phase[], secrets: readonly string[]): PackedTimeline {
  return phases.map((_, phase) => timeline.windowsOf(phase).map((window) => packWindow(window, secrets)))
}

function mergeTimelines(all: readonly { readonly phases: PackedTimeline }[], phases: readonly Phase[]): PhasedTimeline {
  const timeline = new PhasedTimeline(phases)
  for (const packed of all)
    for (const [phase, windows] of packed.phases.entries())
      for (const window of windows) addWindow(timeline.windowIn(phase, window.second), window)
  return timeline
}

function packWindow(window: RequestWindow, secrets: readonly string[]): PackedWindow {
  const { second, offered, sent, dropped, good, errors: kinds, failed, details, samples } = window
  const { unfinished } = window
  const packed = {
    ...{ second, offered, sent, dropped, good: packEnding(good) },
    ...(unfinished === undefined ? {} : { unfinished: unfinished.pack() }),
  }
  if (failed.count === 0) return packed
  return { ...packed, errors: { kinds, failed: packEnding(failed), details, samples: redactData(samples, secrets) } }
}

function packEnding({ latency, serviceTime, statuses, bodyBytes }: Ending): PackedEnding {
  return { latency: latency.pack(), serviceTime: serviceTime.pack(), statuses, bodyBytes }
}

function addWindow(to: RequestWindow, { offered, sent, dropped, good, unfinished, errors }: PackedWindow): void {
  to.offered += offered
  to.sent += sent
  to.dropped += dropped
  addEnding(to.good, good)
  if (unfinished !== undefined) to.addUnfinished(Histogram.unpack(unfinished))
  if (errors === undefined) return
  const failed = new Ending()
  addEnding(failed, errors.failed)
  to.addErrors(errors.kinds, failed)
  to.addDetails(errors)
}

function addEnding(to: Ending, { latency, serviceTime, statuses, bodyBytes }: PackedEnding): void {
  to.latency.addPacked(latency)
  to.serviceTime.addPacked(serviceTime)
  to.bodyBytes += bodyBytes
  for (const [status, count] of statuses) to.statuses.set(status, (to.statuses.get(status) ?? 0) + count)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
