import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LedgerError } from './ledger-error.ts'
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
    ['SELECT 1 -- one\r+ 2', 'SELECT 1 -- one\r+ 2'],
    ['SELECT 1 -- one\r;', 'SELECT 1'],
    ["SELECT E'a'\n'\\';--' ;", "SELECT E'a'\n'\\';--'"],
    ["SELECT E'a' -- b\r\t'\\';' ;", "SELECT E'a' -- b\r\t'\\';'"],
    ['SELECT 1$a$;$a$ ;', 'SELECT 1$a$;$a$'],
    ['SELECT 1\u00a0;', 'SELECT 1\u00a0'],
  ] as const)('%j is sent as written, and ends after %j', ([query, body]) => {
    expect(readStatement(query)).toMatchObject({ sql: query, body })
  })

  test.for(['SELECT 1; SELECT 2', 'COMMIT; DELETE FROM t', "SELECT ';' ; --\nSELECT 2"])(
    'rejects several statements: %s',
    (query) => {
      expect(() => readStatement(query)).toThrow('a query must be one statement, and this one has several')
    },
  )

  test.for([
    ['SELECT 1 WHERE false /* a', 'comment'],
    ['SELECT 1 /* /* a */', 'comment'],
    ["SELECT 'a''", 'constant'],
    ["SELECT E'a\\'", 'constant'],
    ["SELECT e'a'\n'b\\'", 'constant'],
    ['SELECT "a', 'quoted name'],
    ['SELECT $a$ $b$', 'dollar-quoted constant'],
  ] as const)('rejects %j, with an unterminated %s', ([query, kind]) => {
    expect(() => readStatement(query)).toThrow(`the query has an unterminated ${kind}: `)
  })

  test.for(['', '  ', '-- nothing', ';'])('rejects an empty statement: %j', (query) => {
    expect(() => readStatement(query)).toThrow('the query is empty')
  })

  test('has code of the same length, without quoted text', () => {
    expect(readStatement(`SELECT '$1', "$1", $1 /* $1 */, $$ $1 $$`).code).toBe(
      `SELECT '''', "_1", $1         , ''''''''`,
    )
    const part = fc.constantFrom("'", "''", '"', '$$', '$a$', '--', '/*', '*/', '\n', ';', 'a', ' ', "E'", '\\')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const query = `SELECT 1${parts.join('')}`
        const read = statementOf(query)
        expect(read.code.length).toBe(read.sql.length)
        expect(query.startsWith(read.body)).toBe(true)
      }),
    )
  })

  test('is shown on one line, truncated', () => {
    expect(showSql(' SELECT\n  1 ')).toBe('SELECT 1')
    expect(showSql(`SELECT '${'x'.repeat(400)}'`)).toHaveLength(300)
  })
})

describe('refuseActions()', () => {
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
    `SELECT U&'d\\0061t\\+000061', menu&"mask" FROM t`,
    "SELECT table_to_xml('votes', true, false, ''), query_to_xml, crosstab FROM t",
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
    ["SELECT pg_background_launch('DELETE FROM t')", 'pg_background_launch'],
    ['SELECT pg_advisory_unlock_all()', 'pg_advisory_unlock_all'],
    ['SELECT pg_wal_replay_pause()', 'pg_wal_replay_pause'],
    ['SELECT 1 -- a\r, pg_advisory_lock(1)', 'pg_advisory_lock'],
    ["SELECT E'a'\n'\\'' AS a, pg_advisory_lock(1) AS b, ''", 'pg_advisory_lock'],
    ["SELECT E'a' -- ''\r'\\'', pg_advisory_lock(1), ''", 'pg_advisory_lock'],
    ['SELECT 1$a$ $a$, pg_advisory_lock(1) -- $a$', 'pg_advisory_lock'],
  ])('%s acts outside of the transaction', ([query, name]) => {
    expect(refusal(query!)).toContain(`a ledger only reads, and ${name}() acts outside of the read-only transaction`)
  })
})

describe('refuseActions() for statements with unreadable names', () => {
  const refusal = (query: string) => {
    try {
      refuseActions(readStatement(query))
      return 'nothing'
    } catch (error) {
      return (error as Error).message
    }
  }

  test('rejects SQL in a string', () => {
    expect(refusal(`SELECT query_to_xml('SELECT dblink_exec($$$$)', true, true, '')`)).toBe(
      `a ledger only reads, and query_to_xml() executes SQL given as text, which cannot be checked: SELECT query_to_xml('SELECT dblink_exec($$$$)', true, true, '')\nFix: write what it executes as a query of its own`,
    )
  })

  test.for([
    ["SELECT query_to_xmlschema('SELECT 1', true, true, '')", 'query_to_xmlschema'],
    ["SELECT QUERY_TO_XML_AND_XMLSCHEMA ('SELECT 1', true, true, '')", 'QUERY_TO_XML_AND_XMLSCHEMA'],
    ["SELECT cursor_to_xml('c', 1, true, true, '')", 'cursor_to_xml'],
    [`SELECT * FROM pg_catalog."ts_stat"('SELECT 1')`, 'ts_stat'],
    ["SELECT ts_rewrite('a'::tsquery, 'SELECT 1')", 'ts_rewrite'],
    ["SELECT * FROM xpath_table('a', 'b', 'c', 'd', 'e') AS t(a int)", 'xpath_table'],
    ["SELECT * FROM crosstab4('SELECT 1')", 'crosstab4'],
    ["SELECT * FROM crosstab/* */('SELECT 1') AS t(a int)", 'crosstab'],
    ["SELECT * FROM connectby('t', 'a', 'b', 'c', 0) AS t(a int)", 'connectby'],
  ])('%s', ([query, name]) => {
    expect(refusal(query!)).toContain(`a ledger only reads, and ${name}() executes SQL given as text`)
  })

  test.for([
    `SELECT U&"dblink\\005fexec"('', 'DELETE FROM t')`,
    `SELECT u&"dblink!005fexec"('', 'DELETE FROM t') UESCAPE '!'`,
    `SELECT pg_catalog.U&"pg\\005fadvisory_lock"(1)`,
    `SELECT(U&"a")FROM t`,
  ])('a name by the numbers of its characters: %s', (query) => {
    expect(refusal(query)).toMatch(/^a ledger only reads, and [uU]&" hides a name: [^]*\nFix: write the characters/)
  })
})

/** Statement of a query; empty if there is none or more than one. */
function statementOf(query: string) {
  try {
    return readStatement(query)
  } catch (error) {
    if (error instanceof LedgerError) return { sql: '', code: '', body: '' }
    throw error
  }
}
