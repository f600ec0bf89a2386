import { expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { SATURATED, sampleHttpRun } from '../testing/sample-runs.ts'
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
    Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms"
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
