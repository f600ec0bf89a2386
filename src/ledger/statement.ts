import { shortened } from '../options/shortened.ts'
import { LedgerError } from './ledger-error.ts'
import { readCode } from './sql-code.ts'

/** One SQL statement. */
export interface Statement {
  /** Text as written: the server reads it, and nobody else decides where it ends. */
  readonly sql: string
  /** Text of the same length, as {@link readCode} returns it. */
  readonly code: string
  /** Text without comments and semicolons at the end, for messages and as part of another query. */
  readonly body: string
}

/**
 * Reads the one statement of a query. It may end in comments and semicolons.
 * @throws {LedgerError} if there is no statement, more than one, or an unterminated comment, constant or name
 */
export function readStatement(sql: string): Statement {
  const { code, unterminated } = readCode(sql)
  if (unterminated !== undefined)
    throw new LedgerError(`the query has an unterminated ${unterminated}: ${showSql(sql)}`, 'terminate it')
  const end = code.replace(/[ \t\n\r\f\v;]+$/, '').length
  if (end === 0) throw new LedgerError(`the query is empty: ${showSql(sql)}`, 'write a SELECT')
  if (code.slice(0, end).includes(';')) {
    throw new LedgerError(
      `a query must be one statement, and this one has several: ${showSql(sql)}`,
      'write one SELECT',
    )
  }
  return { sql, code, body: sql.slice(0, end) }
}

/**
 * Rejects statements that a ledger must not execute. The server rejects writes to the database; this check covers what a
 * read-only transaction allows: commands other than queries, functions that act outside the transaction, and constructs
 * that could hide them. The list cannot be complete: a user-defined function that calls one of them is not detected. Only
 * the privileges of the role are a guarantee.
 *
 * @throws {LedgerError}
 */
export function refuseActions({ code, body: sql }: Statement): void {
  const command = /^[\s(]*(\w*)/.exec(code)![1]!
  if (!QUERIES.test(command)) {
    throw new LedgerError(
      `a ledger only reads, and this begins with ${command === '' ? JSON.stringify(sql.slice(0, 10)) : command.toUpperCase()}: ${showSql(sql)}`,
      'write a SELECT; change data through the target, or with a client of your own on services.<name>.url',
    )
  }
  const action = ACTIONS.exec(code)?.[1]
  if (action !== undefined) {
    throw new LedgerError(
      `a ledger only reads, and ${action}() acts outside of the read-only transaction: ${showSql(sql)}`,
      'leave it out of the query; call it with a client of your own on services.<name>.url',
    )
  }
  const executor = EXECUTORS.exec(code)?.[1]
  if (executor !== undefined) {
    throw new LedgerError(
      `a ledger only reads, and ${executor}() executes SQL given as text, which cannot be checked: ${showSql(sql)}`,
      'write what it executes as a query of its own',
    )
  }
  const escaped = UNICODE_ESCAPES.exec(code)?.[0]
  if (escaped !== undefined) {
    throw new LedgerError(
      `a ledger only reads, and ${escaped} hides a name: ${showSql(sql)}`,
      'write the characters themselves instead of their escapes',
    )
  }
}

/** `U&"d\0061ta"`: a name with escaped characters. */
const UNICODE_ESCAPES = /(?<![\w$\u0080-\uffff])u&"/i

const QUERIES = /^(select|with|values|table|show|explain)$/i

/** Functions that act outside the transaction, or on other sessions. */
const ACTIONS = nameOfCall([
  ...['dblink\\w*', 'postgres_fdw_disconnect\\w*', 'lo_(?!get\\b)\\w+', 'lowrite', 'set_config', 'pg_notify'],
  ...['pg_(?:try_)?advisory_\\w+', 'pg_(?:terminate|cancel)_backend', 'pg_background_\\w+', 'pg_file_\\w+'],
  ...['pg_(?:reload_conf|rotate_logfile|promote|switch_wal|backup_\\w+|start_backup|stop_backup)'],
  ...['pg_(?:stat_reset\\w*|stat_statements_reset|create_\\w+|drop_\\w+|copy_\\w+_slot|prewarm)'],
  ...['pg_(?:logical_(?:emit|slot)_\\w+|replication_(?:origin|slot)_\\w+|wal_replay_(?:pause|resume))'],
  ...['pg_(?:log_backend_memory_contexts|log_standby_snapshot|import_system_collations)'],
])

/** Functions that execute SQL from a string, whose function calls cannot be detected. */
const EXECUTORS = nameOfCall([
  ...['query_to_xml\\w*', 'cursor_to_xml\\w*', 'ts_stat', 'ts_rewrite', 'xpath_table', 'crosstab\\w*', 'connectby'],
])

function nameOfCall(names: readonly string[]): RegExp {
  return new RegExp(`\\b(${names.join('|')})"?\\s*\\(`, 'i')
}

/** Query on one line for a message, truncated. */
export function showSql(sql: string): string {
  return shortened(sql.replace(/\s+/g, ' ').trim(), 300)
}
