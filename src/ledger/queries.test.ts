import { expect, test } from 'vitest'
import { LedgerError } from './ledger-error.ts'
import { bindRunId, countRows, readTotal, requireScope } from './queries.ts'
import type { Row } from './rows.ts'

/** Finding and fix of the error. */
async function problemOf(fail: () => unknown): Promise<readonly [string, string]> {
  try {
    await fail()
  } catch (error) {
    if (error instanceof LedgerError) return [error.finding, error.fix]
    throw error
  }
  return ['nothing', 'nothing']
}

test('bindRunId() binds $1 if a query uses it, and keeps its text', () => {
  expect(bindRunId('SELECT 1;', 'run-7')).toEqual({ sql: 'SELECT 1;', body: 'SELECT 1', params: [] })
  expect(bindRunId(' SELECT key FROM t WHERE run_id = $1 ;', 'run-7')).toEqual({
    ...{
      sql: ' SELECT key FROM t WHERE run_id = $1 ;',
      body: ' SELECT key FROM t WHERE run_id = $1',
      params: ['run-7'],
    },
  })
  expect(bindRunId('SELECT $10, a$1', 'run-7').params).toEqual([])
  expect(bindRunId('SELECT $1', 'run-7').params).toEqual(['run-7'])
})

test('bindRunId() rejects $1 without a run id', async () => {
  expect(await problemOf(() => bindRunId('SELECT $1', undefined))).toEqual([
    'the query uses $1, but no run id is known here: SELECT $1',
    'pass the history of the run: { history: run.history }',
  ])
  expect(await problemOf(() => bindRunId('SELECT 1', undefined))).toEqual(['nothing', 'nothing'])
})

test('requireScope() rejects a query without $1', async () => {
  expect(await problemOf(() => requireScope('SELECT key FROM t WHERE run_id = $1'))).toEqual(['nothing', 'nothing'])
  const [problem, fix] = await problemOf(() => requireScope(' SELECT key FROM t\n'))
  expect(problem).toBe('the query must be scoped to this run, whose id is $1: SELECT key FROM t')
  expect(fix).toMatch(/^store the scenario's runId with the row .* set \{ isUnscoped: true \}$/)
})

test('countRows() keeps the parameters', () => {
  const counted = countRows({ sql: '', body: 'SELECT key FROM t WHERE run_id = $1', params: ['run-7'] })
  expect(counted).toEqual({
    sql: 'SELECT count(*) AS rows FROM (SELECT key FROM t WHERE run_id = $1\n) AS counted',
    params: ['run-7'],
  })
})

test('readTotal() requires one exact number', async () => {
  const total = (rows: readonly Row[]) => readTotal({ rows, columns: [] }, 'SELECT sum(x) FROM t')
  expect(total([{ sum: '10' }])).toBe(total([{ sum: 10 }]))

  const fix = 'write SELECT sum(balance) FROM accounts; a function returns [{ total: "12.50" }]'
  const many = 'a total must be one row of one column; SELECT sum(x) FROM t returned'
  expect(await problemOf(() => total([]))).toEqual([`${many} 0 rows of 0`, fix])
  expect(await problemOf(() => total([{ sum: 1 }, { sum: 2 }]))).toEqual([`${many} 2 rows of 1`, fix])
  expect(await problemOf(() => total([{ sum: 1, count: 2 }]))).toEqual([`${many} 1 rows of 2`, fix])
})
