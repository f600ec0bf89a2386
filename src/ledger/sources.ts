import { inspect } from 'node:util'
import type { RowSource } from '../evidence/ledger-evidence.ts'
import { formatMs } from '../stats/units.ts'
import { inTime } from './in-time.ts'
import { LedgerError } from './ledger-error.ts'
import { bindRunId, type BoundQuery } from './queries.ts'
import type { Row, Table } from './rows.ts'
import type { Session } from './session.ts'
import { showSql } from './statement.ts'

/** A source that is ready to be read. */
export interface BoundSource {
  /** Name for messages: the query, or `the function "rows"`. */
  readonly shown: string
  /** Set for a query. */
  readonly query?: BoundQuery
  /** Reads the source; a query runs in the snapshot of a session. */
  read(query: Session['query'] | undefined): Promise<Table>
}

export interface Binding {
  readonly runId: string | undefined
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/**
 * @param name name of its option
 * @throws {LedgerError} if it is an invalid query
 */
export function bindSource(name: string, source: RowSource, { runId, signal, timeoutMs }: Binding): BoundSource {
  if (typeof source === 'string') {
    const query = bindRunId(source, runId)
    return { shown: showSql(query.body), query, read: (run) => run!(query.sql, query.params) }
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
    `allow more time: ledger.with({ queryTimeout: '5m' })`,
  )
  let rows: unknown
  try {
    rows = await inTime((limit) => source({ runId, signal: limit }), { timeoutMs, tooLong, signal })
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
    `${shown} must return an array of rows, but returned ${received}`,
    "return objects by column name: [{ key: 'a-1' }]; in a driver's result they are often result.rows or result[0]",
  )
}
