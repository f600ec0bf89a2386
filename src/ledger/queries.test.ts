import { expect, test } from 'vitest'
import { LedgerError } from './ledger-error.ts'
import { bindRunId, countRows, readTotal, requireScope } from './queries.ts'
import type { Row } from './rows.ts'

/** What is wrong, and what to do about it. */
async function problemOf(fail: () => unknown): Promise<readonly [string, string]> {
  try {
    await fail()
  } catch (error) {
    if (error instanceof LedgerError) return [error.finding, error.remedy]
    throw error
  }
  return ['nothing', 'nothing']
}

test('$1 is the run id, if a query uses it; what ends the query is left out', () => {
  expect(bindRunId('SELECT 1;', 'run-7')).toEqual({ sql: 'SELECT 1', params: [] })
  expect(bindRunId(' SELECT key FROM t WHERE run_id = $1 ;', 'run-7')).toEqual({
    ...{ sql: ' SELECT key FROM t WHERE run_id = $1', params: ['run-7'] },
  })
  expect(bindRunId('SELECT $10', 'run-7').params).toEqual([])
  expect(bindRunId('SELECT $1', 'run-7').params).toEqual(['run-7'])
})

test('a query that uses it if there is none is told', async () => {
  expect(await problemOf(() => bindRunId('SELECT $1', undefined))).toEqual([
    'the query uses $1, but no run id is known here: SELECT $1',
    'give the history whose rows are meant: { history: run.history }',
  ])
  expect(await problemOf(() => bindRunId('SELECT 1', undefined))).toEqual(['nothing', 'nothing'])
})

test('a query for rows has to say which run it means', async () => {
  expect(await problemOf(() => requireScope('SELECT key FROM t WHERE run_id = $1'))).toEqual(['nothing', 'nothing'])
  const [problem, remedy] = await problemOf(() => requireScope(' SELECT key FROM t\n'))
  expect(problem).toBe('the query must be scoped to this run, whose id is $1: SELECT key FROM t')
  expect(remedy).toMatch(/^store the scenario's runId with the row .* say so: \{ unscoped: true \}$/)
})

test('rows are counted with the same parameters', () => {
  const counted = countRows({ sql: 'SELECT key FROM t WHERE run_id = $1', params: ['run-7'] })
  expect(counted).toEqual({
    sql: 'SELECT count(*) AS rows FROM (SELECT key FROM t WHERE run_id = $1\n) AS counted',
    params: ['run-7'],
  })
})

test('a total is one number, exactly', async () => {
  const total = (rows: readonly Row[]) => readTotal({ rows, columns: [] }, 'SELECT sum(x) FROM t')
  expect(total([{ sum: '10' }])).toBe(total([{ sum: 10 }]))

  const remedy = 'write SELECT sum(balance) FROM accounts; a function returns [{ total: "12.50" }]'
  const many = 'a total must be one row of one column; SELECT sum(x) FROM t returned'
  expect(await problemOf(() => total([]))).toEqual([`${many} 0 rows of 0`, remedy])
  expect(await problemOf(() => total([{ sum: 1 }, { sum: 2 }]))).toEqual([`${many} 2 rows of 1`, remedy])
  expect(await problemOf(() => total([{ sum: 1, count: 2 }]))).toEqual([`${many} 1 rows of 2`, remedy])
})
