import { expect, test } from 'vitest'
import { describeNothingRan } from './nothing-ran.ts'

const names = ['checkout', 'orders > refund']

test('a command whose selection matches nothing fails with the names of all scenarios', () => {
  const { message, fails } = describeNothingRan({ names, pattern: /nomatch/, tags: ['slow', '!db'] })
  expect(fails).toBe(true)
  expect(message).toMatchInlineSnapshot(`
    "nothing ran: no scenario matches -t nomatch --tags-filter slow --tags-filter !db, or those that match are skipped. There are:
      checkout
      orders > refund
    Fix: correct the selection, or set passWithNoTests"
  `)
})

const FAILS = /^nothing ran: no scenario matches /
const NOTES = /^nothing ran: all scenarios are skipped, or not selected \(2\)$/

test.each([
  ['by name', { pattern: /x/ }, true, FAILS],
  ['by tags', { tags: ['slow'] }, true, FAILS],
  ['by name, with passWithNoTests', { pattern: /x/, passWithNoTests: true }, false, NOTES],
  ['by name in one part of a divided command', { pattern: /x/, shard: { index: 1, count: 2 } }, false, NOTES],
  ['by neither', { tags: [] }, false, NOTES],
])('a command that selects scenarios %s and runs none fails or notes it: %j', (_, selection, fails, message) => {
  const found = describeNothingRan({ names, ...selection })
  expect(found.fails).toBe(fails)
  expect(found.message).toMatch(message)
})

test.each([
  [10, 10, '  scenario 9'],
  [11, 11, '  and 1 more'],
])('the message about %d scenarios has %d lines of them', (count, lines, last) => {
  const many = Array.from({ length: count }, (_, at) => `scenario ${at}`)
  const listed = describeNothingRan({ names: many, pattern: /x/ }).message.split('\n').slice(1, -1)
  expect(listed).toHaveLength(lines)
  expect(listed.at(-1)).toBe(last)
})
