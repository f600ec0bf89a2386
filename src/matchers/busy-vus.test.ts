import { describe, expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { sampleHttpRun, type SampleRequests } from '../testing/sample-runs.ts'
import './register.ts'

/** 200 requests a second by 50 VUs, enough while the target takes 100 ms. */
const busyRun = (options: SampleRequests) =>
  sampleHttpRun({
    busyVus: { vus: 50, busyMs: 300, ratePerSec: 200, neededVus: 60, advisedVus: 90, patienceMs: 10_000 },
    ...options,
  })

describe('a target that is too slow under load for its number of VUs', () => {
  const slower = busyRun({ droppedPerSecond: 33, latencyMs: () => 300 })

  test('is invalid in both polarities if the sent requests are within the limit', () => {
    expect(messageOf(() => expect(slower).toHaveP95Below(500))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveP95Below(500)

      Expected: p95 < 500 ms
      Received: INVALID, not judged. offered-rate-missed: 330 of 2,000 requests (16.5%) were dropped or late because all 50 VUs were busy, with good responses that took less than 500 ms: at 200/s, iterations that take 300 ms under load keep 60 VUs busy

      Evidence: steady phase, 10.0 s, 1670 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      raise vus to 90, which leaves room for bursts: the run then shows whether the target keeps up"
    `)
    for (const call of [
      () => expect(slower).not.toHaveP95Below(500),
      () => expect(slower).toHaveP95Below(500, { confidence: 0.95 }),
      () => expect(slower).toHaveErrorRateBelow(0.01),
      () => expect(slower).not.toHaveErrorRateBelow(0.01),
      () => expect(slower).toHaveErrorRateBelow(0.01, { confidence: 0.95 }),
      () => expect(slower).toHaveErrorRateBelow(0),
      () => expect(slower).not.toHaveErrorRateBelow(0),
    ])
      expect(messageOf(call)).toMatch(/^InvalidRunError: [^]*offered-rate-missed: 330 of 2,000 requests/)
  })

  test('is invalid if requests were late only because they waited', () => {
    const waiting = busyRun({ latencyMs: () => 800, serviceMs: () => 300 })
    expect(messageOf(() => expect(waiting).toHaveP95Below(500))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(waiting).not.toHaveP95Below(500))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(waiting).toHaveP95Below(200))).toMatch(/^Error: /)
  })

  test('fails if the sent requests miss the objective', () => {
    expect(messageOf(() => expect(slower).toHaveP95Below(200))).toMatch(/^Error: [^]*p95 = ∞/)
    expect(slower).not.toHaveP95Below(200)
    const tenth = busyRun({ droppedPerSecond: 33, latencyMs: (n) => (n % 10 === 0 ? 900 : 300) })
    expect(messageOf(() => expect(tenth).toHaveP95Below(500))).toMatch(/^Error: /)
    const failing = busyRun({ droppedPerSecond: 33, latencyMs: () => 300, errorsPerSecond: 4 })
    expect(messageOf(() => expect(failing).toHaveErrorRateBelow(0.01))).toMatch(/^Error: /)
    expect(messageOf(() => expect(failing).toHaveErrorRateBelow(0))).toMatch(/^Error: /)
  })

  test('passes an objective that holds although requests were dropped', () => {
    const few = busyRun({ droppedPerSecond: 4, latencyMs: () => 300 })
    expect(few).toHaveP95Below(500)
    expect(few).toHaveErrorRateBelow(0.03)
  })
})

describe('judgements without a time limit', () => {
  const slower = busyRun({ droppedPerSecond: 33, latencyMs: () => 300 })
  /** 100 ms at first; later, the same VUs are busy for 900 ms. */
  const fallingBehind = busyRun({ droppedPerSecond: 33, latencyMs: (n) => (n < 600 ? 100 : 900) })
  const before = sampleHttpRun({ latencyMs: () => 300 })

  test.for<[string, (run: typeof slower) => void]>([
    ['toHaveThroughputAbove', (run) => expect(run).toHaveThroughputAbove(190)],
    ['not.toHaveThroughputAbove', (run) => expect(run).not.toHaveThroughputAbove(190)],
    ['toSustainRate', (run) => expect(run).toSustainRate()],
    ['not.toSustainRate', (run) => expect(run).not.toSustainRate()],
    ['toBeNoSlowerThan', (run) => expect(run).toBeNoSlowerThan(before, { percentile: 0.95, tolerance: 0.1 })],
  ])('%s is invalid if VUs were busy at the usual speed', ([, call]) => {
    expect(messageOf(() => call(slower))).toMatch(
      /^InvalidRunError: [^]*offered-rate-missed: 330 of 2,000 requests \(16.5%\) were dropped or late because all 50 VUs/,
    )
  })

  test('fail if the target fell behind', () => {
    expect(messageOf(() => expect(fallingBehind).toHaveThroughputAbove(190))).toMatch(/^Error: /)
    expect(messageOf(() => expect(fallingBehind).toSustainRate())).toMatch(/^Error: /)
    expect(messageOf(() => expect(fallingBehind).toBeNoSlowerThan(before, { percentile: 0.95 }))).toMatch(/^Error: /)
  })

  test('fail or pass if the dropped requests cannot have decided', () => {
    expect(messageOf(() => expect(slower).toHaveThroughputAbove(201))).toMatch(/^Error: /)
    expect(slower).toHaveThroughputAbove(160)
    expect(slower).toSustainRate({ tolerance: 0.2 })
  })
})

describe('a target that stalled', () => {
  // 50 VUs were busy for 1 s, the other requests take 1 ms.
  const stalled = busyRun({ perSecond: 2_000, droppedPerSecond: 150, latencyMs: (n) => (n % 2_000 < 50 ? 1_000 : 1) })

  test('fails although most sent requests are within the limit', () => {
    expect(messageOf(() => expect(stalled).toHaveP95Below(150))).toMatch(/^Error: [^]*p95 = ∞/)
  })

  test('is invalid for a limit longer than the stall', () => {
    expect(messageOf(() => expect(stalled).toHaveP95Below(2_000))).toMatch(/^InvalidRunError/)
  })

  test('fails if requests that got no good response kept the VUs busy', () => {
    const timedOut = busyRun({
      perSecond: 2_000,
      droppedPerSecond: 150,
      latencyMs: (n) => (n % 2_000 < 20 ? 900 : 1),
      errorsPerSecond: 20,
    })
    expect(messageOf(() => expect(timedOut).toHaveP95Below(2_000))).toMatch(/^Error: /)
    expect(messageOf(() => expect(timedOut).toHaveErrorRateBelow(0.05))).toMatch(/^Error: /)
  })
})

test('a throughput at its limit fails if every request was sent', () => {
  expect(messageOf(() => expect(busyRun({ latencyMs: () => 300 })).toHaveThroughputAbove(200))).toMatch(/^Error: /)
})
