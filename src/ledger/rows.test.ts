import { expect, test } from 'vitest'
import { LedgerProblem } from './problem.ts'
import { readKeys, showRow } from './rows.ts'

function problemOf(read: () => unknown): [name: string, message: string, remedy: string] {
  try {
    read()
  } catch (error) {
    if (error instanceof LedgerProblem) return [error.name, error.finding, error.remedy]
    throw error
  }
  throw new Error('nothing was thrown')
}

test('a column that is not there: what could be selected instead', () => {
  expect(problemOf(() => readKeys({ rows: [{ id: 1, charge: 'a' }], types: {} }, ['key']))).toEqual([
    'LedgerProblem',
    'the rows have no column "key"; they have id, charge',
    "select it: SELECT … AS key, or name another: key: 'id'",
  ])
})

test.each([
  [null, 'no key'],
  [undefined, 'no key'],
  ['', "a key that is ''"],
  [{ a: { b: 1 } }, 'a key that is { a: [Object] }'],
])('a row without a usable key, %o: how many, and the first of them', (key, what) => {
  const rows = [{ key: 'a' }, { key }, { key: 7 }, { key }]
  const [, message, remedy] = problemOf(() => readKeys({ rows, types: {} }, ['key']))
  expect(message).toBe(`2 of 4 rows have ${what} in "key", the first of them ${showRow(rows[1]!)}`)
  expect(remedy).toBe(
    'what was written without a key cannot be told apart: store the key with the row, or leave such rows out in the query',
  )
})

test('a row for a message is cut where it is long, and names no class', () => {
  class Row {
    readonly [column: string]: unknown
    key = 'a'
  }
  expect(showRow(new Row())).toBe("{ key: 'a' }")
  expect(showRow({ note: 'x'.repeat(70) })).toMatch(/^\{ note: 'x{60}'\.\.\. 10 more characters \}$/)
  const wide = showRow(Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`column${at}`, at])))
  expect(wide).toHaveLength(200)
  expect(wide.endsWith('…')).toBe(true)
  const columns = { a: 'x'.repeat(50), b: 'x'.repeat(50), c: 'x'.repeat(50) }
  const rest = 200 - showRow({ ...columns, d: '' }).length
  expect(showRow({ ...columns, d: 'x'.repeat(rest) })).toHaveLength(200)
  expect(showRow({ ...columns, d: 'x'.repeat(rest) }).endsWith('}')).toBe(true)
})
