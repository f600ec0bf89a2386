import { expect, test } from 'vitest'
import type { AssertionResult } from './result.ts'
import { codeOfPart, isSameAssertion, scopeOfAssertion } from './scope-of-assertion.ts'

const P95: AssertionResult = {
  assertion: 'toHaveP95Below(150)',
  expected: 'p95 < 150 ms',
  received: 'p95 = 20 ms',
  outcome: 'passed',
}
const PARTS: readonly Partial<AssertionResult>[] = [
  {},
  { step: 'pay' },
  { step: 'pay', tag: 'vip', ending: 'good', phase: 'spike' },
  { group: 'checkout' },
  { isIteration: true, between: [10_000, 20_000] },
]

test('a part of a run is code that follows the run', () => {
  expect(PARTS.map(codeOfPart)).toEqual([
    '',
    ".step('pay')",
    ".step('pay').tag('vip').good.phase('spike')",
    ".group('checkout')",
    ".iterations.between('10s', '20s')",
  ])
})

test('the scope of an assertion names its part', () => {
  const all = PARTS.map((part) => ({ ...P95, ...part, run: 'http 1' }))
  expect(all.map((one) => scopeOfAssertion(one, all))).toEqual([
    '',
    'step pay',
    'step pay, tag vip, good requests, spike phase',
    'group checkout',
    'iterations, 10s–20s',
  ])
})

test('the scope of an assertion names its run if there are several', () => {
  const ofLedger = { ...P95, assertion: 'toHoldInvariant()' }
  const votes = { ...P95, run: 'votes' }
  const browse = { ...P95, run: 'browse', step: 'home' }
  expect(scopeOfAssertion(votes, [votes, ofLedger])).toBe('')
  const all = [votes, browse, ofLedger]
  expect(all.map((one) => scopeOfAssertion(one, all))).toEqual(['votes', 'browse, step home', ''])
})

test('an assertion about another part is another assertion', () => {
  const [whole, ...parts] = PARTS.map((part) => ({ ...P95, ...part }))
  expect(isSameAssertion(whole!, { ...P95, received: 'p95 = 30 ms' })).toBe(true)
  expect(parts.some((part) => isSameAssertion(whole!, part))).toBe(false)
})

test('shortens long names', () => {
  const step = 'a'.repeat(100)
  expect(scopeOfAssertion({ ...P95, step }, [])).toBe(`step ${'a'.repeat(59)}…`)
  expect(codeOfPart({ step })).toBe(`.step('${'a'.repeat(59)}…')`)
})
