import { expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { sampleHttpRun } from '../testing/sample-runs.ts'
import './register.ts'

test('toSustainRate() passes if good responses arrive as fast as requests are due', () => {
  expect(sampleHttpRun()).toSustainRate()
  expect(sampleHttpRun({ droppedPerSecond: 1 })).toSustainRate()
  expect(messageOf(() => expect(sampleHttpRun()).not.toSustainRate())).toMatchInlineSnapshot(`
    "Error: expect(run).not.toSustainRate()

    Expected: sustained share of the offered rate < 99%
    Received: sustained share of the offered rate = 100% (2,000 of 2,000: 200/s of 200/s)

    Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      remove .not, or assert another limit: the assertion itself holds"
  `)
})

test('toSustainRate() passes with a long but constant latency', () => {
  expect(sampleHttpRun({ latencyMs: (n) => 1500 + (n % 100) })).toSustainRate()
})

test('toSustainRate() fails with a growing backlog, although every request gets a response', () => {
  // The target handles 95% of the rate: the wait grows by 50 ms per second.
  const run = sampleHttpRun({ latencyMs: (n) => 20 + (n / 200) * 50 })
  expect(messageOf(() => expect(run).toSustainRate())).toMatchInlineSnapshot(`
    "Error: expect(run).toSustainRate()

    Expected: sustained share of the offered rate ≥ 99%
    Received: sustained share of the offered rate = 96.7% (1,935 of 2,000: 193/s of 200/s)

    Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      find what limits the target: CPU, its connection pool, or a lock; or lower the rate"
  `)
  expect(run).toSustainRate({ tolerance: 0.06 })
})

test('toSustainRate() measures the backlog at the end of the scope, not of its last second', () => {
  // The whole backlog gets a response half a second after the end.
  const run = sampleHttpRun({ seconds: 11, lastMs: 250, latencyMs: (n) => 20 + (n / 200) * 50 })
  expect(messageOf(() => expect(run).toSustainRate())).toContain('Received: sustained share of the offered rate = 96.')
  expect(sampleHttpRun({ seconds: 11, lastMs: 250 })).toSustainRate()
})

test('toSustainRate() does not count errors and dropped requests', () => {
  const run = sampleHttpRun({ errorsPerSecond: 2, droppedPerSecond: 2 })
  expect(messageOf(() => expect(run).toSustainRate())).toMatchInlineSnapshot(`
    "Error: expect(run).toSustainRate()

    Expected: sustained share of the offered rate ≥ 99%
    Received: sustained share of the offered rate = 98% (1,960 of 2,000: 196/s of 200/s)

    Evidence: steady phase, 10.0 s, 1980 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      find what limits the target: CPU, its connection pool, or a lock; or lower the rate"
  `)
  expect(run).toSustainRate({ tolerance: 0.03 })
})

test('toSustainRate() is invalid with too few requests for the tolerance', () => {
  const run = sampleHttpRun({ seconds: 6, perSecond: 10, latencyMs: () => 1 })
  expect(messageOf(() => expect(run).toSustainRate())).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run).toSustainRate()

    Expected: sustained share of the offered rate ≥ 99%
    Received: INVALID, not judged. too-few-samples: sustained share of the offered rate ≥ 99% needs at least 100 requests, the scope judged has 60

    Evidence: steady phase, 6.0 s, 60 of 60 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      at 10/s the scope would have to be 10s long (it was 6s): lengthen the run, or raise its rate to 16.7/s"
  `)
})

test('toSustainRate() rejects a closed model', () => {
  const run = sampleHttpRun({ offeredRatePerSec: undefined })
  expect(messageOf(() => expect(run).toSustainRate())).toMatchInlineSnapshot(
    `
    "TypeError: toSustainRate() requires a load with a rate (constantArrivalRate, rampingArrivalRate); in a closed model the rate follows the responses
    Fix: use toHaveThroughputAbove(perSec)"
  `,
  )
})
