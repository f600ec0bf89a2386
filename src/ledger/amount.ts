import { inspect } from 'node:util'
import type { Column } from './columns.ts'
import { LedgerError } from './ledger-error.ts'

/** An exact amount: a decimal number times 10^100, so that sums of money neither round nor drift. */
export type Amount = bigint

/** Number of decimal places: more than any money column has, e.g. 20 of `numeric(40, 20)`. */
const DIGITS = 100
const UNIT = 10n ** BigInt(DIGITS)
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

/**
 * Reads an amount as `pg` returns it: integers, and `bigint` and `numeric` as text.
 * @param what name of the value for the error: `amount of transfer 7`
 * @param column source of the value, if known
 * @throws {LedgerError} if it is not an exact number, e.g. from a floating-point, JSON or money column
 */
export function readAmount(value: unknown, what: string, column?: Column): Amount {
  if (typeof value === 'bigint') return value * UNIT
  const text = typeof value === 'number' ? String(value) : value
  const match = typeof text === 'string' ? DECIMAL.exec(text) : null
  const fraction = match?.[3]?.replace(/0+$/, '') ?? ''
  if (match === null || fraction.length > DIGITS || (typeof value === 'number' && !isExact(value, column))) {
    const [problem, fix] = explain(value, column)
    throw new LedgerError(`the ${what} is ${inspect(value)}, ${problem}`, fix)
  }
  const units = BigInt(match[2]!) * UNIT + BigInt(fraction.padEnd(DIGITS, '0'))
  return match[1] === '-' ? -units : units
}

/** Whether a number is exact: an integer from a column that rounds may be rounded. */
function isExact(value: number, column: Column | undefined): boolean {
  return column?.rounds === undefined && Number.isSafeInteger(value)
}

const MONEY = /^[^\d\s.,-]{0,4}\s?-?[^\d\s.,-]{0,4}\s?\d[\d.,\s’']*\s?\D{0,4}$/

/** Why a value is not an exact amount, and the fix. */
function explain(value: unknown, column: Column | undefined): readonly [problem: string, fix: string] {
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
      'text formatted for people, as the type money returns it',
      'cast it in the query: amount::numeric (for a column of type money: amount::money::numeric)',
    ]
  return ['which is not an exact number', 'select an integer or numeric column: amount::numeric']
}

/** Amount as a plain decimal number: `-12.5`. */
export function showAmount(amount: Amount): string {
  const units = amount < 0n ? -amount : amount
  const fraction = String(units % UNIT)
    .padStart(DIGITS, '0')
    .replace(/0+$/, '')
  return `${amount < 0n ? '-' : ''}${units / UNIT}${fraction === '' ? '' : `.${fraction}`}`
}
