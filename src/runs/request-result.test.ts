import { expect, test } from 'vitest'
import { every, measured, series } from '../testing/sample-measurement.ts'
import { httpRun } from './request-run.ts'

test('an aborted run has its state and reason', () => {
  const result = (abortReason?: string) => httpRun(measured([], { abortReason })).result()
  expect(result('enough')).toMatchObject({ state: 'aborted', abortReason: 'enough' })
  expect(result()).toMatchObject({ state: 'completed' })
  expect(result()).not.toHaveProperty('abortReason')
})

test('contains counts and times of each step if there are several', () => {
  const steps = [
    series('me', undefined, every(100, 4500, 8000, { latencyMs: 10, status: 200 })),
    series('vote', undefined, [{ atMs: 5000, latencyMs: 4, status: 409, error: ['status', '409'] }]),
    series('never', undefined, [{ atMs: 5000, dropped: true }]),
  ]
  const result = httpRun(measured(steps)).result()
  expect(result.steps).toMatchObject([
    { name: 'me', offered: 35, sent: 35, dropped: 0, latency: { count: 35 } },
    {
      name: 'vote',
      offered: 1,
      completed: 1,
      errors: { status: 1 },
      statuses: { 409: 1 },
      latency: { maxMs: 'Infinity' },
    },
    { name: 'never', offered: 1, sent: 0, completed: 0, dropped: 1, latency: { count: 1, p50Ms: 'Infinity' } },
  ])
  expect(httpRun(measured(steps.slice(0, 2))).result().steps).toHaveLength(2)
  expect(httpRun(measured(steps.slice(0, 1))).result().steps).toEqual([])
})

test('the timeline contains every second, even without requests, with the gauges at its end', () => {
  const gauges = [1, 2, 3].map((inFlight) => ({ inFlight, vus: 10 * inFlight }))
  const requests = [
    { atMs: 100, latencyMs: 5, serviceMs: 2, error: ['reset', 'ECONNRESET'] as ['reset', string] },
    { atMs: 2100, dropped: true },
    { atMs: 4100, latencyMs: 8 },
  ]
  const result = httpRun(measured([series('a', undefined, requests)], { gauges })).result()
  const nothing = { offered: 0, sent: 0, completed: 0, dropped: 0, errors: {} }
  const times = (ms: number | 'Infinity') => ({ p50Ms: ms, p95Ms: ms, p99Ms: ms })
  expect(result.timeline).toEqual([
    {
      second: 0,
      ...nothing,
      offered: 1,
      sent: 1,
      completed: 1,
      errors: { reset: 1 },
      inFlight: 1,
      vus: 10,
      ...times('Infinity'),
    },
    { second: 1, ...nothing, inFlight: 2, vus: 20 },
    { second: 2, ...nothing, offered: 1, dropped: 1, inFlight: 3, vus: 30, ...times('Infinity') },
    { second: 3, ...nothing, inFlight: 0, vus: 0 },
    { second: 4, ...nothing, offered: 1, sent: 1, completed: 1, inFlight: 0, vus: 0, ...times(8) },
  ])
  expect(httpRun(measured([], { gauges: [] })).result().timeline).toEqual([])
})

test('the timeline contains the length of a partial last second', () => {
  const phases = [{ name: 'steady', startMs: 0, endMs: 1_250 }] as const
  const requests = series('a', undefined, every(250, 0, 1_250, { latencyMs: 5 }), phases)
  const { timeline } = httpRun(measured([requests], { phases, gauges: [] })).result()
  expect(timeline.map(({ second, lengthMs, offered }) => [second, lengthMs, offered])).toEqual([
    [0, undefined, 4],
    [1, 250, 1],
  ])
})

test('contains latency and service time separately', () => {
  const requests = every(100, 4500, 8000, { latencyMs: 30, serviceMs: 10 })
  const result = httpRun(measured([series('a', undefined, requests)])).result()
  expect(result).toMatchObject({ latency: { p50Ms: 30, count: 35 }, serviceTime: { p50Ms: 10, count: 35 } })
  expect(result.latencyHistogram.sumUs).toBe(35 * 30_000)
})
