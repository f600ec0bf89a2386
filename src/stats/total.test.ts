import { expect, test } from 'vitest'
import { meanOf, sumOf } from './total.ts'

test('sums decimals without drift', () => {
  expect(sumOf(Array.from({ length: 300 }, () => 0.1))).toBe(30)
  expect(sumOf([1e16, 1, -1e16])).toBe(1)
  expect(sumOf([])).toBe(0)
})

test('the mean of equal decimals is that decimal, so that it is not below a limit that it equals', () => {
  for (const length of [3, 10, 1_000]) expect(meanOf(Array.from({ length }, () => 0.1))).toBe(0.1)
  expect(meanOf([])).toBeNaN()
})
