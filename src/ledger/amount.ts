import { inspect } from 'node:util'
import type { Column } from './columns.ts'
import { LedgerError } from './ledger-error.ts'

/** An exact amount: a decimal number times 10^100, so that sums of money neither round nor drift. */
export type Amount = bigint

/** More than any column of money has: `numeric(40, 20)` takes a fifth of them. */
const DIGITS = 100
const UNIT = 10n ** BigInt(DIGITS)
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

/**
 * Reads an amount as `pg` gives it: whole numbers, and `bigint` and `numeric` as text.
 * @param what names the value in the error: `amount of transfer 7`
 * @param column that it was read from, if that is known
 * @throws {LedgerError} if it is not a number, or not an exact one, as of a floating-point, JSON or money column
 */
export function readAmount(value: unknown, what: string, column?: Column): Amount {
  if (typeof value === 'bigint') return value * UNIT
  const text = typeof value === 'number' ? String(value) : value
  const match = typeof text === 'string' ? DECIMAL.exec(text) : null
  const fraction = match?.[3]?.replace(/0+$/, '') ?? ''
  if (match === null || fraction.length > DIGITS || (typeof value === 'number' && !isExact(value, column))) {
    const [problem, remedy] = explain(value, column)
    throw new LedgerError(`the ${what} is ${inspect(value)}, ${problem}`, remedy)
  }
  const units = BigInt(match[2]!) * UNIT + BigInt(fraction.padEnd(DIGITS, '0'))
  return match[1] === '-' ? -units : units
}

/** A whole number can be the rounded one of a column that rounds. */
function isExact(value: number, column: Column | undefined): boolean {
  return column?.rounds === undefined && Number.isSafeInteger(value)
}

const MONEY = /^[^\d\s.,-]{0,4}\s?-?[^\d\s.,-]{0,4}\s?\d[\d.,\s’']*\s?\D{0,4}$/

/** Why a value is no exact amount, and the fix. */
function explain(value: unknown, column: Column | undefined): readonly [problem: string, remedy: string] {
  if (value === null || value === undefined)
    return ['which is not a number', 'sum over no rows is null: coalesce(sum(amount), 0)']
  if (typeof value === 'number' && column?.rounds === 'JSON')
    return ['read from JSON, which rounds numbers', "select it as text: doc->>'amount'"]
  if (typeof value === 'number' && Number.isFinite(value))
    return [
      'a floating-point number, which is not exact',
      'store money in an integer or numeric column, and select it as such: amount::numeric; a function returns decimal digits as text',
    ]
  if (typeof value === 'string' && MONEY.test(value) && !DECIMAL.test(value))
    return [
      'a text written for people, as the type money gives it',
      'cast it in the query: amount::numeric (for a column of type money: amount::money::numeric)',
    ]
  return ['which is not an exact number', 'select an integer or numeric column: amount::numeric']
}

/** The amount as a plain decimal number: `-12.5`. */
export function showAmount(amount: Amount): string {
  const units = amount < 0n ? -amount : amount
  const fraction = String(units % UNIT)
    .padStart(DIGITS, '0')
    .replace(/0+$/, '')
  return `${amount < 0n ? '-' : ''}${units / UNIT}${fraction === '' ? '' : `.${fraction}`}`
}
