import { readAmount, type Amount } from './amount.ts'
import { LedgerError } from './ledger-error.ts'
import type { Table } from './rows.ts'
import { readStatement, refuseActions, showSql, type Statement } from './statement.ts'

/** A query with its parameters. */
export interface BoundQuery {
  readonly sql: string
  /** The query without comments and semicolons at its end. */
  readonly body: string
  readonly params: readonly string[]
}

/**
 * Binds `$1` if the query uses it. The query is sent as written.
 * @throws {LedgerError} if the query uses `$1` and no run id is known, or if it does not only read
 */
export function bindRunId(query: string, runId: string | undefined): BoundQuery {
  const statement = readStatement(query)
  refuseActions(statement)
  const { sql, body } = statement
  if (!usesRunId(statement)) return { sql, body, params: [] }
  if (runId === undefined) {
    throw new LedgerError(
      `the query uses $1, but no run id is known here: ${showSql(body)}`,
      'pass the history of the run: { history: run.history }',
    )
  }
  return { sql, body, params: [runId] }
}

/**
 * Requires that a query uses `$1`: rows of another run would count as unexpected, or worse, as rows that this run lost.
 * @throws {LedgerError} if the query does not use `$1`
 */
export function requireScope(query: string): void {
  if (usesRunId(readStatement(query))) return
  throw new LedgerError(
    `the query must be scoped to this run, whose id is $1: ${showSql(query)}`,
    "store the scenario's runId with the row or begin keys with it, and write WHERE run_id = $1, or WHERE starts_with(key, $1); if the table only contains this run's rows, set { isUnscoped: true }",
  )
}

/** Query for the number of rows of another query. */
export function countRows({ body, params }: BoundQuery): Pick<BoundQuery, 'sql' | 'params'> {
  return { sql: `SELECT count(*) AS rows FROM (${body}\n) AS counted`, params }
}

/** @throws {LedgerError} if the rows are not a single exact number */
export function readTotal({ rows, columns }: Table, source: string): Amount {
  const values = Object.values(rows[0] ?? {})
  // A row contains only one of two columns with the same name.
  const width = Math.max(values.length, columns.length)
  if (rows.length !== 1 || width !== 1) {
    throw new LedgerError(
      `a total must be one row of one column; ${source} returned ${rows.length} rows of ${width}`,
      'write SELECT sum(balance) FROM accounts; a function returns [{ total: "12.50" }]',
    )
  }
  return readAmount(values[0], `total of ${source}`, columns[0])
}

function usesRunId({ code }: Statement): boolean {
  return /\$1(?!\d)/.test(code)
}
