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
])('%s %s is the target’s own doing: %s', (kind, detail, isTargets) => {
  const tally = new Tally()
  tally.countError(kind, detail)
  expect([tally.errorCount, tally.targetErrorCount]).toEqual([1, isTargets ? 1 : 0])
  expect([...tally.errors]).toEqual([[kind, 1]])
})

test('iterations of a warm-up are forgotten, requests are not', () => {
  const tally = new Tally()
  Object.assign(tally, { iterations: 5, heldMs: 100, completed: 5 })
  tally.forgetIterations()
  expect(tally).toMatchObject({ iterations: 0, heldMs: 0, completed: 5 })
})
