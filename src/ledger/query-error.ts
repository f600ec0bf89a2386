import { formatMs } from '../stats/units.ts'
import { LedgerProblem } from './problem.ts'
import { showSql } from './statement.ts'

/** The SQLSTATE of a query that was ended, by its time-out among others. */
const QUERY_CANCELED = '57014'
const READ_ONLY = '25006'
/** Characters of the line shown on either side of the position. */
const CONTEXT = 70

/** What the driver throws when a query fails. */
interface DriverError {
  readonly code?: string
  readonly message: string
  /** Where in the query, in characters, from 1. */
  readonly position?: string
}

/** Says which query failed and why, and marks the position with a caret if the server names one. */
export function queryFailed(sql: string, error: unknown, queryTimeoutMs: number): LedgerProblem {
  const { code, message, position } = error as DriverError
  if (code === QUERY_CANCELED) {
    return new LedgerProblem(
      `the query took longer than ${formatMs(queryTimeoutMs)}: ${showSql(sql)}`,
      `give the column that scopes it an index, or give it more time: ledger.with({ queryTimeout: '5m' })`,
    )
  }
  const reason = `the query failed: ${message}${code === undefined ? '' : ` (${code})`}`
  const shown = position === undefined ? `: ${showSql(sql)}` : `\n${markPosition(sql, Number(position))}`
  if (code === READ_ONLY) {
    return new LedgerProblem(
      reason + shown,
      'a ledger only reads: change data through the target, or with a client of your own on services.<name>.url',
    )
  }
  return new LedgerProblem(reason + shown, 'correct the query; `$1` is the run id')
}

/** The line of the position with a caret below it, cut on both sides if it is long. */
export function markPosition(sql: string, position: number): string {
  // The server counts characters, JavaScript UTF-16 units.
  const before = Array.from(sql)
    .slice(0, position - 1)
    .join('')
  const lineStart = before.lastIndexOf('\n') + 1
  const line = sql.slice(lineStart).split('\n', 1)[0]!.replaceAll('\t', ' ')
  const column = before.length - lineStart
  const start = Math.max(0, column - CONTEXT)
  const end = Math.min(line.length, column + CONTEXT)
  const shown = `${start > 0 ? '…' : ''}${line.slice(start, end)}${end < line.length ? '…' : ''}`
  const caret = column - start + (start > 0 ? 1 : 0)
  return `  ${shown}\n  ${' '.repeat(caret)}^`
}
