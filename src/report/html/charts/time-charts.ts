import type { AssertionResult, HttpRunResult, RunResult, RunSeries, TimelinePoint } from '../../../results/result.ts'
import { codeOfPart } from '../../../results/scope-of-assertion.ts'
import { WINDOW_MS } from '../../../stats/timeline.ts'
import { significant } from '../../../stats/units.ts'
import { type Chart, type Colour, type Limit, rate, round, type Series, timesOf } from './chart.ts'

const ERROR_COLOURS: readonly Colour[] = ['bad', 'high', 'middle', 'other', 'low']

/** Charts of a request run over time. */
export function requestCharts(run: HttpRunResult, limits: Chart['limits']): readonly Chart[] {
  const points = run.timeline
  if (points.length === 0) return []
  return [latencyOverTime(points, limits), rateOverTime(points), errorsOverTime(points), usersOverTime(points)]
}

function over(points: readonly TimelinePoint[], pick: (point: TimelinePoint) => number | undefined) {
  return points.map((point) => round(pick(point)))
}

function perSecond(points: readonly TimelinePoint[], pick: (point: TimelinePoint) => number) {
  return points.map((point) => rate(pick(point), point.lengthMs ?? WINDOW_MS))
}

function latencyOverTime(points: readonly TimelinePoint[], limits: Chart['limits']): Chart {
  return {
    ...timeChart(points, 'ms', [
      { label: 'p50', colour: 'low', ...timesOf(points.map(({ p50Ms }) => p50Ms)) },
      { label: 'p95', colour: 'middle', ...timesOf(points.map(({ p95Ms }) => p95Ms)) },
      { label: 'p99', colour: 'high', ...timesOf(points.map(({ p99Ms }) => p99Ms)) },
    ]),
    title: 'Latency over time',
    note:
      'From intended start to last byte, by the second in which requests were due. Seconds with few requests vary widely. ' +
      'A triangle at the upper edge is infinite: too few responses were good.',
    limits,
  }
}

function rateOverTime(points: readonly TimelinePoint[]): Chart {
  return {
    ...timeChart(points, 'perSec', [
      { label: 'offered', colour: 'muted', dashed: true, values: perSecond(points, ({ offered }) => offered) },
      { label: 'achieved', colour: 'low', values: perSecond(points, ({ completed }) => completed) },
      { label: 'dropped', colour: 'bad', values: perSecond(points, ({ dropped }) => dropped) },
    ]),
    title: 'Offered and achieved',
    note: 'Requests due, requests with a response or an error, and requests never sent, by the second in which they were due.',
  }
}

function errorsOverTime(points: readonly TimelinePoint[]): Chart {
  const kinds = [...new Set(points.flatMap(({ errors }) => Object.keys(errors)))].toSorted()
  const series: Series[] = kinds.map((kind, at) => ({
    label: kind,
    colour: ERROR_COLOURS[at % ERROR_COLOURS.length]!,
    values: perSecond(points, ({ errors }) => errors[kind] ?? 0),
  }))
  const none: Series = { label: 'errors', colour: 'bad', values: points.map(() => 0) }
  return {
    ...timeChart(points, 'perSec', series.length > 0 ? series : [none]),
    title: 'Errors by kind',
    note: 'Failed requests per second, by the second in which they were due. Dropped requests are not included.',
  }
}

function usersOverTime(points: readonly TimelinePoint[]): Chart {
  return {
    ...timeChart(points, 'count', [
      { label: 'VUs', colour: 'muted', dashed: true, values: over(points, ({ vus }) => vus) },
      { label: 'in flight', colour: 'middle', values: over(points, ({ inFlight }) => inFlight) },
    ]),
    title: 'VUs and requests in flight',
    note: 'A VU has at most one request in flight; where the lines meet, no VU is free and requests wait.',
  }
}

function timeChart(points: readonly { readonly second: number }[], unit: Chart['unit'], series: readonly Series[]) {
  const xs = points.map(({ second }) => second)
  return { x: 'seconds', xs, unit, draw: 'lines', series, limits: [] } as const
}

/** Limits on percentiles that were asserted on all requests of a run: the times of a step or a group have other limits. */
export function limitsOn(run: RunResult, assertions: readonly AssertionResult[]): Chart['limits'] {
  const found = new Map<number, Limit>()
  for (const asserted of assertions) {
    const { limit, unit, percentile: p, run: name } = asserted
    if (codeOfPart({ ...asserted, phase: undefined, between: undefined }) !== '') continue
    if (limit !== undefined && unit === 'ms' && p !== undefined && (name === undefined || name === run.name)) {
      found.set(p, { label: `p${significant(p * 100, 6)} limit`, value: limit, p })
    }
  }
  return [...found.values()]
}

const GROUP_COLOURS: readonly Colour[] = ['low', 'middle', 'high', 'other', 'bad', 'muted']

/** Charts of the series sampled during a run, one per group and unit. */
export function sampledCharts(series: readonly RunSeries[]): readonly Chart[] {
  const groups = Map.groupBy(series, ({ group, unit }) => `${group} ${unit}`)
  return [...groups.values()].map((members) => {
    const { group, unit } = members[0]!
    const xs = [...new Set(members.flatMap(({ atSec }) => atSec))].toSorted((a, b) => a - b)
    return {
      title: titleOf(group, members),
      note: 'Sampled during the run.',
      x: 'seconds',
      xs,
      unit,
      draw: 'lines',
      limits: [],
      series: members.map(({ label, atSec, values }, at): Series => {
        const byInstant = new Map(atSec.map((second, index) => [second, values[index]]))
        const colour = GROUP_COLOURS[at % GROUP_COLOURS.length]!
        return { label, colour, values: xs.map((second) => round(byInstant.get(second) ?? undefined)) }
      }),
    }
  })
}

function titleOf(group: string, members: readonly RunSeries[]): string {
  const name = group.charAt(0).toUpperCase() + group.slice(1)
  return members.length === 1 ? `${name}: ${members[0]!.label}` : name
}
