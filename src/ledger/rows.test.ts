import { expect, test } from 'vitest'
import { now } from '../machine/clock.ts'
import { LedgerError } from './ledger-error.ts'
import { readKeys, showRow } from './rows.ts'

async function problemOf(read: () => Promise<unknown>): Promise<[name: string, message: string, fix: string]> {
  try {
    await read()
  } catch (error) {
    if (error instanceof LedgerError) return [error.name, error.finding, error.fix]
    throw error
  }
  throw new Error('nothing was thrown')
}

test('readKeys() names a missing column and the existing ones', async () => {
  expect(await problemOf(() => readKeys({ rows: [{ id: 1, charge: 'a' }], columns: [] }, ['key']))).toEqual([
    'LedgerError',
    'the rows have no column "key"; they have id, charge',
    "select it: SELECT … AS key, or name another: key: 'id'",
  ])
})

test.each([
  [null, 'no key'],
  [undefined, 'no key'],
  ['', "a key that is ''"],
])('a row without a usable key, %o: how many, and the first of them', async (key, what) => {
  const rows = [{ key: 'a' }, { key }, { key: 7 }, { key }]
  const [, message, fix] = await problemOf(() => readKeys({ rows, columns: [] }, ['key']))
  expect(message).toBe(`2 of 4 rows have ${what} in "key", the first of them ${showRow(rows[1]!)}`)
  expect(fix).toBe(
    'rows without a key cannot be distinguished: store the key with the row, or exclude such rows in the query',
  )
})

test.each([
  [{ a: { b: 1 } }, '{ a: [Object] }'],
  [true, 'true'],
])('shows how to cast a key that is not text, a number or a UUID: %o', async (key, shown) => {
  const [, message, fix] = await problemOf(() => readKeys({ rows: [{ key }], columns: [] }, ['key']))
  expect(message).toMatch(`1 of 1 rows have a key that is ${shown} in "key"`)
  expect(fix).toBe('a key must be a string, a number or a UUID: cast it in the query, key::text AS key')
})

test('readKeys() rejects a number that may have lost digits', async () => {
  const json = [{ name: 'key', keys: 'text', rounds: 'JSON' }] as const
  const rows = [{ key: 'a' }, { key: 7 }]
  expect(await problemOf(() => readKeys({ rows, columns: json }, ['key']))).toEqual([
    'LedgerError',
    '1 of 2 rows have a key that is 7, read from JSON, which rounds numbers, in "key", the first of them { key: 7 }',
    "select it as text: doc->>'id' AS key",
  ])
  expect((await readKeys({ rows: [{ key: 'a' }], columns: json }, ['key'])).keys).toEqual(['a'])
  const [, message, fix] = await problemOf(() => readKeys({ rows: [{ key: 2 ** 53 }], columns: [] }, ['key']))
  expect(message).toContain('9007199254740992, a number with more digits than it can hold exactly, in "key"')
  expect(fix).toBe('select it as text: key::text AS key')
  expect((await readKeys({ rows: [{ key: 1.5 }, { key: 2n ** 60n }], columns: [] }, ['key'])).keys).toEqual([
    '1.5',
    '1152921504606846976',
  ])
})

test('readKeys() rejects two columns with the same name', async () => {
  const key = { name: 'key', keys: 'text' } as const
  expect(
    await problemOf(() => readKeys({ rows: [{ key: 'a' }], columns: [key, { ...key, name: 'id' }, key] }, ['key'])),
  ).toEqual([
    'LedgerError',
    'the query returns 2 columns named "key", which is ambiguous',
    'select the intended column instead of *: SELECT p.key; or rename the other: o.key AS other_key',
  ])
})

test('showRow() truncates a long row, and shows no class name', () => {
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

test('readKeys() lets the event loop run while it reads many rows, and stops if the scenario is stopped', async () => {
  const slowRow = {
    get key() {
      const startMs = now()
      while (now() - startMs < 0.04);
      return 'a'
    },
  }
  const rows = Array.from({ length: 1_000 }, () => slowRow)
  let isTimerFired = false
  setTimeout(() => (isTimerFired = true), 0)
  expect((await readKeys({ rows, columns: [] }, ['key'])).keys).toHaveLength(1_000)
  expect(isTimerFired).toBe(true)
  const stopped = new AbortController()
  setTimeout(() => stopped.abort(new Error('stopped')), 0)
  await expect(readKeys({ rows, columns: [] }, ['key'], stopped.signal)).rejects.toThrow('stopped')
})

test.each([
  [new Date(0), '1970-01-01T00:00:00.000Z', `to_char(key AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS key`],
  [Buffer.from('a'), '<Buffer 61>', "encode(key, 'hex') AS key"],
])('shows how to select a time or bytes in the form in which they were sent: %o', async (key, shown, select) => {
  const [, message, fix] = await problemOf(() => readKeys({ rows: [{ key }], columns: [] }, ['key']))
  expect(message).toMatch(`1 of 1 rows have a key that is ${shown} in "key"`)
  expect(fix).toBe(
    `a key must be a string, a number or a UUID: cast it in the query in the form in which it was sent, ${select}`,
  )
})
