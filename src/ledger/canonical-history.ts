import { canonicalKey, compositeKey, showKey, type KeyType } from './keys.ts'
import { LedgerError } from './ledger-error.ts'
import type { RecordedOperations } from './violations.ts'

/** History with its keys in the canonical form of the rows' keys; one type per column of the key. */
export function withCanonicalKeys(
  history: RecordedOperations,
  types: readonly KeyType[],
  isComposite: boolean,
): RecordedOperations {
  if (!isComposite && types[0] === 'text') return history
  const canonical = isComposite
    ? (key: string) => canonicalParts(key, types)
    : (key: string) => canonicalKey(key, types[0]!)
  return {
    steps: history.steps,
    size: history.size,
    *operations() {
      for (const operation of history.operations()) yield { ...operation, key: canonical(operation.key) }
    },
  }
}

function canonicalParts(key: string, types: readonly KeyType[]): string {
  const parts = partsOf(key)
  if (parts?.length === types.length) return compositeKey(parts.map((part, at) => canonicalKey(part, types[at]!)))
  throw new LedgerError(
    `key names ${types.length} columns, and the history recorded the key ${showKey(key)}`,
    'record as many parts, in the same order: record: { key: ({ headers }) => [headers["x-tenant"], headers["idempotency-key"]] }',
  )
}

function partsOf(key: string): readonly string[] | undefined {
  if (!key.startsWith('["')) return undefined
  try {
    return JSON.parse(key) as readonly string[]
  } catch {
    return undefined
  }
}
