import { expect, test } from 'vitest'
import { errorRate, missingRate } from './result-ratios.ts'

test('the error rate counts errors of all kinds, dropped requests and requests without a response', () => {
  expect(errorRate({ offered: 100, completed: 97, errors: { status: 4, timeout: 1 } })).toBe(0.08)
  expect(errorRate({ offered: 100, completed: 100, errors: {} })).toBe(0)
  expect(errorRate({ offered: 0, completed: 0, errors: {} })).toBe(undefined)
})

test('the missing rate is that of expected deliveries', () => {
  expect(missingRate({ deliveries: { expected: 200, missing: 5 } })).toBe(0.025)
  expect(missingRate({ deliveries: { expected: 0, missing: 0 } })).toBe(undefined)
})
