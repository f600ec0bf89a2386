import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LedgerProblem } from './problem.ts'
import { readStatement, refuseActions, showSql } from './statement.ts'

describe('a statement', () => {
  test.for([
    ['SELECT 1', 'SELECT 1'],
    ['SELECT 1;', 'SELECT 1'],
    ['SELECT 1 ; ; ', 'SELECT 1'],
    ['SELECT 1 -- one', 'SELECT 1'],
    ['SELECT 1; -- one\n/* or /* nested */ two; */ ;', 'SELECT 1'],
    ['-- first\nSELECT 1', '-- first\nSELECT 1'],
    ["SELECT ';' -- ';", "SELECT ';'"],
    ["SELECT 'it''s; --' ;", "SELECT 'it''s; --'"],
    ["SELECT E'a\\';--' ;", "SELECT E'a\\';--'"],
    ['SELECT "a;b" ;', 'SELECT "a;b"'],
    ['SELECT $$a;$b$;$$ ;', 'SELECT $$a;$b$;$$'],
    ['SELECT $q$ -- $$ ; $q$ -- end', 'SELECT $q$ -- $$ ; $q$'],
    ['SELECT a$b$c ;', 'SELECT a$b$c'],
  ] as const)('%s', ([query, sql]) => {
    expect(readStatement(query).sql).toBe(sql)
  })

  test.for(['SELECT 1; SELECT 2', 'COMMIT; DELETE FROM t', "SELECT ';' ; --\nSELECT 2"])('%s is several', (query) => {
    expect(() => readStatement(query)).toThrow('a query must be one statement, and this one has several')
  })

  test.for(['', '  ', '-- nothing', ';'])('%j is none', (query) => {
    expect(() => readStatement(query)).toThrow('the query is empty')
  })

  test('the code has the length of the text, and nothing quoted', () => {
    expect(readStatement(`SELECT '$1', "$1", $1 /* $1 */, $$ $1 $$`).code).toBe(
      `SELECT '''', "_1", $1         , ''''''''`,
    )
    const part = fc.constantFrom("'", "''", '"', '$$', '$a$', '--', '/*', '*/', '\n', ';', 'a', ' ', "E'", '\\')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const query = `SELECT 1${parts.join('')}`
        const read = statementOf(query)
        expect(read.code.length).toBe(read.sql.length)
        expect(query.startsWith(read.sql)).toBe(true)
      }),
    )
  })

  test('a query for a message is on one line, and cut', () => {
    expect(showSql(' SELECT\n  1 ')).toBe('SELECT 1')
    expect(showSql(`SELECT '${'x'.repeat(400)}'`)).toHaveLength(300)
  })
})

describe('what a ledger refuses', () => {
  const refusal = (query: string) => {
    try {
      refuseActions(readStatement(query))
      return 'nothing'
    } catch (error) {
      return (error as Error).message
    }
  }

  test.for([
    'SELECT 1',
    '  (SELECT 1) UNION SELECT 2',
    'WITH a AS (SELECT 1) SELECT * FROM a',
    'values (1)',
    'TABLE votes',
    'SHOW server_version',
    'EXPLAIN SELECT 1',
    '/* first */ SELECT 1',
    "SELECT 'dblink(' -- pg_terminate_backend(1)",
    'SELECT lo_get(1), blocked_lo_count, dblink FROM t',
  ])('%s is read', (query) => {
    expect(refusal(query)).toBe('nothing')
  })

  test.for(['COMMIT', 'ROLLBACK', 'SET ROLE admin', 'DO $$ BEGIN END $$', 'COPY t TO PROGRAM $$sh$$', 'CALL p()', '1'])(
    '%s is no query',
    (query) => {
      expect(refusal(query)).toMatch(/^a ledger only reads, and this begins with [^]*\nFix: write a SELECT/)
    },
  )

  test.for([
    ["SELECT dblink_exec('', 'DELETE FROM t')", 'dblink_exec'],
    ['SELECT pg_terminate_backend(1)', 'pg_terminate_backend'],
    ['SELECT PG_CANCEL_BACKEND (1)', 'PG_CANCEL_BACKEND'],
    ['SELECT "lo_unlink"(1)', 'lo_unlink'],
    ['SELECT pg_catalog.pg_advisory_lock(1)', 'pg_advisory_lock'],
    ['SELECT pg_try_advisory_lock(1)', 'pg_try_advisory_lock'],
    ["SELECT set_config('default_transaction_read_only', 'off', false)", 'set_config'],
    ['SELECT pg_reload_conf()', 'pg_reload_conf'],
    ['SELECT pg_switch_wal()', 'pg_switch_wal'],
    ['SELECT pg_stat_reset()', 'pg_stat_reset'],
    ["SELECT pg_logical_emit_message(false, 'a', 'b')", 'pg_logical_emit_message'],
    ["SELECT pg_create_physical_replication_slot('a')", 'pg_create_physical_replication_slot'],
    ['SELECT pg_wal_replay_pause()', 'pg_wal_replay_pause'],
  ])('%s acts outside of the transaction', ([query, name]) => {
    expect(refusal(query!)).toContain(`a ledger only reads, and ${name}() acts outside of the read-only transaction`)
  })
})

/** One that is several, or none, reads as empty. */
function statementOf(query: string) {
  try {
    return readStatement(query)
  } catch (error) {
    if (error instanceof LedgerProblem) return { sql: '', code: '' }
    throw error
  }
}
