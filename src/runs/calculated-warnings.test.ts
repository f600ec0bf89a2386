import { expect, test } from 'vitest'
import { constantVus } from '../load/builders.ts'
import { measured } from '../testing/sample-measurement.ts'
import { calculatedWarnings } from './calculated-warnings.ts'
import type { ConnectionFigures } from './request-measurement.ts'

function warningsOf(closings: ConnectionFigures['closings']): readonly string[] {
  const counts = { opened: 0, refused: 0, closedIdle: 0, replaced: 0, resetAfterUse: 0, openAtEnd: 0, maxOpen: 0 }
  return calculatedWarnings({
    load: constantVus({ vus: 1, duration: '1s' }),
    vuUse: measured([]).vuUse,
    connections: { ...counts, ...(closings === undefined ? {} : { closings }) },
  })
}

test('warns of the five commonest kinds of closings, and that there are more', () => {
  const kinds = [3, 9, 1, 7, 5, 2].map((count) => [`closed with code ${4_000 + count}`, count] as const)
  expect(warningsOf(Object.fromEntries(kinds))).toMatchInlineSnapshot(`
    [
      "27 connections were closed between requests, each reopened when its VU sends again: 9 × closed with code 4009, 7 × closed with code 4007, 5 × closed with code 4005, 3 × closed with code 4003, 2 × closed with code 4002, …",
    ]
  `)
})

test('warns of a single closed connection', () => {
  expect(warningsOf({ 'closed with code 1001 (going away)': 1 })).toMatchInlineSnapshot(`
    [
      "1 connection was closed between requests, each reopened when its VU sends again: 1 × closed with code 1001 (going away)",
    ]
  `)
})

test('warns of no closings if there were none', () => {
  expect(warningsOf(undefined)).toEqual([])
})
