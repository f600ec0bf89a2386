import { inspect } from 'node:util'
import { redactData } from '../options/redact.ts'
import { registeredSecrets } from '../options/registered-values.ts'
import { columnNamed, type Column } from './columns.ts'
import { canonicalKey, compositeKey, type KeyType } from './keys.ts'
import { LedgerError } from './ledger-error.ts'

/** A row as the database gives it: values by column name. */
export type Row = Readonly<Record<string, unknown>>

/** Rows of one query or function. */
export interface Table {
  readonly rows: readonly Row[]
  /** All columns of a query in order; none of a function, whose numbers are compared by value, and texts as they are. */
  readonly columns: readonly Column[]
}

/** Rows of a ledger with the key of each, at the same index. */
export interface KeyedRows {
  readonly rows: readonly Row[]
  readonly keys: readonly string[]
}

/** {@link KeyedRows} with what the keys of a history need to be compared with them. */
export interface ReadKeys extends KeyedRows {
  /** One for each column of the key. */
  readonly types: readonly KeyType[]
}

/**
 * The key of every row, in order, in the form in which equal keys are equal texts.
 * @param columns one, or the parts of a composite key
 * @throws {LedgerError} if a column does not exist, or a row has no key or one that is no text, number or UUID
 */
export function readKeys(table: Table, columns: readonly string[]): ReadKeys {
  const { rows } = table
  for (const column of columns) requireColumn(rows, column)
  const types = columns.map((column) => keyTypeIn(table, column))
  const parts = columns.map((column, at) => {
    const type = types[at]!
    const names = readNames(table, column, 'key')
    return type === 'text' ? names : names.map((key) => canonicalKey(key, type))
  })
  const keys = columns.length === 1 ? parts[0]! : rows.map((_, row) => compositeKey(parts.map((part) => part[row]!)))
  return { rows, keys, types }
}

/** @throws {LedgerError} if several columns have that name */
export function keyTypeIn({ rows, columns }: Table, column: string): KeyType {
  const known = columnNamed(columns, column)
  if (known !== undefined) return known.keys
  return ['number', 'bigint'].includes(typeof rows[0]?.[column]) ? 'number' : 'text'
}

function requireColumn([first]: readonly Row[], column: string): void {
  if (first === undefined || column in first) return
  throw new LedgerError(
    `the rows have no column "${column}"; they have ${Object.keys(first).join(', ')}`,
    `select it: SELECT … AS ${column}, or name another: key: '${Object.keys(first)[0]}'`,
  )
}

/**
 * What a column names, in every row: keys, transfers or accounts, as text.
 * @param noun of one of them
 * @throws {LedgerError} if a row has none, or one that is no text, number or UUID, or that is not exact
 */
export function readNames({ rows, columns }: Table, column: string, noun: string): readonly string[] {
  const known = columnNamed(columns, column)
  let [wrong, example] = [0, undefined as Row | undefined]
  const names = rows.map((row) => {
    const name = isRounded(row[column], known) ? undefined : keyText(row[column])
    if (name === undefined) {
      wrong++
      example ??= row
    }
    return name ?? ''
  })
  if (example === undefined) return names
  const [what, remedy] = faultOf(example[column], known, column, noun)
  throw new LedgerError(
    `${wrong} of ${rows.length} rows have ${what} in "${column}", the first of them ${showRow(example)}`,
    remedy,
  )
}

/** Whether a number may have lost digits: two that differ in the ledger may be equal here. */
function isRounded(value: unknown, column: Column | undefined): boolean {
  if (typeof value !== 'number') return false
  return column?.rounds === 'JSON' || (Number.isInteger(value) && !Number.isSafeInteger(value))
}

/** Why a value names nothing, and the fix. */
function faultOf(
  value: unknown,
  column: Column | undefined,
  name: string,
  noun: string,
): readonly [what: string, remedy: string] {
  const missing = `what was written without a ${noun} cannot be told apart: store the ${noun} with the row, or leave such rows out in the query`
  if (value === null || value === undefined) return [`no ${noun}`, missing]
  const what = `a ${noun} that is ${inspect(value, { depth: 0 })}`
  if (value === '') return [what, missing]
  if (!isRounded(value, column))
    return [what, `a ${noun} is a text, a number or a UUID: cast it in the query, ${name}::text AS ${name}`]
  return column?.rounds === 'JSON'
    ? [`${what}, read from JSON, which rounds numbers,`, `select it as text: doc->>'id' AS ${name}`]
    : [`${what}, a number with more digits than it can hold exactly,`, `give it as text: ${name}::text AS ${name}`]
}

/** One row for a message, cut where it is long. */
export function showRow(row: Row): string {
  const clean = redactData({ ...row }, registeredSecrets())
  const text = inspect(clean, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 })
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

/** A key as text; `undefined` if the value is not one. */
export function keyText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined
}
