import { readAmount } from './amount.ts'
import type { Amount } from './amount.ts'
import { LedgerProblem } from './problem.ts'
import type { Session } from './session.ts'

/** A query with the parameters it uses. */
export interface BoundQuery {
  readonly sql: string
  readonly params: readonly string[]
}

/** Gives `$1` its value where the query uses it. @throws {LedgerProblem} where no run id is known */
export function bindRunId(sql: string, runId: string | undefined): BoundQuery {
  const text = sql.trim().replace(/;$/, '')
  if (!usesRunId(text)) return { sql: text, params: [] }
  if (runId === undefined) {
    throw new LedgerProblem(
      `the query uses $1, but no run id is known here: ${text}`,
      'give the history whose rows are meant: { history: run.history }',
    )
  }
  return { sql: text, params: [runId] }
}

/**
 * Rows of another run would be taken for this run's: as phantoms, or worse, as what this run was told and lost.
 * @throws {LedgerProblem} where the query does not say which run it means
 */
export function requireScope(sql: string): void {
  if (usesRunId(sql)) return
  throw new LedgerProblem(
    `the query must be scoped to this run, whose id is $1: ${sql.trim()}`,
    "store the scenario's runId with the row or begin keys with it, and write WHERE run_id = $1, or WHERE starts_with(key, $1); where the table holds nothing but this run's rows, say so: { unscoped: true }",
  )
}

/** A query for the number of rows another one gives. */
export function countRows({ sql, params }: BoundQuery): BoundQuery {
  return { sql: `SELECT count(*) AS rows FROM (${sql}) AS counted`, params }
}

/** @throws {LedgerProblem} where the query gives anything else than one exact number */
export async function readTotal(query: Session['query'], { sql, params }: BoundQuery): Promise<Amount> {
  const rows = await query(sql, params)
  const values = Object.values(rows[0] ?? {})
  if (rows.length !== 1 || values.length !== 1) {
    const columns = Object.keys(rows[0] ?? {}).length
    throw new LedgerProblem(
      `a total must be one row of one column; the query gave ${rows.length} rows of ${columns}: ${sql}`,
      'write SELECT sum(balance) FROM accounts',
    )
  }
  return readAmount(values[0], `total of ${sql}`)
}

function usesRunId(sql: string): boolean {
  return /\$1(?!\d)/.test(sql)
}
