import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startEnvironment, type Environment } from '../services/environment.ts'
import { postgres } from '../services/postgres/postgres.ts'
import { LedgerError } from './ledger-error.ts'
import { bindRunId } from './queries.ts'
import { openSession } from './session.ts'
import { readCode } from './sql-code.ts'

const SCHEMA = `
  CREATE TABLE votes (id serial PRIMARY KEY, key text);
  INSERT INTO votes (key) VALUES ('a');
  CREATE TABLE made (n int);
  CREATE FUNCTION vote() RETURNS int LANGUAGE sql AS $$ INSERT INTO votes (key) VALUES ('f') RETURNING id $$;
  CREATE FUNCTION unlock() RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN SET LOCAL transaction_read_only = off; INSERT INTO votes (key) VALUES ('g'); RETURN 1; END $$;
  CREATE PROCEDURE settle_votes() LANGUAGE plpgsql AS $$ BEGIN COMMIT; INSERT INTO votes (key) VALUES ('p'); END $$;`

let environment: Environment
let url: string
let admin: pg.Pool

beforeAll(async () => {
  const migrate = async (db: { query(sql: string): Promise<unknown> }) => void (await db.query(SCHEMA))
  environment = await startEnvironment({ services: [postgres({ provider: 'embedded', migrate })] })
  url = environment.details.services['postgres']!.connection['url']!
  admin = new pg.Pool({ connectionString: url, max: 2 })
  admin.on('error', () => {})
})

afterAll(async () => {
  await admin?.end()
  await environment?.[Symbol.asyncDispose]()
})

/** Everything that a write could change. */
const STATE = `
  SELECT (SELECT array_agg(key ORDER BY id) FROM votes) AS votes, (SELECT last_value FROM votes_id_seq) AS sequence,
         (SELECT count(*)::int FROM pg_class WHERE relkind IN ('r', 't', 'S')) AS tables,
         (SELECT count(*)::int FROM pg_largeobject_metadata) AS objects,
         (SELECT setting FROM pg_settings WHERE name = 'default_transaction_read_only') AS mode,
         (SELECT count(*)::int FROM pg_roles) AS roles`

function open() {
  return openSession({ url, queryTimeoutMs: 10_000, signal: new AbortController().signal })
}

/** Bypasses the ledger's own check of queries, to see what the server accepts. */
test.for([
  ['a statement after the end of the transaction', 'COMMIT; DELETE FROM votes', '42601'],
  ['several statements', 'SELECT 1; DELETE FROM votes', '42601'],
  ['a plain write', 'DELETE FROM votes', '25006'],
  ['a write in a WITH', "WITH w AS (INSERT INTO votes (key) VALUES ('b') RETURNING 1) SELECT * FROM w", '25006'],
  ['a new table', 'SELECT 1 AS n INTO copied', '25006'],
  ['a temporary table', 'CREATE TEMPORARY TABLE t (n int)', '25006'],
  ['a sequence', "SELECT nextval('votes_id_seq')", '25006'],
  ['a sequence set back', "SELECT setval('votes_id_seq', 1)", '25006'],
  ['a function that writes', 'SELECT vote()', '25006'],
  ['a function that leaves read-only mode', 'SELECT unlock()', '25001'],
  ['a procedure that commits', 'CALL settle_votes()', '2D000'],
  ['a block', "DO $$ BEGIN INSERT INTO votes (key) VALUES ('d'); END $$", '25006'],
  ['a block that commits', "DO $$ BEGIN COMMIT; INSERT INTO votes (key) VALUES ('d'); END $$", '2D000'],
  ['read-write mode', 'SET TRANSACTION READ WRITE', '25001'],
  ['a row lock', 'SELECT * FROM votes FOR UPDATE', '25006'],
  ['a copy into a table', "COPY votes (key) FROM PROGRAM 'echo x'", '25006'],
  ['an analyzed write', 'EXPLAIN ANALYZE DELETE FROM votes', '25006'],
  ['a large object', "SELECT lo_from_bytea(0, 'x')", '25006'],
  ['a setting of the server', "ALTER SYSTEM SET work_mem = '1MB'", '25001'],
  ['a role', 'CREATE ROLE intruder', '25006'],
] as const)('the server refuses %s: %s', async ([, sql, code]) => {
  const before = (await admin.query(STATE)).rows
  await using session = await open()
  await expect(session.query(sql)).rejects.toThrow(`(${code})`)
  // Nothing remains that would let the next query write.
  await expect(session.query("INSERT INTO votes (key) VALUES ('z')")).rejects.toThrow('(25006)')
  expect((await admin.query(STATE)).rows).toEqual(before)
})

