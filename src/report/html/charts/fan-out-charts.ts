import type { FanOutPoint, PublicationPoint } from '../../../evidence/fan-out-counts.ts'
import type { FanOutRunResult } from '../../../results/result.ts'
import { type Chart, rate, round, timesOf } from './chart.ts'

/** Charts of a fan-out over time. */
export function fanOutCharts(
  { timeline, publicationTimeline = [], durationMs }: FanOutRunResult,
  limits: Chart['limits'],
): readonly Chart[] {
  if (timeline.length === 0) return []
  const base = { x: 'seconds', xs: timeline.map(({ second }) => second), draw: 'lines' } as const
  const perSecond = (count: (point: FanOutPoint) => number) =>
    timeline.map((point) => rate(count(point), Math.min(1000, durationMs - point.second * 1000)))
  return [
    {
      ...base,
      title: 'Lag of publications over time',
      note:
        'From publication to receipt by each client, by the second in which publications were due. ' +
        'A triangle at the upper edge is infinite: too many deliveries are missing.',
      unit: 'ms',
      limits,
      series: [
        { label: 'p50', colour: 'low', ...timesOf(timeline.map(({ p50Ms }) => p50Ms)) },
        { label: 'p99', colour: 'high', ...timesOf(timeline.map(({ p99Ms }) => p99Ms)) },
        { label: 'last receipt', colour: 'muted', dashed: true, values: timeline.map(({ maxMs }) => round(maxMs)) },
      ],
    },
    ...publicationCharts(publicationTimeline, limits),
    {
      ...base,
      title: 'Deliveries expected and received',
      note: 'One delivery per publication and client that should receive it, by the second in which it was due.',
      unit: 'perSec',
      limits: [],
      series: [
        { label: 'expected', colour: 'muted', dashed: true, values: perSecond(({ expected }) => expected) },
        { label: 'received', colour: 'low', values: perSecond(({ received }) => received) },
        { label: 'missing', colour: 'bad', values: perSecond(({ missing }) => missing) },
      ],
    },
  ]
}

/** Lag per publication: a slow one would be hidden among the others of its second. */
function publicationCharts(points: readonly PublicationPoint[], limits: Chart['limits']): readonly Chart[] {
  if (points.length === 0) return []
  return [
    {
      title: 'Lag of each publication',
      note:
        'At the time it was due. Of more than 2,000 publications, the worst of every few in a row. ' +
        'A triangle at the upper edge is infinite: too many of its deliveries are missing.',
      x: 'seconds',
      xs: points.map(({ atSec }) => atSec),
      unit: 'ms',
      draw: 'lines',
      limits,
      series: [
        { label: 'p95 of its deliveries', colour: 'middle', ...timesOf(points.map(({ p95Ms }) => p95Ms)) },
        { label: 'last receipt', colour: 'muted', dashed: true, values: points.map(({ maxMs }) => round(maxMs)) },
      ],
    },
  ]
}
