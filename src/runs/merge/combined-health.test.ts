import { expect, test } from 'vitest'
import { HEALTHY } from '../../testing/sample-measurement.ts'
import { combinedHealth } from './combined-health.ts'

function paused(count: number, totalMs: number) {
  return { ...HEALTHY, eventLoopDelay: { ...HEALTHY.eventLoopDelay, maxMs: totalMs, blocks: { count, totalMs } } }
}

test('a pause of one of four generators counts as a quarter, as it delays only the requests of that generator', () => {
  const none = paused(0, 0)
  expect(combinedHealth([none, paused(2, 400), none, none]).eventLoopDelay).toMatchObject({
    maxMs: 400,
    blocks: { count: 0.5, totalMs: 100 },
  })
})

test('delays that were not measured separately are those of all blocks', () => {
  expect(combinedHealth([HEALTHY, HEALTHY]).eventLoopDelay).toEqual({
    ...{ p50Ms: 0.1, p95Ms: 2, p99Ms: 2, sustainedP99Ms: 2, maxMs: 5 },
  })
})
