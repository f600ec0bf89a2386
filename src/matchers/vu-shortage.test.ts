import { describe, expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { sampleHttpRun, type SampleRequests } from '../testing/sample-runs.ts'
import './register.ts'

function shortRun(options: SampleRequests & { readonly isMaterial?: boolean }) {
  const { isMaterial = true, ...rest } = options
  const invalidity = {
    reason: 'offered-rate-missed',
    finding: '1,990 of 2,000 requests were dropped because no VU was free',
    fix: 'raise vus to 150',
  } as const
  return sampleHttpRun({ ...rest, vuShortage: { isMaterial, invalidity } })
}

describe('a run with too few VUs', () => {
  const dropping = shortRun({ droppedPerSecond: 199 })

  test('is invalid in both polarities if the sent requests are good', () => {
    expect(messageOf(() => expect(dropping).toHaveP95Below(150))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveP95Below(150)

      Expected: p95 < 150 ms
      Received: INVALID, not judged. offered-rate-missed: 1,990 of 2,000 requests were dropped because no VU was free

      Evidence: steady phase, 10.0 s, 10 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      raise vus to 150"
    `)
    const calls = [
      () => expect(dropping).not.toHaveP95Below(150),
      () => expect(dropping).toHaveErrorRateBelow(0.01),
      () => expect(dropping).not.toHaveErrorRateBelow(0.01),
      () => expect(dropping).toHaveErrorRateBelow(0),
      () => expect(dropping).not.toHaveErrorRateBelow(0),
      () => expect(dropping).toHaveThroughputAbove(100),
      () => expect(dropping).not.toHaveThroughputAbove(100),
      () => expect(dropping).toSustainRate(),
      () => expect(dropping).not.toSustainRate(),
      () => expect(dropping).toHaveStatusRateBelow(429, 0.2),
      () => expect(dropping).toBeNoSlowerThan(sampleHttpRun()),
      () => expect(dropping).not.toBeNoSlowerThan(sampleHttpRun()),
      () => expect(sampleHttpRun()).not.toBeNoSlowerThan(dropping),
    ]
    for (const call of calls) expect(messageOf(call)).toMatch(/^InvalidRunError: [^]*offered-rate-missed/)
  })

  test('fails if the sent requests miss the objective', () => {
    const slow = shortRun({ droppedPerSecond: 150, latencyMs: () => 1_000 })
    expect(messageOf(() => expect(slow).toHaveP95Below(150))).toMatch(/^Error: [^]*p95 = ∞ \(75%/)
    expect(slow).not.toHaveP95Below(150)
    const failing = shortRun({ droppedPerSecond: 150, errorsPerSecond: 10 })
    expect(messageOf(() => expect(failing).toHaveErrorRateBelow(0.01))).toMatch(/^Error: /)
    expect(messageOf(() => expect(failing).toHaveErrorRateBelow(0))).toMatch(/^Error: /)
    expect(failing).not.toHaveErrorRateBelow(0.01)
    // Beyond the limit regardless of the other requests, but not beyond chance.
    const some = shortRun({ droppedPerSecond: 4, errorsPerSecond: 1, errorKind: 'status' })
    expect(messageOf(() => expect(some).toHaveErrorRateBelow(0.004))).toMatch(/^Error: /)
    expect(messageOf(() => expect(some).toHaveErrorRateBelow(0.006))).toMatch(/^InvalidRunError/)
    expect(failing).not.toSustainRate()
    expect(failing).not.toHaveThroughputAbove(190)
  })

  test('is invalid, not failed, if requests were late only because they waited for a VU', () => {
    const waiting = shortRun({ isMaterial: false, latencyMs: () => 400, serviceMs: () => 5 })
    expect(messageOf(() => expect(waiting).toHaveP95Below(150))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(waiting).not.toHaveP95Below(150))).toMatch(/^InvalidRunError/)
  })

  test('passes if the objective holds regardless, unless the target did not get the load', () => {
    expect(shortRun({ isMaterial: false, droppedPerSecond: 1 })).toHaveP95Below(150)
    expect(shortRun({ isMaterial: false, droppedPerSecond: 1 })).toHaveErrorRateBelow(0.01)
    const material = shortRun({ droppedPerSecond: 4 })
    expect(messageOf(() => expect(material).toHaveP95Below(150))).toMatch(/^InvalidRunError/)
  })
})
