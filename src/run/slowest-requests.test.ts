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

test('are the ten that took longest, worst first, of steady and spike phases', () => {
  const request = fc.record({ atMs: fc.integer({ min: 0, max: 5999 }), latencyMs: fc.integer({ min: 0, max: 50 }) })
  fc.assert(
    fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
      const judged = requests.filter(({ atMs }) => atMs >= 2000).map(({ latencyMs }) => latencyMs)
      expect(slowestOf(requests)).toEqual(judged.toSorted((a, b) => b - a).slice(0, 10))
    }),
  )
})

test('of a load that only ramps are those of its ramp', () => {
  const requests = [500, 1500].map((atMs) => ({ atMs, latencyMs: atMs }))
  expect(slowestOf(requests, PHASES.slice(0, 2))).toEqual([1500])
})