test.for(['COMMIT', 'ROLLBACK', 'END', 'ABORT', 'PREPARE TRANSACTION $$x$$'])(
  'a query that ends its transaction is noticed, and what would follow cannot write: %s',
  async (sql) => {
    await using session = await open()
    await session.inSnapshot(async (query) => {
      await expect(query(sql)).rejects.toThrow(LedgerError)
      await expect(query("INSERT INTO votes (key) VALUES ('z')")).rejects.toThrow(LedgerError)
    })
    const { rows } = await admin.query('SELECT count(*)::int AS n FROM votes')
    expect(rows).toEqual([{ n: 1 }])
  },
)

test.for(['SET default_transaction_read_only = off', 'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE'])(
  'a setting of the session is gone with its query: %s',
  async (sql) => {
    await using session = await open()
    await session.query(sql)
    await expect(session.query("INSERT INTO votes (key) VALUES ('z')")).rejects.toThrow('(25006)')
    expect((await session.query('SHOW default_transaction_read_only')).rows).toEqual([
      { default_transaction_read_only: 'on' },
    ])
  },
)

test('openSession() keeps options of the URL', async () => {
  const withOptions = `${url}?options=${encodeURIComponent('-c search_path=pg_catalog')}`
  await using session = await openSession({
    url: withOptions,
    queryTimeoutMs: 10_000,
    signal: new AbortController().signal,
  })
  const { rows } = await session.query(
    `SELECT current_setting('search_path') AS path, current_setting('default_transaction_read_only') AS mode`,
  )
  expect(rows).toEqual([{ path: 'pg_catalog', mode: 'on' }])
})

