import { inspect } from 'node:util'
import { LedgerProblem } from './problem.ts'

/** A row as the database gives it: values by column name. */
export type Row = Readonly<Record<string, unknown>>

/** Rows of a ledger with the key of each, at the same index. */
export interface KeyedRows {
  readonly rows: readonly Row[]
  readonly keys: readonly string[]
}

/**
 * The key of every row, in order.
 * @throws {LedgerProblem} where the column does not exist, or a row has no key or one that is no text, number or UUID
 */
export function readKeys(rows: readonly Row[], column: string): readonly string[] {
  const [first] = rows
  if (first !== undefined && !(column in first)) {
    throw new LedgerProblem(
      `the rows have no column "${column}"; they have ${Object.keys(first).join(', ')}`,
      `select it: SELECT … AS ${column}, or name another: key: '${Object.keys(first)[0]}'`,
    )
  }
  let keyless = 0
  let example: Row | undefined
  const keys = rows.map((row) => {
    const key = keyText(row[column])
    if (key === undefined) {
      keyless++
      example ??= row
    }
    return key ?? ''
  })
  if (example !== undefined) {
    const value = example[column]
    const what = value === null || value === undefined ? 'no key' : `a key that is ${inspect(value, { depth: 0 })}`
    throw new LedgerProblem(
      `${keyless} of ${rows.length} rows have ${what} in "${column}", the first of them ${showRow(example)}`,
      'what was written without a key cannot be told apart: store the key with the row, or leave such rows out in the query',
    )
  }
  return keys
}

/** One row for a message, cut where it is long. */
export function showRow(row: Row): string {
  const text = inspect({ ...row }, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 })
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

/** A key as text; `undefined` where the value is none. */
export function keyText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined
}
