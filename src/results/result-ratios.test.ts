import { expect, test } from 'vitest'
import { errorRate, missingRate } from './result-ratios.ts'

test('counts errors of all kinds, dropped requests and those without a response, of what was due', () => {
  expect(errorRate({ offered: 100, completed: 97, errors: { status: 4, timeout: 1 } })).toBe(0.08)
  expect(errorRate({ offered: 100, completed: 100, errors: {} })).toBe(0)
  expect(errorRate({ offered: 0, completed: 0, errors: {} })).toBe(undefined)
})

test('deliveries are missing of those expected', () => {
  expect(missingRate({ deliveries: { expected: 200, missing: 5 } })).toBe(0.025)
  expect(missingRate({ deliveries: { expected: 0, missing: 0 } })).toBe(undefined)
})
