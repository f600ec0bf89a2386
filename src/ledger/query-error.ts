import { MASK } from '../options/found.ts'
import { redactText } from '../options/redact.ts'
import { registeredSecrets } from '../options/registered-values.ts'
import { formatMs } from '../stats/units.ts'
import { LedgerError } from './ledger-error.ts'
import { showSql } from './statement.ts'

/** SQLSTATE of a canceled query, e.g. by its timeout. */
const QUERY_CANCELED = '57014'
const READ_ONLY = '25006'
/** Number of characters shown on either side of the position. */
const CONTEXT = 70

/** Error that the driver throws if a query fails. */
interface DriverError {
  readonly code?: string
  readonly message: string
  /** Position in the query, in characters, from 1. */
  readonly position?: string
}

/** Error with the failed query and the reason; a caret marks the position if the server returns one. */
export function queryFailed(sql: string, error: unknown, queryTimeoutMs: number): LedgerError {
  const { code, message, position } = error as DriverError
  if (code === QUERY_CANCELED) {
    return new LedgerError(
      `the query took longer than ${formatMs(queryTimeoutMs)}: ${showSql(sql)}`,
      `index the column that scopes it, or allow more time: ledger.with({ queryTimeout: '5m' })`,
    )
  }
  const reason = `the query failed: ${message}${code === undefined ? '' : ` (${code})`}`
  const shown = position === undefined ? `: ${showSql(sql)}` : `\n${markPosition(sql, Number(position))}`
  if (code === READ_ONLY) {
    return new LedgerError(
      reason + shown,
      'a ledger only reads: change data through the target, or with a client of your own on services.<name>.url',
    )
  }
  return new LedgerError(reason + shown, 'correct the query; `$1` is the run id')
}

/** Line of the position with a caret below it, truncated on both sides. Secrets are masked. */
export function markPosition(sql: string, position: number): string {
  // The server counts characters, JavaScript UTF-16 units.
  const written = Array.from(sql)
    .slice(0, position - 1)
    .join('')
  const clean = redactText(sql, registeredSecrets())
  const before = clean.slice(0, offsetIn(clean, sql, written.length))
  const lineStart = before.lastIndexOf('\n') + 1
  const line = clean.slice(lineStart).split('\n', 1)[0]!.replaceAll('\t', ' ')
  const column = before.length - lineStart
  const start = Math.max(0, column - CONTEXT)
  const end = Math.min(line.length, column + CONTEXT)
  const shown = `${start > 0 ? '…' : ''}${line.slice(start, end)}${end < line.length ? '…' : ''}`
  const caret = column - start + (start > 0 ? 1 : 0)
  return `  ${shown}\n  ${' '.repeat(caret)}^`
}

/** Offset in a text after parts of it were masked: the unmasked parts keep their order. */
function offsetIn(clean: string, text: string, offset: number): number {
  if (clean === text) return offset
  let at = 0
  let cleanAt = 0
  for (const piece of clean.split(MASK)) {
    const found = text.indexOf(piece, at)
    if (found < 0 || offset < found) return cleanAt
    if (offset <= found + piece.length) return cleanAt + offset - found
    at = found + piece.length
    cleanAt += piece.length + MASK.length
  }
  return clean.length
}
