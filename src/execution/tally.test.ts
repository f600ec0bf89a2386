import { expect, test } from 'vitest'
import type { ErrorKind } from '../stats/timeline.ts'
import { Tally } from './tally.ts'

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
  expect(tally.lightMs).toBeUndefined()
  for (const ms of [10, 20, 30]) tally.countIteration(ms, false, ms < 30)
  expect(tally).toMatchObject({ iterations: 3, heldMs: 60, lightMs: 15 })
  tally.forgetIterations()
  expect(tally).toMatchObject({ iterations: 0, heldMs: 0, completed: 5, lightMs: 15 })
  tally.countIteration(8, false, true)
  expect(tally.lightMs).toBe(8)
})

test('lightMs is the shortest iteration without an error if there was no time of light load', () => {
  const tally = new Tally()
  tally.countIteration(5, true, true)
  expect(tally.lightMs).toBeUndefined()
  tally.countIteration(40, false, false)
  tally.countIteration(30, false, false)
  expect(tally.lightMs).toBe(30)
})
