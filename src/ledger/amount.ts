import { inspect } from 'node:util'
import { LedgerProblem } from './problem.ts'

/** An exact amount: a decimal number times 10^18, so that sums of money neither round nor drift. */
export type Amount = bigint

const DIGITS = 18
const UNIT = 10n ** BigInt(DIGITS)
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

/**
 * Reads an amount as `pg` gives it: whole numbers, and `bigint` and `numeric` as text.
 * @param what names the value in the error: `amount of transfer 7`
 * @throws {LedgerProblem} where it is none, or not exact: a floating-point column is no place for money
 */
export function readAmount(value: unknown, what: string): Amount {
  if (typeof value === 'bigint') return value * UNIT
  const text = typeof value === 'number' ? String(value) : value
  const match = typeof text === 'string' ? DECIMAL.exec(text) : null
  const fraction = match?.[3]?.replace(/0+$/, '') ?? ''
  if (match === null || fraction.length > DIGITS || (typeof value === 'number' && !Number.isSafeInteger(value))) {
    throw new LedgerProblem(
      `the ${what} is ${inspect(value)}, which is no exact number`,
      `select an integer or numeric column, e.g. amount::numeric; coalesce(sum(amount), 0) where there may be no rows`,
    )
  }
  const units = BigInt(match[2]!) * UNIT + BigInt(fraction.padEnd(DIGITS, '0'))
  return match[1] === '-' ? -units : units
}

/** The amount as a plain decimal number: `-12.5`. */
export function showAmount(amount: Amount): string {
  const units = amount < 0n ? -amount : amount
  const fraction = String(units % UNIT)
    .padStart(DIGITS, '0')
    .replace(/0+$/, '')
  return `${amount < 0n ? '-' : ''}${units / UNIT}${fraction === '' ? '' : `.${fraction}`}`
}
