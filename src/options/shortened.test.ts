import { expect, test } from 'vitest'
import { showRow } from '../ledger/rows.ts'
import { showSql } from '../ledger/statement.ts'
import { OptionsError } from './problems.ts'
import { secret } from './registered-secrets.ts'
import { shortened } from './shortened.ts'

const VALUE = secret('Tr0ub4dor-and-3-more-words')
const TOKEN = `eyJhbGciOi.${'abcDEF123'.repeat(12)}.signature99`

test('a text is cut after what is secret in it was masked', () => {
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

test('rows, queries and options are', () => {
  for (let pad = 20; pad < 320; pad += 3) {
    const text = `${'x'.repeat(pad)} ${VALUE} and more`
    const problem = { path: 'a', received: `${'x'.repeat(pad)} ${TOKEN}`, rule: 'r', example: 'e' }
    const shown = [showRow({ note: text }), showSql(`SELECT '${text}'`), new OptionsError('f()', [problem]).message]
    expect(shown.join()).not.toMatch(/Tr0ub|abcDEF/)
  }
})
