import type { Invalidity } from '../evidence/verdict.ts'
import { allWindows, secondsOf, totalsOf, WHOLE_RUN, type ScopeTotals } from '../execution/request-scope.ts'
import type { RequestWindow } from '../execution/request-timeline.ts'
import { describeLoad } from '../load/describe.ts'
import type { HttpRunResult, IterationResult, RequestCounts, StepResult, TimelinePoint } from '../results/result.ts'
import type { Histogram } from '../stats/histogram.ts'
import { percentilesJson, timeStatsJson, type TimeStatsJson } from '../stats/summary.ts'
import { WINDOW_MS } from '../stats/timeline.ts'
import { parallelTo } from './companions.ts'
import { generatorResults } from './generator-results.ts'
import { groupsOf, iterationTotals } from './iteration-totals.ts'
import { metricResults } from './metric-figures.ts'
import type { HttpMeasurement } from './request-measurement.ts'
import { unjudgedPhases } from './unjudged-phases.ts'

/** The run as plain JSON, for the reporter. */
export function httpRunResult(
  measured: HttpMeasurement,
  totals: ScopeTotals,
  invalidities: readonly Invalidity[],
): HttpRunResult {
  const { name, load, durationMs, abortReason, phases, generator } = measured
  const latency = totals.sum.latency()
  const unjudgedErrors = unjudgedPhases(measured)
  return {
    kind: measured.kind,
    name,
    load: describeLoad(load),
    ...(measured.scaleNote === undefined ? {} : { scaleNote: measured.scaleNote }),
    durationMs,
    state: abortReason === undefined ? 'completed' : 'aborted',
    ...(abortReason === undefined ? {} : { abortReason }),
    phases,
    invalidities,
    ...parallelTo(measured.companions),
    ...countsOf(totals.sum),
    ...(unjudgedErrors.length === 0 ? {} : { unjudgedErrors }),
    ...statsOf('latency', latency),
    ...statsOf('serviceTime', totals.sum.serviceTime()),
    latencyHistogram: latency.toJSON(),
    steps: measured.steps.length < 2 ? [] : measured.steps.map((step) => stepResult(measured, step)),
    ...journeyResults(measured),
    ...iterationResults(measured),
    ...metricResults(measured),
    generator,
    timeline: timelinePoints(measured),
    slowest: measured.slowest,
    ...generatorResults(measured.generators),
    ...(measured.heartbeats === undefined ? {} : { heartbeats: measured.heartbeats }),
  }
}

/** All seconds of a run, including the warm-up and those in which nothing was due. */
export function timelinePoints({ series, phases, gauges }: HttpMeasurement): readonly TimelinePoint[] {
  const windows = new Map(allWindows(series, phases).map((window) => [window.second, window]))
  const lengths = secondsOf(phases, undefined)
  const seconds = Math.max(gauges.length, ...[...windows.keys()].map((second) => second + 1))
  return Array.from({ length: Number.isFinite(seconds) ? seconds : 0 }, (_, second) => {
    const window = windows.get(second)
    const { inFlight, vus } = gauges[second] ?? { inFlight: 0, vus: 0 }
    const lengthMs = lengths.get(second) ?? 0
    return {
      second,
      ...(lengthMs < WINDOW_MS ? { lengthMs } : {}),
      ...timelineCounts(window),
      inFlight,
      vus,
      ...(window === undefined ? {} : percentilesJson(window.latency())),
    }
  })
}

function timelineCounts(window: RequestWindow | undefined) {
  if (window === undefined) return { offered: 0, sent: 0, completed: 0, dropped: 0, errors: {} }
  const { offered, sent, completed, dropped, errors } = window
  return { offered, sent, completed, dropped, errors: Object.fromEntries(errors) }
}

function stepResult({ series, phases }: HttpMeasurement, step: string): StepResult {
  const { sum } = totalsOf(series, phases, { ...WHOLE_RUN, step })
  return { name: step, ...countsOf(sum), ...statsOf('latency', sum.latency()) }
}

function journeyResults(measured: HttpMeasurement): Pick<HttpRunResult, 'journeys'> {
  const { journeys, series, phases } = measured
  if (journeys === undefined) return {}
  return {
    journeys: journeys.map(({ name, weight }) => {
      const { sum } = totalsOf(series, phases, { ...WHOLE_RUN, journey: name })
      return {
        ...{ name, weight },
        ...countsOf(sum),
        ...statsOf('latency', sum.latency()),
        iterations: iterationResult(measured, { journey: name }),
        ...groupResults(measured, name),
      }
    }),
  }
}

function iterationResults(measured: HttpMeasurement): Pick<HttpRunResult, 'iterations' | 'groups'> {
  if (measured.iterations.length === 0) return {}
  return { iterations: iterationResult(measured, {}), ...groupResults(measured, undefined) }
}

function groupResults(measured: HttpMeasurement, journey: string | undefined): Pick<HttpRunResult, 'groups'> {
  const groups = groupsOf(measured, journey).map((group) => ({
    name: group,
    ...iterationResult(measured, { journey, group }),
  }))
  return groups.length === 0 ? {} : { groups }
}

function iterationResult(
  measured: HttpMeasurement,
  { journey, group }: { readonly journey?: string | undefined; readonly group?: string },
): IterationResult {
  const { sum } = iterationTotals(measured, { phase: undefined, between: undefined, journey, group }).totals
  const { offered, sent, completed, dropped, errors } = sum
  return {
    ...{ offered, completed, dropped, unfinished: sent - completed, errors: Object.fromEntries(errors) },
    ...statsOf('time', sum.latency()),
  }
}

function countsOf({ offered, sent, completed, dropped, errors, statuses }: RequestWindow): RequestCounts {
  return {
    offered,
    sent,
    completed,
    dropped,
    errors: Object.fromEntries(errors),
    statuses: Object.fromEntries(statuses),
  }
}

function statsOf<Name extends string>(name: Name, times: Histogram): { [key in Name]?: TimeStatsJson } {
  const stats = timeStatsJson(times)
  return (stats === undefined ? {} : { [name]: stats }) as { [key in Name]?: TimeStatsJson }
}
