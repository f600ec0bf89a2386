import { expect, test } from 'vitest'
import { errorRatio, missingRatio } from './result-ratios.ts'

test('errors of all kinds and dropped requests are errors, of what was offered', () => {
  expect(errorRatio({ offered: 100, dropped: 3, errors: { status: 4, timeout: 1 } })).toBe(0.08)
  expect(errorRatio({ offered: 100, dropped: 0, errors: {} })).toBe(0)
  expect(errorRatio({ offered: 0, dropped: 0, errors: {} })).toBe(undefined)
})

test('deliveries are missing of those expected', () => {
  expect(missingRatio({ deliveries: { expected: 200, missing: 5 } })).toBe(0.025)
  expect(missingRatio({ deliveries: { expected: 0, missing: 0 } })).toBe(undefined)
})
