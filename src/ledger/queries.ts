import { readAmount, type Amount } from './amount.ts'
import { LedgerError } from './ledger-error.ts'
import type { Table } from './rows.ts'
import { readStatement, refuseActions, showSql, type Statement } from './statement.ts'

/** A query with the parameters it uses. */
export interface BoundQuery {
  readonly sql: string
  readonly params: readonly string[]
}

/**
 * Gives `$1` its value if the query uses it. Comments and semicolons at the end are left out.
 * @throws {LedgerError} if no run id is known, or the query is not one that only reads
 */
export function bindRunId(query: string, runId: string | undefined): BoundQuery {
  const statement = readStatement(query)
  refuseActions(statement)
  const { sql } = statement
  if (!usesRunId(statement)) return { sql, params: [] }
  if (runId === undefined) {
    throw new LedgerError(
      `the query uses $1, but no run id is known here: ${showSql(sql)}`,
      'give the history whose rows are meant: { history: run.history }',
    )
  }
  return { sql, params: [runId] }
}

/**
 * Rows of another run would be taken for this run's: as unexpected, or worse, as what this run was told and lost.
 * @throws {LedgerError} if the query does not say which run it means
 */
export function requireScope(query: string): void {
  if (usesRunId(readStatement(query))) return
  throw new LedgerError(
    `the query must be scoped to this run, whose id is $1: ${showSql(query)}`,
    "store the scenario's runId with the row or begin keys with it, and write WHERE run_id = $1, or WHERE starts_with(key, $1); where the table holds nothing but this run's rows, say so: { unscoped: true }",
  )
}

/** A query for the number of rows another one gives. */
export function countRows({ sql, params }: BoundQuery): BoundQuery {
  return { sql: `SELECT count(*) AS rows FROM (${sql}\n) AS counted`, params }
}

/** @throws {LedgerError} if the rows are anything but one exact number */
export function readTotal({ rows, columns }: Table, source: string): Amount {
  const values = Object.values(rows[0] ?? {})
  // Of two columns of one name a row holds one.
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
