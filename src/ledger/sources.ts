import { inspect } from 'node:util'
import type { RowSource } from '../evidence/ledger-evidence.ts'
import { formatMs } from '../stats/units.ts'
import { inTime } from './in-time.ts'
import { LedgerError } from './ledger-error.ts'
import { bindRunId, type BoundQuery } from './queries.ts'
import type { Row, Table } from './rows.ts'
import type { Session } from './session.ts'
import { showSql } from './statement.ts'

/** A source with what it needs to be read. */
export interface BoundSource {
  /** What is read, for messages: the query, or `the function "rows"`. */
  readonly shown: string
  /** Set if it is a query. */
  readonly query?: BoundQuery
  /** Reads it, within the snapshot of a session if it is a query. */
  read(query: Session['query'] | undefined): Promise<Table>
}

export interface Binding {
  readonly runId: string | undefined
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/**
 * @param name of the option that holds it
 * @throws {LedgerError} if it is a query that cannot be used
 */
export function bindSource(name: string, source: RowSource, { runId, signal, timeoutMs }: Binding): BoundSource {
  if (typeof source === 'string') {
    const query = bindRunId(source, runId)
    return { shown: showSql(query.sql), query, read: (run) => run!(query.sql, query.params) }
  }
  const shown = `the function "${name}"`
  return { shown, read: () => readFunction(shown, source, { runId, signal, timeoutMs }) }
}

async function readFunction(
  shown: string,
  source: Exclude<RowSource, string>,
  { runId, signal, timeoutMs }: Binding,
): Promise<Table> {
  const tooLong = new LedgerError(
    `${shown} took longer than ${formatMs(timeoutMs)}`,
    `give it more time: ledger.with({ queryTimeout: '5m' })`,
  )
  let rows: unknown
  try {
    rows = await inTime((over) => source({ runId, signal: over }), { timeoutMs, tooLong, signal })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof LedgerError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new LedgerError(`${shown} failed: ${message}`, 'correct it; it must return an array of rows', {
      cause: error,
    })
  }
  return { rows: checkRows(shown, rows), columns: [] }
}

function checkRows(shown: string, rows: unknown): readonly Row[] {
  const all: readonly unknown[] = Array.isArray(rows) ? rows : [rows]
  const at = all.findIndex((row) => typeof row !== 'object' || row === null || Array.isArray(row))
  if (Array.isArray(rows) && at === -1) return rows as readonly Row[]
  const received = Array.isArray(rows)
    ? `row ${at + 1} as ${inspect(all[at], { depth: 0 })}`
    : inspect(rows, { depth: 0 })
  throw new LedgerError(
    `${shown} must return an array of rows, and returned ${received}`,
    "return objects by column name: [{ key: 'a-1' }]; in a driver's result they are often result.rows or result[0]",
  )
}
