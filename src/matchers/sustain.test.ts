import { describe, expect, test } from 'vitest'
import { Random } from '../load/random.ts'
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
    Received: sustained share of the offered rate = 96.3% (1,926 of 2,000: 193/s of 200/s)

    Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      find what limits the target: CPU, its connection pool, or a lock; or lower the rate"
  `)
  expect(run).toSustainRate({ tolerance: 0.06 })
})

/** Latency of a target that serves one request after another, at a rate below that of the requests. */
const queueing = (perSecond: number, capacity: number) => (n: number) => (n + 1) * (1000 / capacity - 1000 / perSecond)

test('toSustainRate() fails with a growing backlog, although a few early responses took longer', () => {
  const queue = queueing(50, 42)
  const latencyMs = (n: number) => (n < 3 ? 4_000 : 20 + queue(n))
  const run = sampleHttpRun({ seconds: 8, perSecond: 50, latencyMs })
  expect(messageOf(() => expect(run).toSustainRate())).toContain('sustained share of the offered rate = 90.8%')
})

test('toSustainRate() and throughput are invalid if the scope is too short to show a backlog', () => {
  // Nothing got a response within the 2 s of the load.
  const held = sampleHttpRun({ seconds: 2, perSecond: 50, latencyMs: (n) => 2_200 - n * 20 })
  expect(messageOf(() => expect(held).toSustainRate())).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run).toSustainRate()

    Expected: sustained share of the offered rate ≥ 99%
    Received: INVALID, not judged. too-few-samples: good responses took 1.71 s on average at the start, and the scope judged lasts 2.00 s: too short to tell a growing backlog from that latency

    Evidence: steady phase, 2.0 s, 100 of 100 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      make the scope at least 7.00 s long"
  `)
  expect(messageOf(() => expect(held).not.toSustainRate())).toMatch(/^InvalidRunError/)
  expect(messageOf(() => expect(held).toHaveThroughputAbove(45))).toMatch(/^InvalidRunError: [^]*too short to tell/)
  expect(messageOf(() => expect(held).toHaveThroughputAbove(51))).toMatch(/^Error: /)
  const failing = sampleHttpRun({ seconds: 2, latencyMs: () => 2_000, errorsPerSecond: 20 })
  expect(messageOf(() => expect(failing).toSustainRate())).toMatch(/^Error: /)
})

test('throughput does not count a growing backlog in an open model', () => {
  const latencyMs = queueing(50, 35)
  const open = sampleHttpRun({ seconds: 6, perSecond: 50, latencyMs })
  expect(messageOf(() => expect(open).toHaveThroughputAbove(45))).toMatchInlineSnapshot(`
    "Error: expect(run).toHaveThroughputAbove(45)

    Expected: throughput > 45/s
    Received: throughput = 37.2/s (−17.4%), 95% interval 36.1–38.3/s
              300 good responses in 6.0 s, without 77 that came late: a growing backlog

    Evidence: steady phase, 6.0 s, 300 of 300 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      find what limits the target: CPU, its connection pool, or a lock; or offer a higher rate if that is below the limit"
  `)
  const closed = sampleHttpRun({ seconds: 6, perSecond: 50, latencyMs, offeredRatePerSec: undefined })
  expect(closed).toHaveThroughputAbove(45)
})

test.each([
  [50, 8, 200],
  [50, 30, 1_000],
  [20, 30, 500],
  [200, 10, 100],
])(
  'toSustainRate() passes with latencies that vary widely: %d/s for %d s, mean %d ms',
  (perSecond, seconds, meanMs) => {
    const random = new Random(`${perSecond} ${meanMs}`)
    for (let run = 0; run < 200; run++)
      expect(
        sampleHttpRun({ perSecond, seconds, latencyMs: () => -meanMs * Math.log(1 - random.next()) }),
      ).toSustainRate()
  },
)

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

describe('several instances behind one address, 200/s in turn', () => {
  /** A backlog that changes by so many milliseconds per second from a second on. */
  const backlog = (fromSecond: number, msPerSecond: number) => (n: number) =>
    Math.max(0, n / 200 - fromSecond) * msPerSecond

  test.each<[string, Parameters<typeof sampleHttpRun>[0]]>([
    ['one of three is slow', { latencyMs: (n) => (n % 3 === 0 ? 400 : 20) }],
    ['one of them warms up', { latencyMs: (n) => (n < 400 && n % 2 === 0 ? 800 : 20) }],
    ['all of them warm up', { latencyMs: (n) => 20 + Math.max(0, 1_200 - n * 4) }],
    ['one that is added drains a backlog', { latencyMs: (n) => 20 + Math.max(0, 600 - Math.abs(n - 1_000)) }],
    ['a limiter rejects some, and the scenario expects it', { limitedPerSecond: 40 }],
    ['one rejects fewer than the tolerance', { errorsPerSecond: 1, errorKind: 'status' }],
  ])('sustain the rate: %s', (_, run) => {
    expect(sampleHttpRun(run)).toSustainRate()
  })

  test.each<[string, Parameters<typeof sampleHttpRun>[0]]>([
    ['one of three is dead', { errorsPerSecond: 67, errorKind: 'connect' }],
    ['a limiter rejects some', { errorsPerSecond: 20, errorKind: 'status' }],
    ['one of three falls behind', { latencyMs: (n) => 20 + (n % 3 === 0 ? backlog(0, 150)(n) : 0) }],
    ['one is removed near the end', { latencyMs: (n) => 20 + backlog(7, 300)(n) }],
    ['one is added too late', { latencyMs: (n) => 20 + backlog(0, 80)(n) }],
    ['a backlog grows after they warmed up', { latencyMs: (n) => 20 + (n < 300 ? 1_500 : 0) + backlog(2, 120)(n) }],
  ])('do not sustain the rate: %s', (_, run) => {
    expect(() => expect(sampleHttpRun(run)).toSustainRate()).toThrow(/^expect[^]*Received: sustained share of the/)
  })
})
