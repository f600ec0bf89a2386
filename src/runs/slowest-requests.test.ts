import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Phase } from '../load/load.ts'
import { SlowestRequests } from './slowest-requests.ts'

const PHASES: readonly Phase[] = [
  { name: 'warmup', startMs: 0, endMs: 1000 },
  { name: 'ramp', startMs: 1000, endMs: 2000 },
  { name: 'steady', startMs: 2000, endMs: 5000 },
  { name: 'spike', startMs: 5000, endMs: 6000 },
]

function slowestOf(requests: readonly { readonly atMs: number; readonly latencyMs: number }[], phases = PHASES) {
  const slowest = new SlowestRequests(phases)
  for (const request of requests)
    if (slowest.wants(request.atMs, request.latencyMs)) slowest.keep({ ...request, label: 'GET /' })
  return slowest.toJSON().map(({ latencyMs }) => latencyMs)
}

test('keeps the ten slowest requests of steady and spike phases, slowest first', () => {
  const request = fc.record({ atMs: fc.integer({ min: 0, max: 5999 }), latencyMs: fc.integer({ min: 0, max: 50 }) })
  fc.assert(
    fc.property(fc.array(request, { maxLength: 60, size: 'max' }), (requests) => {
      const judged = requests.filter(({ atMs }) => atMs >= 2000).map(({ latencyMs }) => latencyMs)
      expect(slowestOf(requests)).toEqual(judged.toSorted((a, b) => b - a).slice(0, 10))
    }),
  )
})

test('keeps requests of the ramp if there is no steady or spike phase', () => {
  const requests = [500, 1500].map((atMs) => ({ atMs, latencyMs: atMs }))
  expect(slowestOf(requests, PHASES.slice(0, 2))).toEqual([1500])
})

test('keeps the first of equally slow requests', () => {
  const slowest = new SlowestRequests(PHASES)
  for (let n = 0; n < 12; n++)
    if (slowest.wants(2_000 + n, 5)) slowest.keep({ atMs: 2_000 + n, latencyMs: 5, label: `${n}` })
  expect(slowest.toJSON().map(({ label }) => label)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  expect([slowest.wants(3_000, 5), slowest.wants(3_000, 5.1)]).toEqual([false, true])
})

test('includes the start of a phase and excludes its end', () => {
  const slowest = new SlowestRequests(PHASES)
  expect([1_999, 2_000, 5_000, 5_999, 6_000].map((atMs) => slowest.wants(atMs, 1))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ])
})
