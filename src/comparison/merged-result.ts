import type { DelayStats, GeneratorHealth } from '../evidence/generator-health.ts'
import { describeLoad } from '../load/describe.ts'
import type { Load } from '../load/load.ts'
import type { HttpRunResult, TimelinePoint } from '../results/result.ts'
import { Histogram } from '../stats/histogram.ts'
import { timeStatsJson } from '../stats/summary.ts'
import { WINDOW_MS } from '../stats/timeline.ts'

/** Result of one slice, and when the slice began, in milliseconds since the start of the comparison. */
export interface SliceResult {
  readonly result: HttpRunResult
  readonly offsetMs: number
}

/** All slices of one build as one run for the report. Its timeline has gaps while the other build was under load. */
export function mergedResult(
  { name, load }: { readonly name: string; readonly load: Load },
  slices: readonly SliceResult[],
  endedEarly: string | undefined,
): HttpRunResult {
  const results = slices.map(({ result }) => result)
  const latency = Histogram.merged(results.map(({ latencyHistogram }) => Histogram.fromJSON(latencyHistogram)))
  const stats = timeStatsJson(latency)
  const sum = (key: 'offered' | 'sent' | 'completed' | 'dropped') => results.reduce((all, each) => all + each[key], 0)
  return {
    kind: 'http',
    name,
    load: describeLoad(load),
    durationMs: results.reduce((all, { durationMs }) => all + durationMs, 0),
    state: endedEarly === undefined ? 'completed' : 'aborted',
    ...(endedEarly === undefined ? {} : { abortReason: endedEarly }),
    phases: slices.flatMap(({ result, offsetMs }) =>
      result.phases.map((phase) => ({ ...phase, startMs: phase.startMs + offsetMs, endMs: phase.endMs + offsetMs })),
    ),
    invalidities: [],
    offered: sum('offered'),
    sent: sum('sent'),
    completed: sum('completed'),
    dropped: sum('dropped'),
    errors: sumCounts(results.map(({ errors }) => errors)),
    statuses: sumCounts(results.map(({ statuses }) => statuses)),
    ...(stats === undefined ? {} : { latency: stats }),
    latencyHistogram: latency.toJSON(),
    steps: [],
    generator: typicalHealth(results.map(({ generator }) => generator)),
    timeline: timelineOf(slices),
  }
}

function sumCounts(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const all: Record<string, number> = {}
  for (const [key, count] of counts.flatMap((each) => Object.entries(each))) all[key] = (all[key] ?? 0) + count
  return all
}

/** Seconds of the comparison in which this build was under load. Slices that share a second are summed. */
function timelineOf(slices: readonly SliceResult[]): readonly TimelinePoint[] {
  const points = slices.flatMap(({ result, offsetMs }) =>
    result.timeline.map((point) => ({ ...point, second: point.second + Math.floor(offsetMs / 1000) })),
  )
  const seconds = Map.groupBy(points, ({ second }) => second)
  return [...seconds.values()].map((same) => same.reduce(mergePoints)).toSorted((a, b) => a.second - b.second)
}

function mergePoints(one: TimelinePoint, other: TimelinePoint): TimelinePoint {
  const [more, less] = one.completed >= other.completed ? [one, other] : [other, one]
  const { lengthMs: _, ...rest } = more
  return {
    ...rest,
    ...mergedLength(one, other),
    offered: one.offered + other.offered,
    sent: one.sent + other.sent,
    completed: one.completed + other.completed,
    dropped: one.dropped + other.dropped,
    errors: sumCounts([more.errors, less.errors]),
  }
}

/** Length of the second that two slices cover together; left out if they cover all of it. */
function mergedLength(one: TimelinePoint, other: TimelinePoint): { lengthMs?: number } {
  const lengthMs = (one.lengthMs ?? WINDOW_MS) + (other.lengthMs ?? WINDOW_MS)
  return lengthMs < WINDOW_MS ? { lengthMs } : {}
}

/** Median over the slices; for maxima the largest. */
function typicalHealth(healths: readonly GeneratorHealth[]): GeneratorHealth {
  const delays = healths.flatMap(({ scheduleDelay }) => scheduleDelay ?? [])
  const most = (read: (health: GeneratorHealth) => number) => Math.max(...healths.map(read))
  return {
    scheduleDelay: delays.length === 0 ? undefined : typicalDelay(delays),
    eventLoopDelay: typicalDelay(healths.map(({ eventLoopDelay }) => eventLoopDelay)),
    eventLoopUtilization: median(healths.map(({ eventLoopUtilization }) => eventLoopUtilization)),
    cpuRatio: median(healths.map(({ cpuRatio }) => cpuRatio)),
    maxRssBytes: most(({ maxRssBytes }) => maxRssBytes),
    openSockets: most(({ openSockets }) => openSockets),
    descriptorLimit: most(({ descriptorLimit }) => descriptorLimit),
  }
}

function typicalDelay(delays: readonly DelayStats[]): DelayStats {
  return {
    p50Ms: median(delays.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(delays.map(({ p99Ms }) => p99Ms)),
    maxMs: Math.max(...delays.map(({ maxMs }) => maxMs)),
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
