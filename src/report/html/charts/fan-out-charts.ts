import type { FanOutRunResult } from '../../../run/result.ts'
import { type Chart, round } from './chart.ts'

/** Charts over the time of a fan-out. */
export function fanOutCharts({ timeline }: FanOutRunResult, limits: Chart['limits']): readonly Chart[] {
  if (timeline.length === 0) return []
  const base = { x: 'seconds', xs: timeline.map(({ second }) => second), draw: 'lines' } as const
  return [
    {
      ...base,
      title: 'Lag of publications over time',
      note: 'From publication to receipt by each client, by the second in which publications were due.',
      unit: 'ms',
      limits,
      series: [
        { label: 'p50', colour: 'low', values: timeline.map(({ p50Ms }) => round(p50Ms)) },
        { label: 'p99', colour: 'high', values: timeline.map(({ p99Ms }) => round(p99Ms)) },
        { label: 'max', colour: 'muted', dashed: true, values: timeline.map(({ maxMs }) => round(maxMs)) },
      ],
    },
    {
      ...base,
      title: 'Deliveries expected and received',
      note: 'One delivery for each client that was to receive a publication.',
      unit: 'count',
      limits: [],
      series: [
        { label: 'expected', colour: 'muted', dashed: true, values: timeline.map(({ expected }) => expected) },
        { label: 'received', colour: 'low', values: timeline.map(({ received }) => received) },
        { label: 'missing', colour: 'bad', values: timeline.map(({ missing }) => missing) },
      ],
    },
  ]
}
