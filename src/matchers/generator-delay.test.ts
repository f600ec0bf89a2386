import { expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { SATURATED, sampleHttpRun } from '../testing/sample-runs.ts'
import './register.ts'

/** The longest block of its generator was 9 ms. */
const saturated = (ms: number, more = {}) => sampleHttpRun({ latencyMs: () => ms, invalidities: [SATURATED], ...more })

test('fails a target that is too slow by more than a saturated generator can explain', () => {
  expect(messageOf(() => expect(saturated(169)).toHaveP95Below(150))).toMatch(/^Error: [^]*p95 = 169 ms/)
  expect(saturated(169)).not.toHaveP95Below(150)
  for (const call of [
    () => expect(saturated(167)).toHaveP95Below(150),
    () => expect(saturated(167)).not.toHaveP95Below(150),
    () => expect(saturated(100)).toHaveP95Below(150),
  ])
    expect(messageOf(call)).toMatch(/^InvalidRunError: [^]*generator-saturated/)
})

test('leaves invalid what the generator may have delayed before it was sent, timed out, or stopped', () => {
  for (const run of [
    saturated(400, { serviceMs: () => 5 }),
    saturated(400, { errorsPerSecond: 20 }),
    saturated(400, { errorsPerSecond: 200 }),
  ])
    expect(messageOf(() => expect(run).not.toHaveP95Below(150))).toMatch(/^InvalidRunError/)
  const aborted = { reason: 'aborted', finding: 'the run was aborted', remedy: 'see why' } as const
  expect(messageOf(() => expect(saturated(400, { invalidities: [SATURATED, aborted] })).toHaveP95Below(150))).toMatch(
    /^InvalidRunError: [^]*aborted/,
  )
})
