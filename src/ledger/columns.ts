import { type KeyType, keyTypeOf } from './keys.ts'
import { LedgerError } from './ledger-error.ts'

/** A column of a query's result, as the server describes it. */
export interface Column {
  readonly name: string
  /** Comparison of its keys. */
  readonly keys: KeyType
  /** Set if its numbers are not exact, or not after reading: JSON numbers are read as floating-point numbers. */
  readonly rounds?: 'floating-point' | 'JSON'
}

/**
 * @param typeId Postgres' identifier of the type; for a domain, of its base type
 * @param typeName name of a type that an extension defines
 */
export function columnOf(name: string, typeId: number, typeName?: string): Column {
  const rounds = ROUNDS.get(typeId)
  return { name, keys: keyTypeOf(typeId, typeName), ...(rounds && { rounds }) }
}

const ROUNDS: ReadonlyMap<number, NonNullable<Column['rounds']>> = new Map([
  [700, 'floating-point'],
  [701, 'floating-point'],
  [114, 'JSON'],
  [3802, 'JSON'],
])

/**
 * Column by name. If several have the same name, the driver only keeps the values of the last one.
 * @returns `undefined` if the column is unknown
 * @throws {LedgerError} if several columns have the name
 */
export function columnNamed(columns: readonly Column[], name: string): Column | undefined {
  const found = columns.filter((column) => column.name === name)
  if (found.length <= 1) return found[0]
  throw new LedgerError(
    `the query returns ${found.length} columns named "${name}", which is ambiguous`,
    `select the intended column instead of *: SELECT p.${name}; or rename the other: o.${name} AS other_${name}`,
  )
}
