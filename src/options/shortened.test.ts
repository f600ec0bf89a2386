import { expect, test } from 'vitest'
import { markPosition } from '../ledger/query-error.ts'
import { showRow } from '../ledger/rows.ts'
import { showSql } from '../ledger/statement.ts'
import { OptionsError } from './problems.ts'
import { secret } from './registered-secrets.ts'
import { inspected, shortened } from './shortened.ts'

const VALUE = secret('Tr0ub4dor-and-3-more-words')
const TOKEN = `eyJhbGciOi.${'abcDEF123'.repeat(12)}.signature99`

test('a text is truncated after its secrets are masked', () => {
  expect(shortened('short', 10)).toBe('short')
  expect(shortened('0123456789', 5)).toBe('0123…')
  for (let pad = 80; pad < 130; pad++) {
    for (const held of [VALUE, TOKEN, `postgres://app:${VALUE}@db/x`]) {
      const text = shortened(`${'x'.repeat(pad)} ${held} and more`, 120)
      expect(text.length).toBeLessThanOrEqual(120)
      expect(text).not.toMatch(/Tr0ub|abcDEF/)
    }
  }
})

test('rows, queries and options are truncated after their secrets are masked', () => {
  for (let pad = 20; pad < 320; pad += 3) {
    const text = `${'x'.repeat(pad)} ${VALUE} and more`
    const problem = { path: 'a', received: `${'x'.repeat(pad)} ${TOKEN}`, rule: 'r', fix: 'e' }
    const shown = [showRow({ note: text }), showSql(`SELECT '${text}'`), new OptionsError('f()', [problem]).message]
    expect(shown.join()).not.toMatch(/Tr0ub|abcDEF/)
  }
})

test('values in messages are truncated after their secrets are masked', () => {
  for (let pad = 20; pad < 140; pad += 3) {
    const text = `${'x'.repeat(pad)} ${VALUE} ${TOKEN}`
    const problem = { path: 'a', received: { nested: [text], text }, rule: 'r', fix: 'e' }
    const sql = `SELECT ${'x'.repeat(pad)} FROM a WHERE b = '${VALUE}' AND oops`
    const shown = [
      ...[
        inspected({ text }, 60),
        inspected([text], 100),
        inspected(text, 60),
        new OptionsError('f()', [problem]).message,
      ],
      ...[0, 20, 60, 90].map((back) => markPosition(sql, sql.length - back)),
    ]
    expect(shown.join()).not.toMatch(/Tr0ub|words|abcDEF/)
  }
  expect(inspected({ password: 'words' }, 60)).toBe(`{ password: '***' }`)
  expect(inspected('words', 60, 'password')).toBe(`'***'`)
  expect(inspected('0123456789', 5)).toBe(`'01234'... 5 more characters`)
})

test('the caret stays below the position that the server reported', () => {
  const sql = `SELECT 1 AS "${VALUE}"\nFROM a WHERE b = '${VALUE}' AND oops = '${VALUE}'`
  const line = `FROM a WHERE b = '***' AND oops = '***'`
  expect(markPosition(sql, sql.indexOf('oops') + 1)).toBe(`  ${line}\n  ${' '.repeat(line.indexOf('oops'))}^`)
})

test('an instance within a value keeps its class, even if it contains a secret', () => {
  class Client {
    readonly user = 'ada'
    readonly password = VALUE
  }
  expect(inspected({ client: new Client(), limit: 3 }, 60)).toBe(
    `{ client: Client { user: 'ada', password: '***' }, limit: 3 }`,
  )
})