/** Proxy that rejects an unknown startup parameter with the message of pgBouncer, and forwards everything else. */
async function pooler(refusal: string) {
  const { hostname, port } = new URL(url)
  const starts: string[] = []
  const server = createServer((client) => {
    client.on('error', () => {})
    client.once('data', (start) => {
      starts.push(start.toString('latin1'))
      if (start.includes('options\0')) {
        client.end(fatal('08P01', refusal))
        return
      }
      const database = connect(Number(port), hostname)
      database.on('error', () => client.destroy())
      database.write(start)
      client.pipe(database).pipe(client)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const through = new URL(url)
  through.port = String((server.address() as AddressInfo).port)
  return { url: through.href, starts }
}

/** ErrorResponse of the protocol. */
function fatal(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`)
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

test.for([
  'unsupported startup parameter: options',
  'unsupported startup parameter in options: default_transaction_read_only',
])('a pooler that refuses the read-only session still cannot be written through: %s', async (refusal) => {
  const { url: through, starts } = await pooler(refusal)
  await using session = await openSession({
    url: through,
    queryTimeoutMs: 10_000,
    signal: new AbortController().signal,
  })
  expect(starts.map((start) => start.includes('default_transaction_read_only'))).toEqual([true, false])
  const { rows } = await session.query(
    `SELECT current_setting('default_transaction_read_only') AS session, current_setting('transaction_read_only') AS mode`,
  )
  expect(rows).toEqual([{ session: 'off', mode: 'on' }])
  await expect(session.query("INSERT INTO votes (key) VALUES ('z')")).rejects.toThrow('(25006)')
  await expect(session.query('COMMIT; DELETE FROM votes')).rejects.toThrow('(42601)')
  await session.inSnapshot(async (query) => {
    await expect(query('COMMIT')).rejects.toThrow(LedgerError)
    await expect(query("INSERT INTO votes (key) VALUES ('z')")).rejects.toThrow(LedgerError)
  })
  const { rows: votes } = await admin.query('SELECT key FROM votes')
  expect(votes).toEqual([{ key: 'a' }])
})

test('openSession() reports any other rejection without another attempt', async () => {
  const { url: through, starts } = await pooler('no such database: perf')
  const opening = openSession({ url: through, queryTimeoutMs: 10_000, signal: new AbortController().signal })
  await expect(opening).rejects.toThrow(/cannot be reached \(08P01\)/)
  expect(starts).toHaveLength(1)
})

/** Number of columns of a query as the server reads it, or its error. */
const SEEN = `
  CREATE OR REPLACE FUNCTION public.seen(sql text) RETURNS text LANGUAGE plpgsql AS $seen$
  DECLARE columns text;
  BEGIN
    EXECUTE 'SELECT (SELECT count(*) FROM json_object_keys(row_to_json(t))) FROM (' || sql || E'\\n) AS t' INTO columns;
    RETURN columns;
  EXCEPTION WHEN OTHERS THEN RETURN SQLERRM;
  END $seen$`

test('SQL is read as the server reads it: constants, comments and names end at the same place', async () => {
  await admin.query(SEEN)
  const part = fc.oneof(
    fc.constantFrom(
      "'a'",
      "E'a\\\\'",
      "E'\\''",
      "e''''",
      '$$,$$',
      '$a$,$$,$a$',
      "U&','",
      "B'1'",
      '"a,$"',
      '1',
      '1e2',
      'E',
    ),
    fc.constantFrom(
      "'",
      '$a$',
      '"',
      "\\'",
      "'\\''",
      '/*',
      '*/',
      '--',
      '-',
      '+',
      ',',
      ', ',
      '\n',
      '\r',
      ' ',
      '\t',
      '1$a$',
      'a$',
    ),
  )
  const queries = fc
    .sample(fc.array(part, { minLength: 1, maxLength: 7 }), { numRuns: 2_000, seed: 7 })
    .map((parts) => `SELECT 1 ${parts.join('')}`)
  const { rows } = await admin.query<{ sql: string; seen: string }>(
    'SELECT sql, seen(sql) AS seen FROM unnest($1::text[]) AS sql',
    [queries],
  )
  const names = /"(?:""|[^"])*"/g
  const read = rows.map(({ sql, seen }) => {
    const { code, unterminated } = readCode(sql)
    const columns = code.replaceAll(names, '').split(',').length
    return { sql, seen, received: unterminated === undefined ? String(columns) : 'unterminated' }
  })
  const valid = read.filter(({ seen }) => /^\d+$/.test(seen))
  const broken = read.filter(({ seen }) => seen.startsWith('unterminated'))
  expect(valid.filter(({ seen, received }) => received !== seen)).toEqual([])
  expect(broken.filter(({ received }) => received !== 'unterminated')).toEqual([])
  expect(Math.min(valid.length, broken.length)).toBeGreaterThan(100)
})

test('a backslash is rejected if the server reads it as an escape', async () => {
  const through = `${url}?options=${encodeURIComponent('-c standard_conforming_strings=off')}`
  const { signal } = new AbortController()
  await using session = await openSession({ url: through, queryTimeoutMs: 10_000, signal })
  await expect(session.query(String.raw`SELECT 'a\'', pg_advisory_lock(1) --'`)).rejects.toThrow(
    'the query contains a backslash, and standard_conforming_strings is off in this database',
  )
  expect((await session.query("SELECT 'a' AS a")).rows).toEqual([{ a: 'a' }])
})

test.for([
  ['continues after a comment that a carriage return ends', 'SELECT 1 AS a WHERE false -- c\r OR true', 1],
  ['keeps its condition after such a comment', 'SELECT 1 AS a -- c\r WHERE false', 0],
] as const)('a query %s', async ([, sql, rows]) => {
  await using session = await open()
  const bound = bindRunId(sql, undefined)
  expect((await session.query(bound.sql, bound.params)).rows).toHaveLength(rows)
})
