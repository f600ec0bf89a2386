import { inspect } from 'node:util'
import { canonicalKey, compositeKey } from './keys.ts'
import type { KeyType } from './keys.ts'
import { LedgerProblem } from './problem.ts'

/** A row as the database gives it: values by column name. */
export type Row = Readonly<Record<string, unknown>>

/** Rows of one query or function. */
export interface Table {
  readonly rows: readonly Row[]
  /** How keys in a column are compared; a column left out: numbers by value, texts as they are. */
  readonly types: Readonly<Record<string, KeyType>>
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
 * @throws {LedgerProblem} if a column does not exist, or a row has no key or one that is no text, number or UUID
 */
export function readKeys({ rows, types: known }: Table, columns: readonly string[]): ReadKeys {
  const types = columns.map((column) => typeOf(column, rows, known))
  const parts = columns.map((column, at) => readColumn(rows, column, types[at]!))
  const keys = columns.length === 1 ? parts[0]! : rows.map((_, row) => compositeKey(parts.map((part) => part[row]!)))
  return { rows, keys, types }
}

function typeOf(column: string, rows: readonly Row[], known: Table['types']): KeyType {
  const type = known[column]
  if (type !== undefined) return type
  return ['number', 'bigint'].includes(typeof rows[0]?.[column]) ? 'number' : 'text'
}

function readColumn(rows: readonly Row[], column: string, type: KeyType): readonly string[] {
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
      return ''
    }
    return canonicalKey(key, type)
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
