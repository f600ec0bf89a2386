import { describe, expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { SATURATED, sampleFanOutRun, sampleHttpRun } from '../testing/sample-runs.ts'
import './register.ts'

/** Run whose generator had a longest event-loop block of 9 ms. */
const saturated = (ms: number, more = {}) => sampleHttpRun({ latencyMs: () => ms, invalidities: [SATURATED], ...more })

test('fails if the target is slower than a saturated generator can explain', () => {
  expect(messageOf(() => expect(saturated(169)).toHaveP95Below(150))).toMatchInlineSnapshot(`
    "Error: expect(run).toHaveP95Below(150)

    Expected: p95 < 150 ms
    Received: p95 = 169 ms (+12.7%), 95% interval 169 ms

    Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
              generator-saturated: schedule delay p99 48 ms, limit 10 ms; judged anyway, because the service-time p95 of 169 ms exceeds the limit by more than twice the longest block of the event loop, 9 ms
    Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
    Fix:      find out what the target does during its slowest requests, which the report lists"
  `)
  expect(saturated(169)).not.toHaveP95Below(150)
  for (const call of [
    () => expect(saturated(167)).toHaveP95Below(150),
    () => expect(saturated(167)).not.toHaveP95Below(150),
    () => expect(saturated(100)).toHaveP95Below(150),
  ])
    expect(messageOf(call)).toMatch(/^InvalidRunError: [^]*generator-saturated/)
})

test('stays invalid if the generator may have delayed, timed out or stopped requests', () => {
  for (const run of [
    saturated(400, { serviceMs: () => 5 }),
    saturated(400, { errorsPerSecond: 20 }),
    saturated(400, { errorsPerSecond: 200 }),
  ])
    expect(messageOf(() => expect(run).not.toHaveP95Below(150))).toMatch(/^InvalidRunError/)
  const aborted = { reason: 'aborted', finding: 'the run was aborted', fix: 'see why' } as const
  expect(messageOf(() => expect(saturated(400, { invalidities: [SATURATED, aborted] })).toHaveP95Below(150))).toMatch(
    /^InvalidRunError: [^]*aborted/,
  )
})

test('explains why errors fail an objective although the generator was saturated', () => {
  const refused = saturated(100, { errorsPerSecond: 20, errorKind: 'reset' })
  expect(messageOf(() => expect(refused).toHaveP95Below(150))).toMatch(
    / {10}generator-saturated: schedule delay .*; judged anyway, because 200 of 2,000 requests ended in errors that cannot come from the generator, more than p95 allows\n/,
  )
  expect(messageOf(() => expect(saturated(100)).toHaveP95Below(150))).not.toContain('judged all the same')
})

test('errors of the target excuse a saturated generator, but no other reason', () => {
  const aborted = { reason: 'aborted', finding: 'the run was aborted', fix: 'see why' } as const
  const run = saturated(100, { errorsPerSecond: 20, errorKind: 'reset', invalidities: [SATURATED, aborted] })
  for (const call of [() => expect(run).toHaveThroughputAbove(190), () => expect(run).toSustainRate()])
    expect(messageOf(call)).toMatch(/^InvalidRunError: [^]*INVALID, not judged\. aborted: the run was aborted/)
})

describe('pauses of a generator that is not saturated', () => {
  const pauses = { count: 1, totalMs: 400, maxMs: 400 }
  /** 10 s at 200/s, of which the first requests of every second are slow. */
  const late = (slow: { readonly ms: number; readonly perSecond: number }, more = {}) =>
    sampleHttpRun({ latencyMs: (n) => (n % 200 < slow.perSecond ? slow.ms : 12), pauses, ...more })

  test('make a percentile invalid that they may have decided, in both polarities', () => {
    const run = late({ ms: 300, perSecond: 8 })
    expect(messageOf(() => expect(run).toHaveP99Below(150))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveP99Below(150)

      Expected: p99 < 150 ms
      Received: INVALID, not judged. generator-saturated: the event loop was blocked once, for 400 ms, which explains up to 80 of the 80 requests beyond the limit: without them p99 is within its limit

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      repeat the run while nothing else uses the CPU, or make it longer, so that a pause weighs less"
    `)
    expect(messageOf(() => expect(run).not.toHaveP99Below(150))).toMatch(/^InvalidRunError: [^]*blocked once/)
  })

  test('make nothing invalid that they cannot have decided', () => {
    // More requests than became due or got their response in 400 of 10,000 ms.
    expect(messageOf(() => expect(late({ ms: 300, perSecond: 20 })).toHaveP99Below(150))).toMatch(/^Error: /)
    // Beyond the limit by more than twice the pause.
    expect(messageOf(() => expect(late({ ms: 951, perSecond: 8 })).toHaveP99Below(150))).toMatch(/^Error: /)
    const reset = late({ ms: 12, perSecond: 1 }, { errorsPerSecond: 8, errorKind: 'reset' })
    expect(messageOf(() => expect(reset).toHaveP99Below(150))).toMatch(/^Error: /)
    expect(late({ ms: 140, perSecond: 8 })).toHaveP99Below(150)
  })

  test('may time out requests that take less than the time-out otherwise', () => {
    const timedOut = (ms: number, errorsPerSecond = 8) => late({ ms, perSecond: errorsPerSecond }, { errorsPerSecond })
    for (const call of [
      () => expect(timedOut(500)).toHaveErrorRateBelow(0.01),
      () => expect(timedOut(500)).not.toHaveErrorRateBelow(0.01),
      () => expect(timedOut(500)).toHaveErrorRateBelow(0),
    ])
      expect(messageOf(call)).toMatch(
        /^InvalidRunError: [^]*blocked once, for 400 ms, which explains up to 80 of the 80 timeouts: without them the error rate is within/,
      )
    expect(messageOf(() => expect(timedOut(500)).toHaveP99Below(150))).toMatch(/^InvalidRunError: [^]*blocked once/)
    expect(messageOf(() => expect(timedOut(1_000)).toHaveErrorRateBelow(0.01))).toMatch(/^Error: /)
    expect(messageOf(() => expect(timedOut(500, 20)).toHaveErrorRateBelow(0.01))).toMatch(/^Error: /)
  })

  test('weigh by publications in a fan-out', () => {
    // One of 20 publications is late.
    const fanOut = (perSecond: number) =>
      sampleFanOutRun({ lagMs: (n) => (n < perSecond ? 300 : 12), pauses: { count: 1, totalMs: 30, maxMs: 300 } })
    expect(messageOf(() => expect(fanOut(10)).toHaveP99Below(150))).toMatch(
      /^InvalidRunError: [^]*explains up to 100 of the 100 deliveries beyond the limit: without them p99 is within its limit/,
    )
    expect(messageOf(() => expect(fanOut(20)).toHaveP99Below(150))).toMatch(/^Error: /)
  })
})
