import { expect, test } from 'vitest'
import type { ErrorKind } from '../stats/timeline.ts'
import { lightMsOf, Tally } from './tally.ts'

test.each<[ErrorKind, string, boolean]>([
  ['status', '503', true],
  ['body', 'extract token', true],
  ['reset', 'ECONNRESET', true],
  ['timeout', '', false],
  ['connect', 'ECONNREFUSED', true],
  ['connect', 'ECONNRESET', true],
  ['connect', 'EMFILE', false],
  ['connect', 'EADDRNOTAVAIL', false],
])('attributes %s %s to the target: %s', (kind, detail, isTargets) => {
  const tally = new Tally()
  tally.countError(kind, detail)
  expect([tally.errorCount, tally.targetErrorCount]).toEqual([1, isTargets ? 1 : 0])
  expect([...tally.errors]).toEqual([[kind, 1]])
})

test('forgetIterations() discards iterations but not requests', () => {
  const tally = new Tally()
  Object.assign(tally, { completed: 5 })
  expect(lightMsOf(tally.iterations)).toBeUndefined()
  for (const ms of [10, 20, 30]) tally.countIteration(ms, false, ms < 30)
  expect(tally.iterations.all).toEqual({ iterations: 3, busyUs: 60_000 })
  expect(lightMsOf(tally.iterations)).toBe(15)
  tally.forgetIterations()
  expect(tally.iterations.all).toEqual({ iterations: 0, busyUs: 0 })
  expect([tally.completed, lightMsOf(tally.iterations)]).toEqual([5, 15])
  tally.countIteration(8, false, true)
  expect(lightMsOf(tally.iterations)).toBe(8)
})

test('lightMsOf() is the shortest iteration without an error if there was no time of light load', () => {
  const tally = new Tally()
  tally.countIteration(5, true, true)
  expect(lightMsOf(tally.iterations)).toBeUndefined()
  tally.countIteration(40, false, false)
  tally.countIteration(30, false, false)
  expect(lightMsOf(tally.iterations)).toBe(30)
})
