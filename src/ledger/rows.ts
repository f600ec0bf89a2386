import { inspect } from 'node:util'
import { inSlices, mapInSlices } from '../machine/slices.ts'
import { redactGiven } from '../options/redact.ts'
import { registeredSecrets } from '../options/registered-values.ts'
import { columnNamed, type Column } from './columns.ts'
import { canonicalKey, compositeKey, isUuid, type KeyType } from './keys.ts'
import { LedgerError } from './ledger-error.ts'

/** A row of the database: values by column name. */
export type Row = Readonly<Record<string, unknown>>

/** Rows of one query or function. */
export interface Table {
  readonly rows: readonly Row[]
  /** All columns of a query in order; empty for a function, see {@link keyTypeIn}. */
  readonly columns: readonly Column[]
}

/** Rows of a ledger and their keys, by index. */
export interface KeyedRows {
  readonly rows: readonly Row[]
  readonly keys: readonly string[]
}

/** {@link KeyedRows} with the key types for comparing them with a history. */
export interface ReadKeys extends KeyedRows {
  /** One per column of the key. */
  readonly types: readonly KeyType[]
}

/**
 * Keys of all rows, in order and in canonical form. The event loop runs meanwhile.
 * @param columns one column, or those of a composite key
 * @param signal stops it
 * @throws {LedgerError} if a column does not exist, or the key of a row is missing or not a string, number or UUID
 */
export async function readKeys(table: Table, columns: readonly string[], signal?: AbortSignal): Promise<ReadKeys> {
  const { rows } = table
  for (const column of columns) requireColumn(rows, column)
  const types: KeyType[] = []
  const parts: (readonly string[])[] = []
  for (const column of columns) {
    const type = await keyTypeIn(table, column, signal)
    const names = await readNames(table, column, 'key', signal)
    types.push(type)
    parts.push(type === 'text' ? names : await mapInSlices(names, signal, (key) => canonicalKey(key, type)))
  }
  const keys =
    columns.length === 1
      ? parts[0]!
      : await mapInSlices(rows, signal, (_, row) => compositeKey(parts.map((part) => part[row]!)))
  return { rows, keys, types }
}

/**
 * Type of a key: that of a query's column. A function has no types: numbers are compared by value, UUIDs without case if all
 * keys are UUIDs, and other strings verbatim.
 *
 * @throws {LedgerError} if several columns have the name
 */
export async function keyTypeIn({ rows, columns }: Table, column: string, signal?: AbortSignal): Promise<KeyType> {
  const known = columnNamed(columns, column)
  if (known !== undefined) return known.keys
  const first = rows[0]?.[column]
  if (typeof first === 'number' || typeof first === 'bigint') return 'number'
  if (!isUuid(first)) return 'text'
  let areUuids = true
  await inSlices(rows, signal, (row) => (areUuids &&= isUuid(row[column])))
  return areUuids ? 'uuid' : 'text'
}

function requireColumn([first]: readonly Row[], column: string): void {
  if (first === undefined || column in first) return
  throw new LedgerError(
    `the rows have no column "${column}"; they have ${Object.keys(first).join(', ')}`,
    `select it: SELECT … AS ${column}, or name another: key: '${Object.keys(first)[0]}'`,
  )
}

/**
 * Names in a column, by row: keys, transfers or accounts, as strings.
 * @param noun singular noun for the names
 * @throws {LedgerError} if a name is missing, not a string, number or UUID, or not exact
 */
export async function readNames(
  { rows, columns }: Table,
  column: string,
  noun: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const known = columnNamed(columns, column)
  let [wrong, example] = [0, undefined as Row | undefined]
  const names = await mapInSlices(rows, signal, (row) => {
    const name = isRounded(row[column], known) ? undefined : keyText(row[column])
    if (name === undefined) {
      wrong++
      example ??= row
    }
    return name ?? ''
  })
  if (example === undefined) return names
  const [what, fix] = faultOf(example[column], known, column, noun)
  throw new LedgerError(
    `${wrong} of ${rows.length} rows have ${what} in "${column}", the first of them ${showRow(example)}`,
    fix,
  )
}

/** Whether a number may have lost digits: different numbers in the ledger may be equal after reading. */
function isRounded(value: unknown, column: Column | undefined): boolean {
  if (typeof value !== 'number') return false
  return column?.rounds === 'JSON' || (Number.isInteger(value) && !Number.isSafeInteger(value))
}

/** Why a value is not a name, and the fix. */
function faultOf(
  value: unknown,
  column: Column | undefined,
  name: string,
  noun: string,
): readonly [what: string, fix: string] {
  const missing = `rows without a ${noun} cannot be distinguished: store the ${noun} with the row, or exclude such rows in the query`
  if (value === null || value === undefined) return [`no ${noun}`, missing]
  const what = `a ${noun} that is ${inspect(value, { depth: 0 })}`
  if (value === '') return [what, missing]
  const [form, cast] =
    value instanceof Date
      ? [' in the form in which it was sent', `to_char(${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`]
      : value instanceof Uint8Array
        ? [' in the form in which it was sent', `encode(${name}, 'hex')`]
        : ['', `${name}::text`]
  if (!isRounded(value, column))
    return [what, `a ${noun} must be a string, a number or a UUID: cast it in the query${form}, ${cast} AS ${name}`]
  return column?.rounds === 'JSON'
    ? [`${what}, read from JSON, which rounds numbers,`, `select it as text: doc->>'id' AS ${name}`]
    : [`${what}, a number with more digits than it can hold exactly,`, `select it as text: ${name}::text AS ${name}`]
}

/** Row for a message, truncated. */
export function showRow(row: Row): string {
  const clean = redactGiven({ ...row }, registeredSecrets())
  const text = inspect(clean, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 })
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

/** Key as a string; `undefined` if the value is not a key. */
export function keyText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined
}
