import { type KeyType, keyTypeOf } from './keys.ts'
import { LedgerError } from './ledger-error.ts'

/** A column of a query's result, as the server describes it. */
export interface Column {
  readonly name: string
  /** How keys in it are compared. */
  readonly keys: KeyType
  /** Set if numbers in it are not exact, or not once they are read: JSON's are read as floating-point numbers. */
  readonly rounds?: 'floating-point' | 'JSON'
}

/**
 * @param typeId Postgres' identifier of the type; a domain is described by the type that it is made of
 * @param typeName of a type that an extension defined
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
 * The column that rows are read by. Of several of one name the driver keeps the last one's values only.
 * @returns `undefined` if nothing is known of it
 * @throws {LedgerError} if several columns have that name
 */
export function columnNamed(columns: readonly Column[], name: string): Column | undefined {
  const found = columns.filter((column) => column.name === name)
  if (found.length <= 1) return found[0]
  throw new LedgerError(
    `the query returns ${found.length} columns named "${name}", so that nobody knows which of them is meant`,
    `select the one that is meant, in place of *: SELECT p.${name}; or name the other: o.${name} AS other_${name}`,
  )
}
