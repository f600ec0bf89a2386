import { expect, test } from 'vitest'
import type { AssertionResult } from '../results/result.ts'
import { FAILED, INVALID, PASSED, sampleHttpRun } from '../testing/sample-records.ts'
import { scenario } from '../testing/sample-results.ts'
import { decisiveAssertion, decisiveLine, marginOf } from './decisive.ts'

const near: AssertionResult = { ...PASSED, limit: 150, value: 140, unit: 'ms' }
const far: AssertionResult = { ...PASSED, limit: 2000, value: 140, unit: 'ms' }
const rate: AssertionResult = { ...PASSED, assertion: 'toSustainRate()', limit: 198, value: 200, unit: 'perSec' }

test('a failed assertion decides, then an invalid one, then the passed one with the least room', () => {
  expect(decisiveAssertion([PASSED, INVALID, FAILED])).toBe(FAILED)
  expect(decisiveAssertion([PASSED, INVALID])).toBe(INVALID)
  expect(decisiveAssertion([far, PASSED, rate, near])).toBe(near)
  expect(decisiveAssertion([{ ...PASSED, outcome: 'skipped' }])).toBeUndefined()
})

test('describes a scenario in one line', () => {
  const interval = { low: 95, high: 101, confidence: 0.95 }
  const measured = { ...near, received: 'p95 = 140 ms (−6.7%), 95% interval 95–101 ms', interval }
  const broken = { ...scenario('S', 'failed', [], [near]), errors: [{ name: 'TypeError', message: 'no id\nat x' }] }
  const lost = { ...sampleHttpRun(3), invalidities: [{ reason: 'aborted', finding: 'stopped.', fix: 'run it again' }] }
  const invalid = scenario('S', 'invalid', [lost as never], [near])
  expect(
    [
      scenario('S', 'passed', [], [measured]),
      scenario('S', 'failed', [], [near, FAILED]),
      broken,
      scenario('S', 'invalid', [], [near, INVALID]),
      invalid,
      scenario('S', 'invalid', [lost as never], [near, { ...INVALID, invalidities: [] }]),
      { ...scenario('S', 'skipped', [], []), note: 'needs a container engine' },
      scenario('S', 'passed', [], []),
    ].map(decisiveLine),
  ).toEqual([
    { expected: 'p95 < 150 ms', received: 'p95 = 140 ms (−6.7%)' },
    { expected: 'error rate < 0.1%', received: 'error rate = 0.33%' },
    { received: 'TypeError: no id' },
    {
      expected: 'p99 < 400 ms',
      received: 'not judged: p99 < 400 ms needs at least 1,000 requests, the scope judged has 120',
    },
    { received: 'stopped. Run it again' },
    { expected: 'p99 < 400 ms', received: 'not judged: stopped.' },
    { received: 'needs a container engine' },
    { received: 'nothing was asserted' },
  ])
})

test('the margin is the distance from the limit as a ratio of it', () => {
  expect(marginOf({ limit: 200, value: 150 })).toBe(-0.25)
  expect(marginOf({ limit: -0.05, value: 0 })).toBe(1)
  expect(marginOf({ limit: 0, value: 1 })).toBeUndefined()
  expect(marginOf({ limit: 1, value: 'Infinity' })).toBeUndefined()
  expect(marginOf({ value: 1 })).toBeUndefined()
})
