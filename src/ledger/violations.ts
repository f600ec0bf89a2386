import type { Finding, FindingKind, Violation } from '../evidence/ledger-evidence.ts'
import type { Operation } from '../history/history.ts'
import { inSlices } from '../machine/slices.ts'
import { showKey } from './keys.ts'
import { showRow, type KeyedRows, type Row } from './rows.ts'

/** Operations of a history; can be read repeatedly. */
export interface RecordedOperations {
  readonly steps: readonly string[]
  readonly size: number
  operations(): Iterable<Operation>
}

/** Named keys of one kind, and the total number. */
export interface ViolatingKeys {
  count: number
  readonly keys: string[]
}

const NAMED_RESPONSES = 5
const NAMED_ROWS = 3

/**
 * Findings with their named violations. Reads history and rows again for the few named keys: keeping this for every key
 * would need more memory than the run itself.
 */
export async function describeViolatingKeys(
  violatingKeys: ReadonlyMap<FindingKind, ViolatingKeys>,
  history: RecordedOperations,
  ledger: KeyedRows,
  signal?: AbortSignal,
): Promise<Finding[]> {
  const keys = new Set([...violatingKeys.values()].flatMap((list) => list.keys))
  const responses = await outcomesOf(keys, history, signal)
  const rows = await rowsOf(keys, ledger, signal)
  return [...violatingKeys].map(([kind, list]) => ({
    kind,
    count: list.count,
    violations: list.keys.map((key): Violation => ({
      subject: `key ${showKey(key)}`,
      responses: responses.get(key) ?? [],
      holds: showRows(rows.get(key) ?? []),
    })),
  }))
}

/** Outcomes of the given keys, oldest first: `VU 3 at 12.4 s: ok (201)`. */
export async function outcomesOf(
  keys: ReadonlySet<string>,
  history: RecordedOperations,
  signal?: AbortSignal,
): Promise<Map<string, string[]>> {
  const operations = new Map<string, Operation[]>()
  if (keys.size > 0) {
    await inSlices(history.operations(), signal, (operation) => {
      if (keys.has(operation.key)) append(operations, operation.key, operation)
    })
  }
  return new Map([...operations].map(([key, all]) => [key, showOutcomes(all, history.steps)]))
}

/** `nothing`, `1 row: { … }`, `2 rows: { … }, { … }` */
export function showRows(rows: readonly Row[]): string {
  if (rows.length === 0) return 'nothing'
  const shown = rows.slice(0, NAMED_ROWS).map(showRow)
  if (rows.length > NAMED_ROWS) shown.push('…')
  return `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}: ${shown.join(', ')}`
}

async function rowsOf(
  keys: ReadonlySet<string>,
  ledger: KeyedRows,
  signal: AbortSignal | undefined,
): Promise<Map<string, Row[]>> {
  const found = new Map<string, Row[]>()
  if (keys.size === 0) return found
  await inSlices(ledger.keys.entries(), signal, ([at, key]) => {
    if (keys.has(key)) append(found, key, ledger.rows[at]!)
  })
  return found
}

function showOutcomes(operations: readonly Operation[], steps: readonly string[]): string[] {
  const shown = operations.slice(0, NAMED_RESPONSES).map((operation) => showOperation(operation, steps))
  const more = operations.length - shown.length
  return more > 0 ? [...shown, `${more} more`] : shown
}

function showOperation(
  { vu, step, startUs, outcome, status, expected: due }: Operation,
  steps: readonly string[],
): string {
  const where = steps.length > 1 ? `, ${steps[step] ?? `step ${step}`}` : ''
  const response = status === 0 ? 'no response' : String(status)
  const expected = due === 'applied' ? '' : `, expected to be ${due}`
  return `VU ${vu}${where} at ${(startUs / 1e6).toFixed(1)} s: ${outcome} (${response})${expected}`
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
