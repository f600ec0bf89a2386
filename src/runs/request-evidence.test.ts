import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { every, HEALTHY, measured, series, type SampleRequest } from '../testing/sample-measurement.ts'
import type { HttpMeasurement } from './request-measurement.ts'
import { httpRun } from './request-run.ts'

function linesOf(requests: readonly SampleRequest[], more: Partial<HttpMeasurement> = {}): readonly string[] {
  const steady = httpRun(measured([series('a', undefined, requests)], more)).phase('steady')
  return steady[evidenceOf]().evidenceLines
}

test('the evidence contains requests, percentiles, errors and the generator', () => {
  const steady = [
    ...every(10, 4500, 6400, { latencyMs: 41, serviceMs: 30, status: 200 }),
    ...every(50, 6400, 6500, { latencyMs: 163, serviceMs: 50, status: 503, error: ['status', '503'] }),
    { atMs: 6499, dropped: true },
    { atMs: 6499 },
  ]
  const run = httpRun(measured([series('a', undefined, steady)])).phase('steady')
  expect(run).toMatchObject({ offered: 194, sent: 193, completed: 192, dropped: 1 })
  expect(run.errorRate).toBeCloseTo(4 / 194)
  expect(run[evidenceOf]().evidenceLines).toEqual([
    'steady phase, 2.0 s, 192 of 194 requests, constantArrivalRate 200/s, 2,000 VUs, 9s',
    'p50 41   p90 41   p95 41   p99 ∞   service-time p95 30 ms',
    'good responses p50 41, p95 41, max 41 ms   errors after p50 163, p95 163, max 163 ms',
    'errors 1% (2 × 503)   dropped 1 (0.52%)   no response 1   generator: schedule delay p99 1.2 ms, CPU 31%',
  ])
})

test('the evidence of a run without requests has no percentiles', () => {
  expect(linesOf([])).toEqual([
    'steady phase, 2.0 s, 0 of 0 requests, constantArrivalRate 200/s, 2,000 VUs, 9s',
    'errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%',
  ])
})

test('the evidence shows the event-loop delay of a closed model, and the reason of an abort', () => {
  const { scheduleDelay: _, ...rest } = HEALTHY
  const generator = { ...rest, scheduleDelay: undefined }
  expect(linesOf(every(100, 4500, 6500, { latencyMs: 4 }), { abortReason: 'enough', generator })).toEqual([
    'steady phase, 2.0 s, 20 of 20 requests, constantArrivalRate 200/s, 2,000 VUs, 9s',
    'p50 4   p90 4   p95 4   p99 4   max 4 ms   service-time p95 4 ms',
    'errors 0%   dropped 0   generator: event-loop delay p99 2 ms, CPU 31%',
    'aborted: enough',
  ])
})

test('names the three most frequent errors', () => {
  const errors = ['a', 'b', 'b', 'b', 'c', 'c', 'd', 'd', 'd', 'd'].map((detail, at): SampleRequest => {
    return { atMs: 4500 + at, latencyMs: 1, error: ['body', detail] }
  })
  expect(linesOf(errors)[2]).toBe('errors after p50 1, p95 1, max 1 ms')
  expect(linesOf(errors)[3]).toMatch(/^errors 100% \(4 × d, 3 × b, 2 × c\) {3}dropped 0 {3}generator/)
})

test('names the slowest steps, infinite ones first, unless the scope is a single step', () => {
  const steps = measured(
    [
      series('quick', undefined, every(100, 4500, 8000, { latencyMs: 10 })),
      series('slow', undefined, every(100, 4500, 8000, { latencyMs: 30 })),
      series('never', undefined, every(100, 4500, 8000, {})),
    ],
    { steps: ['quick', 'slow', 'never'] },
  )
  const run = httpRun(steps)
  expect(run[evidenceOf]().slowest?.map(({ label }) => label)).toEqual(['never', 'slow', 'quick'])
  expect(run.step('slow')[evidenceOf]().slowest).toEqual([])
  const one = httpRun(measured([series('quick', undefined, every(100, 4500, 8000, { latencyMs: 10 }))]))
  expect(one[evidenceOf]().slowest).toEqual([])
})

test('counts the requests of the scope', () => {
  const run = httpRun(
    measured([
      series('a', 'x', every(100, 4500, 8000, { latencyMs: 10, status: 200 })),
      series('a', 'y', [
        { atMs: 5000, dropped: true },
        { atMs: 5001, latencyMs: 1, error: ['reset', 'ECONNRESET'] },
      ]),
    ]),
  )
  expect(run.tag('y')[evidenceOf]()).toMatchObject({
    kind: 'http',
    quantity: 'latency',
    durationMs: 3500,
    offered: 2,
    sent: 1,
    dropped: 1,
    completed: 1,
    generator: HEALTHY,
    offeredRatePerSec: 2 / 3.5,
  })
  const { windows, errors } = run.tag('y')[evidenceOf]()
  expect(windows.map(({ count, infiniteCount }) => [count, infiniteCount])).toEqual([[2, 2]])
  expect([...errors]).toEqual([['reset', 1]])
  expect([...run.tag('x')[evidenceOf]().statuses]).toEqual([[200, 35]])
  expect(run.between('8s', '9s')[evidenceOf]().offeredRatePerSec).toBe(0)
})

test('counts good responses by second, with the length of each second in the scope', () => {
  const requests = [
    ...every(100, 4500, 6400, { latencyMs: 5 }),
    { atMs: 5050, latencyMs: 5, error: ['status', '503'] as ['status', string] },
    { atMs: 5060, dropped: true },
  ]
  const good = (name: 'steady' | 'spike' | 'cooldown', more: readonly SampleRequest[] = []) => {
    const scope = httpRun(measured([series('a', undefined, [...requests, ...more])])).phase(name)
    return scope[evidenceOf]().goodBySecond
  }
  expect(good('steady')).toEqual([
    { second: 4, count: 5, seconds: 0.5 },
    { second: 5, count: 10, seconds: 1 },
    { second: 6, count: 4, seconds: 0.5 },
  ])
  expect(good('spike')).toEqual([
    { second: 6, count: 0, seconds: 0.5 },
    { second: 7, count: 0, seconds: 1 },
  ])
  // A request due after the last phase counts in it.
  expect(good('cooldown', [{ atMs: 9_001, latencyMs: 3 }])).toEqual([{ second: 8, count: 1, seconds: 1 }])
})
