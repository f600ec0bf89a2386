import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  ledgerChecks,
  type ConservationCheck,
  type HistoryCheck,
  type ReadContext,
} from '../evidence/ledger-evidence.ts'
import type { History } from '../history/history.ts'
import type { Store } from '../machine/store-kinds.ts'
import { startEnvironment, type Environment } from '../services/environment.ts'
import { postgres } from '../services/postgres/postgres.ts'
import { sampleHistory } from '../testing/sample-history.ts'
import { createLedger, type LedgerContext } from './ledger.ts'
import { openSession } from './session.ts'
import type { Clock } from './settle.ts'

const SCHEMA = `
  CREATE TABLE votes (id serial PRIMARY KEY, key text, run_id text NOT NULL);
  CREATE TABLE accounts (account text PRIMARY KEY, balance numeric NOT NULL, floor bigint);
  CREATE TABLE entries (transfer int, account text, amount numeric, key text);`
const ROWS = 'SELECT id, key, run_id FROM votes WHERE run_id = $1'

let environment: Environment
let databaseUrl: string
let admin: pg.Pool

beforeAll(async () => {
  const migrate = async (db: { query(sql: string): Promise<unknown> }) => void (await db.query(SCHEMA))
  environment = await startEnvironment({
    services: [postgres({ provider: 'embedded', migrate, settings: { max_prepared_transactions: 2 } })],
  })
  databaseUrl = environment.details.services['postgres']!.connection['url']!
  admin = new pg.Pool({ connectionString: databaseUrl, max: 3 })
  admin.on('error', () => {})
})

afterAll(async () => {
  await admin?.end()
  await environment?.[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await admin.query('TRUNCATE votes, accounts, entries RESTART IDENTITY')
})

/** Ledger on a clock that only advances during sleep. */
function ledger(context: Partial<LedgerContext> = {}) {
  const clock = clockWith(async () => {})
  return createLedger({ stores: storeAt(databaseUrl), signal: new AbortController().signal, clock, ...context })
}

function storeAt(url: string, name = 'orders'): readonly Store[] {
  return [{ name, kind: 'postgres', url, isAbsent: false }]
}

async function insertVotes(keys: readonly (string | null)[], runId: string): Promise<void> {
  await admin.query('INSERT INTO votes (key, run_id) SELECT unnest($1::text[]), $2', [keys, runId])
}

function checkHistory(history: History, check: Partial<HistoryCheck> = {}, context: Partial<LedgerContext> = {}) {
  const plan: HistoryCheck = { history, rows: ROWS, key: ['key'], isUnscoped: false, depth: 'once', ...check }
  return ledger(context)[ledgerChecks].history(plan)
}

function checkConservation(check: Partial<ConservationCheck>) {
  const unchanged = { atLeast: '0', atMost: '0' }
  const nothing = { total: undefined, before: undefined, entries: undefined, accounts: undefined, history: undefined }
  return ledger()[ledgerChecks].conservation({ ...nothing, expectedDelta: unchanged, ...check })
}

/** First invalidity of the evidence. */
async function unreadable(
  evidence: Promise<{ readonly invalidities: readonly { reason: string; finding: string }[] }>,
) {
  const [{ reason, finding } = { reason: 'none', finding: '' }] = (await evidence).invalidities
  expect(reason).toBe('ledger-unreadable')
  expect(finding).not.toContain(new URL(databaseUrl).password)
  return finding
}

describe('a history against Postgres', () => {
  test('has no findings if they agree, and the evidence contains counts and the wait', async () => {
    const history = sampleHistory([
      { key: 'a', outcome: 'ok' },
      { key: 'b', outcome: 'unknown' },
      { key: 'c', outcome: 'failed' },
      { key: 'd', outcome: 'unknown' },
    ])
    await insertVotes(['a', 'b'], history.runId)
    await insertVotes(['a', 'x'], 'another run')
    expect(await checkHistory(history)).toEqual({
      findings: [],
      invalidities: [],
      lines: [
        `run ${history.runId}: 4 operations on 4 keys (1 ok, 1 failed, 2 unknown); 2 rows`,
        '2 keys with an unknown outcome: 1 in the ledger, 1 not',
      ],
      waited: 'waited 300 ms: nothing was written for 300 ms; nothing arrived late within 2.00 s',
    })
  })

  test('names lost, unexpected and duplicated keys', async () => {
    const history = sampleHistory([
      { key: 'a', outcome: 'ok' },
      { key: 'b', outcome: 'ok' },
      { key: 'c', outcome: 'failed' },
    ])
    await insertVotes(['b', 'b', 'c'], history.runId)
    const { findings } = await checkHistory(history)
    expect(findings.map(({ kind, violations }) => [kind, violations.map(({ subject }) => subject)])).toEqual([
      ['lost', ['key "a"']],
      ['unexpected', ['key "c"']],
      ['duplicated', ['key "b"']],
    ])
    expect(findings[2]!.violations[0]!.holds).toBe(
      `2 rows: { id: 1, key: 'b', run_id: '${history.runId}' }, { id: 2, key: 'b', run_id: '${history.runId}' }`,
    )
  })

  test('is invalid while a prepared transaction may still add rows', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    await insertVotes(['a'], history.runId)
    const client = await admin.connect()
    await client.query('BEGIN')
    await client.query('INSERT INTO votes (key, run_id) VALUES ($1, $2)', ['a', history.runId])
    await client.query("PREPARE TRANSACTION 'xa-7'")
    client.release()
    try {
      expect(await unreadable(checkHistory(history))).toMatch(
        /did not settle within 10\.0 s: 1 transaction is still open: prepared transaction xa-7/,
      )
    } finally {
      await admin.query("COMMIT PREPARED 'xa-7'")
    }
    expect((await checkHistory(history)).findings).toMatchObject([{ kind: 'duplicated', count: 1 }])
  })

  test('is invalid for an empty history', async () => {
    const { invalidities } = await checkHistory(sampleHistory([], 'mine'))
    expect(await checkHistory(sampleHistory([], 'mine'))).toEqual({ findings: [], invalidities, lines: [] })
    expect(invalidities).toEqual([
      {
        reason: 'no-samples',
        finding: 'the history of run mine contains no operations',
        fix: 'check that the run sent requests, and that record returns a key for each',
      },
    ])
  })

  test('must be scoped to its run', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }], 'mine')
    await insertVotes(['a'], 'mine')
    const rows = 'SELECT key FROM votes'
    expect(await unreadable(checkHistory(history, { rows }))).toContain('must be scoped to this run')
    expect(await unreadable(checkHistory(history, { rows: 'SELECT key FROM votes WHERE id > $10' }))).toContain(
      'scoped',
    )
    expect(await checkHistory(history, { rows, isUnscoped: true })).toMatchObject({ findings: [], invalidities: [] })
  })

  test('rejects rows of another run', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }], 'mine')
    await insertVotes(['a'], 'theirs')
    const rows = `SELECT key, run_id FROM votes WHERE run_id <> $1`
    expect(await unreadable(checkHistory(history, { rows }))).toBe(
      "the query returns rows of another run; this run is mine, the row is { key: 'a', run_id: 'theirs' }",
    )
  })

  test('requires a key in every row', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    await insertVotes(['a', null], history.runId)
    expect(await unreadable(checkHistory(history))).toContain('1 of 2 rows have no key in "key"')
    expect(await unreadable(checkHistory(history, { key: ['idempotency_key'] }))).toBe(
      'the rows have no column "idempotency_key"; they have id, key, run_id',
    )
  })

  test('shows a failed query with the position', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    const rows = 'SELECT kye FROM votes WHERE run_id = $1; -- the votes'
    expect(await unreadable(checkHistory(history, { rows }))).toBe(
      'the query failed: column "kye" does not exist (42703)\n' +
        '  SELECT kye FROM votes WHERE run_id = $1; -- the votes\n' +
        '         ^',
    )
  })

  test('shows a query that fails at runtime without a position, and truncates a long one', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    await insertVotes(['a'], history.runId)
    const rows = `SELECT key, 1 / (id - id)   AS nothing FROM votes\n WHERE run_id = $1`
    expect(await checkHistory(history, { rows })).toEqual({
      findings: [],
      invalidities: [
        {
          reason: 'ledger-unreadable',
          finding:
            'the query failed: division by zero (22012): SELECT key, 1 / (id - id) AS nothing FROM votes WHERE run_id = $1',
          fix: 'correct the query; `$1` is the run id',
        },
      ],
      lines: [],
    })
    const long = `${rows} AND key <> '${'x'.repeat(400)}'`
    const finding = await unreadable(checkHistory(history, { rows: long }))
    expect(finding.replace(/^.*22012\): /, '')).toMatch(/^SELECT .*x…$/)
    expect(finding.replace(/^.*22012\): /, '')).toHaveLength(300)
  })

  test('contains notes, and no line about unknown keys if there are none', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    await insertVotes(['a'], history.runId)
    const { lines } = await checkHistory(history, {}, { notes: () => ['http 1 at 3.0 s: target killed'] })
    expect(lines.slice(1)).toEqual(['http 1 at 3.0 s: target killed'])
  })

  test('ends a query that takes too long', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    const rows = 'SELECT key, pg_sleep(60) FROM votes WHERE run_id = $1'
    await insertVotes(['a'], history.runId)
    const impatient = ledger().with({ queryTimeout: '100ms' })
    const check = { history, rows, key: ['key'], isUnscoped: false, depth: 'once' } satisfies HistoryCheck
    expect(await unreadable(impatient[ledgerChecks].history(check))).toMatch(
      /^the query took longer than 100 ms: SELECT/,
    )
    expect(await ledgerSessions()).toBe(0)
  })

  test('reports an unreachable database without its password', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    const wrong = new URL(databaseUrl)
    wrong.port = '1'
    expect(await unreadable(checkHistory(history, {}, { stores: storeAt(wrong.href) }))).toBe(
      `the database at 127.0.0.1:1 cannot be reached (ECONNREFUSED)`,
    )
    const refused = new URL(databaseUrl)
    refused.password = 'other'
    expect(await unreadable(checkHistory(history, {}, { stores: storeAt(refused.href) }))).toMatch(
      /cannot be reached \(28P01\)/,
    )
    const broken = `not a url ${new URL(databaseUrl).password}`
    expect(await unreadable(checkHistory(history, {}, { stores: storeAt(broken) }))).toBe(
      'the URL of the database is not valid',
    )
  })

  test('waits for a transaction that is still open', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    const writer = await admin.connect()
    onTestFinished(() => writer.release())
    await writer.query('BEGIN')
    await writer.query("INSERT INTO votes (key, run_id) VALUES ('a', $1)", [history.runId])
    const clock = clockWith(async (sleeps) => {
      if (sleeps === 4) await writer.query('COMMIT')
    })
    const { findings, waited } = await checkHistory(history, {}, { clock })
    expect(findings).toEqual([])
    expect(waited).toMatch(/^waited [678]00 ms: open transactions ended, nothing was written for 300 ms; /)
  })

  test('waits for a transaction that has not written yet', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    const writer = await admin.connect()
    onTestFinished(() => writer.release())
    await writer.query('BEGIN')
    await writer.query('SELECT 1')
    const clock = clockWith(async (sleeps) => {
      if (sleeps === 40) await writer.query("INSERT INTO votes (key, run_id) VALUES ('a', $1)", [history.runId])
      if (sleeps === 41) await writer.query('COMMIT')
    })
    const { findings, waited } = await checkHistory(history, {}, { clock })
    expect(findings).toEqual([])
    expect(waited).toMatch(/^waited 4\.\d+ s: open transactions ended, /)
  })

  test('names a transaction that stays open, also for another role', async () => {
    await admin.query(`DROP ROLE IF EXISTS reader`)
    await admin.query(`CREATE ROLE reader LOGIN PASSWORD 'reader'`)
    await admin.query('GRANT SELECT ON votes TO reader')
    onTestFinished(async () => void (await admin.query('DROP OWNED BY reader')))
    const reader = Object.assign(new URL(databaseUrl), { username: 'reader', password: 'reader' })
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    await insertVotes(['a'], history.runId)
    const idle = await admin.connect()
    onTestFinished(() => idle.release())
    await idle.query(`SET application_name = 'orders-api'`)
    await idle.query('BEGIN')
    const stores = storeAt(reader.href)
    expect(await unreadable(checkHistory(history, {}, { stores }))).toMatch(
      /^the ledger did not settle within 10\.0 s: 1 transaction is still open: pid \d+ \(orders-api\)/,
    )
    await idle.query('ROLLBACK')
    expect(await checkHistory(history, {}, { stores })).toMatchObject({ findings: [], invalidities: [] })
  })

  test('is invalid if the database does not settle', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    const clock = clockWith(() => insertVotes(['a'], history.runId))
    expect(await unreadable(checkHistory(history, {}, { clock }))).toMatch(
      /^the ledger did not settle within 10\.0 s: last seen: \d+ rows$/,
    )
  })

  test('ends with its signal during a query, without leaving a session', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    await insertVotes(['a'], history.runId)
    const controller = new AbortController()
    const rows = 'SELECT key, pg_sleep(600) FROM votes WHERE run_id = $1'
    const patient = ledger({ signal: controller.signal }).with({ queryTimeout: '10m' })
    const checked = patient[ledgerChecks].history({ history, rows, key: ['key'], isUnscoped: false, depth: 'once' })
    await sleeping()
    controller.abort(new Error('the scenario was given up'))
    await expect(checked).rejects.toThrow('the scenario was given up')
    expect(await ledgerSessions()).toBe(0)
  })
})

describe('a check without evidence', () => {
  test('is invalid without an acknowledged operation, regardless of the ledger', async () => {
    const refused = sampleHistory([
      { key: 'a', outcome: 'failed' },
      { key: 'b', outcome: 'unknown' },
    ])
    await insertVotes(['b'], refused.runId)
    const { invalidities } = await checkHistory(refused)
    expect(invalidities).toEqual([
      {
        reason: 'no-samples',
        finding: `none of 2 operations of run ${refused.runId} was acknowledged (1 failed, 1 unknown), so nothing has to be in the ledger`,
        fix: expect.stringContaining('find out why the target refused them'),
      },
    ])
    await insertVotes(['b'], refused.runId)
    expect(await checkHistory(refused), 'what is found counts all the same').toMatchObject({
      findings: [{ kind: 'duplicated' }],
      invalidities: [],
    })
  })

  test('is invalid without rows: the query may not read this run', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    const rows = 'SELECT key FROM votes WHERE run_id = $1 AND false'
    const { invalidities } = await checkHistory(history, { rows })
    expect(invalidities).toMatchObject([
      {
        reason: 'no-samples',
        finding: `1 operation was acknowledged, but no rows were read: either all of them are lost, or this source does not return the rows of run ${history.runId}: ${rows}`,
      },
    ])
  })

  test.for([
    [{ entries: 'SELECT transfer, account, amount FROM entries' }, 'no entries were read'],
    [{ accounts: 'SELECT account, balance, floor FROM accounts WHERE false' }, 'no accounts were read'],
    [{ accounts: 'SELECT account, balance FROM accounts' }, 'no account has a floor'],
    [{ accounts: 'SELECT account, balance, floor FROM accounts' }, 'no account has a floor'],
    [
      { total: 'SELECT sum(balance) FROM accounts', accounts: 'SELECT account, balance FROM accounts' },
      'no account has',
    ],
  ] as const)('%o', async ([check, finding]) => {
    await admin.query(`INSERT INTO accounts VALUES ('a', 0, NULL)`)
    const { invalidities } = await checkConservation(check)
    expect(invalidities).toMatchObject([{ reason: 'no-samples', finding: expect.stringContaining(finding) }])
  })

  test('is invalid for conservation if one account has no floor, unless there are entries', async () => {
    await admin.query(`INSERT INTO accounts VALUES ('a', 5, 0), ('b', -5, NULL)`)
    const accounts = 'SELECT account, balance, floor FROM accounts'
    expect((await checkConservation({ accounts })).invalidities).toMatchObject([
      {
        reason: 'no-samples',
        finding:
          '1 of 2 accounts has no floor, and there are no entries to compare balances with, so their balances were not checked: the first is b',
      },
    ])
    expect((await checkConservation({ accounts: `${accounts} WHERE floor IS NOT NULL` })).invalidities).toEqual([])
    const entries = `SELECT 1 AS transfer, account, balance AS amount FROM accounts`
    expect((await checkConservation({ accounts, entries })).invalidities).toEqual([])
  })

  test('is invalid for conservation if nothing was acknowledged', async () => {
    await admin.query(`INSERT INTO accounts VALUES ('a', 0, 0)`)
    const check = { accounts: 'SELECT account, balance, floor FROM accounts' }
    const refused = sampleHistory([{ key: 'a', outcome: 'failed' }])
    expect((await checkConservation({ ...check, history: refused })).invalidities).toMatchObject([
      { reason: 'no-samples', finding: expect.stringContaining('was acknowledged, so nothing had to change') },
    ])
    const sent = sampleHistory([{ key: 'a', outcome: 'ok' }])
    expect((await checkConservation({ ...check, history: sent })).invalidities).toEqual([])
  })
})

describe('keys by their types', () => {
  const UUID = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'

  test.for([
    [`'${UUID}'::uuid`, [UUID]],
    [`'${UUID.toLowerCase()}'`, [UUID.toLowerCase()]],
    ['7.50::numeric', ['7.5', '07.500']],
    ['7::bigint', ['007']],
    [`'a'::char(5)`, ['a']],
  ] as const)('%s is found as %o', async ([column, keys]) => {
    for (const key of keys) {
      const history = sampleHistory([{ key, outcome: 'ok' }])
      const evidence = await checkHistory(history, { rows: `SELECT ${column} AS key`, isUnscoped: true })
      expect(evidence).toMatchObject({ findings: [], invalidities: [] })
    }
  })

  test('are compared without case for citext', async () => {
    await admin.query('CREATE EXTENSION IF NOT EXISTS citext')
    const history = sampleHistory([{ key: 'Order-A', outcome: 'ok' }])
    const rows = `SELECT 'order-a'::citext AS key`
    expect(await checkHistory(history, { rows, isUnscoped: true })).toMatchObject({ findings: [], invalidities: [] })
  })

  test('are lost and unexpected if they differ in case, with a hint', async () => {
    const history = sampleHistory([{ key: UUID, outcome: 'ok' }])
    await insertVotes([UUID.toLowerCase()], history.runId)
    const { findings, lines, hint } = await checkHistory(history)
    expect(findings.map(({ kind }) => kind)).toEqual(['lost', 'unexpected'])
    expect(lines[0]).toBe('as many lost as unexpected (1), identical except for case')
    expect(hint).toContain('SELECT lower(key) AS key')
  })

  test('are compared part by part if they are composite', async () => {
    const sent = [
      { key: JSON.stringify(['shop-1', '007']), outcome: 'ok' },
      { key: JSON.stringify(['shop-2', '7']), outcome: 'ok' },
    ] as const
    const history = sampleHistory(sent)
    const both = `SELECT * FROM (VALUES ('shop-1', 7), ('shop-2', 7)) AS t (tenant, n)`
    const check = { rows: both, key: ['tenant', 'n'], isUnscoped: true }
    expect(await checkHistory(history, check)).toMatchObject({ findings: [], invalidities: [] })
    const one = `SELECT * FROM (VALUES ('shop-1', 7)) AS t (tenant, n)`
    const { findings } = await checkHistory(history, { ...check, rows: one })
    expect(findings).toMatchObject([{ kind: 'lost', violations: [{ subject: 'key ["shop-2","7"]' }] }])
    const single = sampleHistory([{ key: 'a', outcome: 'ok' }])
    expect(await unreadable(checkHistory(single, check))).toBe(
      'key names 2 columns, and the history recorded the key "a"',
    )
  })

  test('are rejected if read from JSON or from one of two columns with the same name', async () => {
    const history = sampleHistory([{ key: '9007199254740992', outcome: 'ok' }], 'mine')
    const json = `SELECT doc->'id' AS key FROM (SELECT '{"id":9007199254740993}'::jsonb AS doc) AS t`
    expect(await unreadable(checkHistory(history, { rows: json, isUnscoped: true }))).toContain(
      '9007199254740992, read from JSON, which rounds numbers',
    )
    const text = json.replace('->', '->>')
    expect((await checkHistory(history, { rows: text, isUnscoped: true })).findings).toMatchObject([
      { kind: 'lost', violations: [{ subject: 'key "9007199254740992"' }] },
      { kind: 'unexpected', violations: [{ subject: 'key "9007199254740993"' }] },
    ])
    const both = "SELECT p.*, o.* FROM (VALUES ('X')) AS p (key) JOIN (VALUES ('9007199254740992')) AS o (key) ON true"
    expect(await unreadable(checkHistory(history, { rows: both, isUnscoped: true }))).toContain('2 columns named "key"')
    const runs = `SELECT '9007199254740992' AS key, 'theirs' AS run_id, 'mine' AS run_id`
    expect(await unreadable(checkHistory(history, { rows: runs, isUnscoped: true }))).toContain(
      'columns named "run_id"',
    )
  })

  test('keep amounts exact to twenty digits, and explain how to cast money', async () => {
    const total = `SELECT sum(x) FROM (VALUES (12345678901234567890.12345678901234567891::numeric(40, 20)),
      (0.00000000000000000009)) AS t (x)`
    expect(await ledger().value(total)).toEqual({ amount: '12345678901234567890.123456789012345679' })
    await expect(ledger().value('SELECT 12.5::money')).rejects.toThrow(
      /is '\$12.50', text formatted for people[^]*::numeric/,
    )
  })
})

describe('rows of a function', () => {
  const UUID = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'
  const OTHER_UUID = '123e4567-e89b-12d3-a456-426614174000'
  const noDatabase = { stores: [], isExternal: true } as const

  test('need no database, and are read again until missing rows have arrived', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }], 'mine')
    const reads: (string | undefined)[] = []
    const rows = ({ runId }: ReadContext): readonly { key: string; run_id: string }[] => {
      reads.push(runId)
      return reads.length < 3 ? [] : [{ key: 'a', run_id: 'mine' }]
    }
    expect(await checkHistory(history, { rows }, noDatabase)).toMatchObject({
      findings: [],
      invalidities: [],
      waited: 'read outside Postgres; 1 finding at first, none after 500 ms; nothing arrived late within 2.00 s',
    })
    expect(reads).toEqual(['mine', 'mine', 'mine', 'mine'])
  })

  test.each([
    ['ignore the case of UUIDs', [UUID.toUpperCase(), OTHER_UUID], []],
    ['are compared verbatim if a key is no UUID', [UUID.toUpperCase(), 'a'], ['lost', 'unexpected']],
    ['count a UUID in both cases as a duplicate', [UUID, UUID.toLowerCase(), OTHER_UUID], ['duplicated']],
  ])('%s', async (_, keys, kinds) => {
    const sent = [UUID.toLowerCase(), keys.at(-1)!]
    const history = sampleHistory(sent.map((key) => ({ key, outcome: 'ok' })))
    const rows = () => keys.map((key) => ({ key }))
    const { findings } = await checkHistory(history, { rows }, noDatabase)
    expect(findings.map(({ kind }) => kind)).toEqual(kinds)
  })

  test('reveal rows that arrive late', async () => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    let reads = 0
    const rows = async (): Promise<{ key: string }[]> => (++reads === 1 ? [{ key: 'a' }] : [{ key: 'a' }, { key: 'a' }])
    expect(await checkHistory(history, { rows }, noDatabase)).toMatchObject({ findings: [{ kind: 'duplicated' }] })
  })

  test('can be totals, entries, accounts and violations, together with queries', async () => {
    await admin.query(`INSERT INTO accounts VALUES ('a', 1.5, 0), ('world', -1.5, NULL)`)
    const entries = async () => [
      { transfer: 1, account: 'a', amount: '1.5' },
      { transfer: 1, account: 'world', amount: '-1.50' },
    ]
    const accounts = 'SELECT account, balance, floor FROM accounts'
    const total = (): { total: bigint }[] => [{ total: 10n }]
    const before = await ledger(noDatabase).value(total)
    expect(before).toEqual({ amount: '10' })
    const evidence = await checkConservation({ entries, accounts, total, before })
    expect(evidence).toMatchObject({ findings: [], invalidities: [], total: { delta: '0', conserved: true } })
    expect((await ledger(noDatabase)[ledgerChecks].invariant(() => [{ debt: 1 }])).findings).toMatchObject([
      { kind: 'violation', count: 1 },
    ])
    expect(await unreadable(checkConservation({ total, before: { amount: undefined } }))).toContain(
      'the total before is unknown',
    )
  })

  test.for<[what: string, rows: () => unknown, finding: string]>([
    [
      'fails',
      () => Promise.reject(new Error('503 Service Unavailable')),
      'the function "rows" failed: 503 Service Unavailable',
    ],
    ['returns a result', () => ({ rows: [] }), 'must return an array of rows, but returned { rows: [] }'],
    ['returns a list of lists', () => [[{ key: 'a' }], ['fields']], 'but returned row 1 as [ [Object] ]'],
    ['returns nothing', () => undefined, 'but returned undefined'],
  ])('are rejected from a function that %s', async ([, rows, finding]) => {
    const history = sampleHistory([{ key: 'a', outcome: 'ok' }])
    expect(await unreadable(checkHistory(history, { rows: rows as never }, noDatabase))).toContain(finding)
  })

  test('abort the signal of a function that takes too long', async () => {
    const aborted = Promise.withResolvers<unknown>()
    const rows = ({ signal }: { readonly signal: AbortSignal }) => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason))
      return new Promise<never>(() => {})
    }
    const impatient = ledger(noDatabase).with({ queryTimeout: '20ms' })
    expect(await unreadable(impatient[ledgerChecks].invariant(rows))).toBe('the function "rows" took longer than 20 ms')
    expect(await aborted.promise).toMatchObject({ name: 'LedgerError' })
  })
})

describe('conservation in Postgres', () => {
  beforeEach(async () => {
    await admin.query(`INSERT INTO accounts VALUES ('a', 70, 0), ('b', 30.25, 0), ('world', -100.25, NULL)`)
    await admin.query(`INSERT INTO entries VALUES
      (1, 'world', -100, 'k1'), (1, 'a', 100, 'k1'), (2, 'a', -30, 'k2'), (2, 'b', 30, 'k2'),
      (3, 'world', -0.25, 'k3'), (3, 'b', 0.25, 'k3')`)
  })
  const total = 'SELECT sum(balance) FROM accounts'
  const entries = 'SELECT transfer, account, amount, key FROM entries'
  const accounts = 'SELECT account, balance, floor FROM accounts'

  test('passes for correct books', async () => {
    const before = await ledger().value(total)
    expect(before).toEqual({ amount: '0' })
    const evidence = await checkConservation({ total, before, entries, accounts })
    expect(evidence).toMatchObject({
      findings: [],
      invalidities: [],
      total: { before: '0', after: '0', delta: '0', conserved: true },
    })
    expect(evidence.lines[0]).toBe('6 entries, 3 accounts')
  })

  test('shows the exact change of a total', async () => {
    const sql = "SELECT sum(balance) FROM accounts WHERE account <> 'world'"
    const before = await ledger().value(sql)
    await admin.query(`UPDATE accounts SET balance = balance + 0.01 WHERE account = 'a'`)
    const range = { atLeast: '0.005', atMost: '0.01' }
    expect((await checkConservation({ total: sql, before, expectedDelta: range })).total).toEqual({
      before: '100.25',
      after: '100.26',
      delta: '0.01',
      conserved: true,
    })
    expect((await checkConservation({ total: sql, before })).total).toMatchObject({ delta: '0.01', conserved: false })
    const more = { atLeast: '0.02', atMost: '0.05' }
    expect((await checkConservation({ total: sql, before, expectedDelta: more })).total).toMatchObject({
      conserved: false,
    })
    expect((await checkConservation({ total: sql })).total).toMatchObject({ before: '0', delta: '100.26' })
  })

  test('names unbalanced transfers with their outcomes, drifted balances, and balances below their floor', async () => {
    await admin.query(`INSERT INTO entries VALUES (4, 'a', 1, 'k4')`)
    await admin.query(`UPDATE accounts SET floor = 31 WHERE account = 'b'`)
    const history = sampleHistory([{ key: 'k4', outcome: 'ok' }])
    const { findings } = await checkConservation({ entries, accounts, history })
    expect(findings.map(({ kind, violations }) => [kind, violations[0]])).toEqual([
      [
        'unbalanced',
        {
          subject: 'transfer 4, key "k4"',
          responses: ['VU 0 at 0.0 s: ok (201)'],
          holds: 'entries that sum to 1: a +1',
        },
      ],
      ['below floor', { subject: 'account b', responses: [], holds: 'a balance of 30.25, its floor is 31' }],
      ['drifted', { subject: 'account a', responses: [], holds: 'a balance of 70, its entries (3) sum to 71' }],
    ])
  })

  test('rejects a total that is not one exact number', async () => {
    const finding = (sql: string) => unreadable(checkConservation({ total: sql }))
    expect(await finding('SELECT balance FROM accounts')).toContain('SELECT balance FROM accounts returned 3 rows of 1')
    expect(await finding('SELECT 1 AS a, 2 AS b')).toContain('returned 1 rows of 2')
    expect(await finding('SELECT sum(balance) FROM accounts WHERE false')).toContain('is null, which is not a number')
    expect(await finding('SELECT 0.5::float8')).toContain('is 0.5, a floating-point number, which is not exact')
    expect(await finding('SELECT 5::real')).toContain('is 5, a floating-point number, which is not exact')
    expect(await finding("SELECT '5'::jsonb")).toContain('is 5, read from JSON, which rounds numbers')
    expect(await finding('SELECT 6 AS a, 5 AS a')).toContain('returned 1 rows of 2')
    await expect(ledger().value('SELECT 5::float8')).rejects.toThrow('which is not exact')
    expect(await finding('SELECT count(*) FROM votes WHERE run_id = $1')).toContain('no run id is known here')
    const wrongBefore = { total, before: { amount: 'a lot' } }
    expect(await unreadable(checkConservation(wrongBefore))).toContain('total before')
  })

  test('rejects columns that round, occur twice, or lack a name', async () => {
    const entry = "SELECT 't1' AS transfer, 'a' AS account, 5 AS amount"
    for (const [check, finding] of [
      [{ entries: entry.replace('5 AS', '5::real AS') }, 'is 5, a floating-point number'],
      [{ accounts: "SELECT 'a' AS account, 5::float8 AS balance" }, 'is 5, a floating-point number'],
      [{ accounts: "SELECT 'a' AS account, 5 AS balance, 5::float4 AS floor" }, 'is 5, a floating-point number'],
      [{ entries: `${entry}, 6 AS amount` }, '2 columns named "amount"'],
      [{ entries: `${entry}, 'b' AS account` }, '2 columns named "account"'],
      [{ entries: entry.replace("'t1'", 'NULL::text') }, '1 of 1 rows have no transfer in "transfer"'],
      [{ accounts: 'SELECT NULL::text AS account, 5 AS balance, 0 AS floor' }, '1 of 1 rows have no account'],
    ] as const)
      expect(await unreadable(checkConservation(check))).toContain(finding)
  })

  test('compares accounts and transfers of different types like keys', async () => {
    const padded = `SELECT t AS transfer, a::char(5) AS account, m AS amount
      FROM (VALUES (1.0, 'a', 5), (1.00, 'b', -5)) AS x (t, a, m)`
    const held = "SELECT 'a' AS account, 5 AS balance UNION ALL SELECT 'b', -5"
    expect(await checkConservation({ entries: padded, accounts: held })).toMatchObject({
      findings: [],
      invalidities: [],
    })
  })

  test('checks only balances, or only entries', async () => {
    expect((await checkConservation({ accounts })).lines[0]).toBe('3 accounts')
    expect((await checkConservation({ entries })).lines[0]).toBe('6 entries')
    const { lines, findings } = await checkConservation({ total })
    expect([lines, findings]).toEqual([[], []])
  })
})

describe('a ledger', () => {
  test('reads, and cannot write', async () => {
    const rows = await ledger().query<{ sum: string }>('SELECT $1::int + 1 AS sum, 2::bigint AS big', [1])
    expect(rows).toEqual([{ sum: 2, big: '2' }])
    await expect(ledger().query("INSERT INTO votes (key, run_id) VALUES ('a', 'b')")).rejects.toThrow(
      'a ledger only reads, and this begins with INSERT',
    )
  })

  test('reads everything of one check in one snapshot', async () => {
    const signal = new AbortController().signal
    await using session = await openSession({ url: databaseUrl, queryTimeoutMs: 5_000, signal })
    const counts = await session.inSnapshot(async (query) => {
      const before = await query('SELECT count(*) FROM votes')
      await insertVotes(['a'], 'mine')
      return [before, await query('SELECT count(*) FROM votes')]
    })
    expect(counts[0]).toEqual(counts[1])
    expect((await session.query('SELECT count(*) FROM votes')).rows).toEqual([{ count: '1' }])
  })

  test('names the rows that violate an invariant', async () => {
    await insertVotes(['a', 'b'], 'mine')
    const { findings } = await ledger({ runId: 'mine' })[ledgerChecks].invariant(
      'SELECT key FROM votes WHERE run_id = $1',
    )
    expect(findings).toEqual([
      {
        kind: 'violation',
        count: 2,
        violations: [
          { subject: 'row 1', responses: [], holds: "{ key: 'a' }" },
          { subject: 'row 2', responses: [], holds: "{ key: 'b' }" },
        ],
      },
    ])
    expect(await ledger()[ledgerChecks].invariant('SELECT 1 WHERE false')).toMatchObject({
      findings: [],
      invalidities: [],
    })
    const [many] = (await ledger()[ledgerChecks].invariant('SELECT generate_series(1, 12) AS n')).findings
    expect([many!.count, many!.violations.length]).toEqual([12, 10])
  })

  test('leaves no session behind', async () => {
    await ledger().query('SELECT 1')
    await ledger()[ledgerChecks].invariant('SELECT 1 WHERE false')
    expect(await ledgerSessions()).toBe(0)
  })

  test('without a database is skipped for an external target, and an error for our own', async () => {
    const { signal } = new AbortController()
    const external = createLedger({ stores: [], isExternal: true, signal })
    expect(external.available).toBe(false)
    expect(await external.value('SELECT 1')).toEqual({ amount: undefined })
    expect(await external[ledgerChecks].invariant('SELECT 1')).toMatchObject({
      skipped: 'no Postgres is known to this run',
    })
    await expect(external.query('SELECT 1')).rejects.toThrow('no Postgres is known to this run\nFix: add it')

    const forgotten = createLedger({ stores: [], signal })
    await expect(forgotten.value('SELECT 1')).rejects.toThrow('no Postgres is known to this run')
    expect(await unreadable(forgotten[ledgerChecks].invariant('SELECT 1'))).toBe('no Postgres is known to this run')
  })

  test('finds its database by kind, and requires a name if there are several', async () => {
    const { signal } = new AbortController()
    const cache: Store = { name: 'postgres', kind: 'redis', url: 'redis://127.0.0.1:1', isAbsent: false }
    const several = createLedger({ stores: [cache, ...storeAt(databaseUrl), ...storeAt(databaseUrl, 'users')], signal })
    expect(await unreadable(several[ledgerChecks].invariant('SELECT 1'))).toBe(
      'this run has 2 Postgres services, and the scenario does not say which: orders, users',
    )
    await expect(several.query('SELECT 1')).rejects.toThrow("Fix: name one: ledger.of('orders')")
    expect(await several.of('users').query('SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(await several.of('users').with({ queryTimeout: '5s' }).query('SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(() => several.of('postgres')).toThrow(
      'service: must be the name of a Postgres service of the config, which are orders, users',
    )
    expect(() => createLedger({ stores: [], signal }).of('orders')).toThrow('and this run has none')
  })

  test('rejects a configured Postgres without a URL, unless the target has its own', async () => {
    const { signal } = new AbortController()
    const store = { name: 'orders', kind: 'postgres' } as const
    const own = createLedger({ stores: [{ ...store, isAbsent: false }], isExternal: true, signal })
    expect(await unreadable(own[ledgerChecks].invariant('SELECT 1'))).toBe('the Postgres service orders has no URL')
    const absent = createLedger({ stores: [{ ...store, isAbsent: true }], isExternal: true, signal })
    expect(await absent[ledgerChecks].invariant('SELECT 1')).toMatchObject({
      skipped: 'the URL of the target’s orders is not known here (PERF_DATABASE_URL)',
    })
  })

  test('reports every unknown option in one error', () => {
    const options: object = { isIdle: true, settleTimeout: 'soon', queryTimeout: 0, timeout: 1 }
    expect(() => ledger().with(options)).toThrowErrorMatchingInlineSnapshot(`
      [OptionsError: ledger.with() received 4 invalid options:

        timeout: unknown option; did you mean queryTimeout? Valid options: isIdle, settleTimeout, settleFor, queryTimeout
          Received: 1
          Fix:      write queryTimeout: 1
        isIdle: must be a function that resolves to true or false
          Received: true
          Fix:      write, for example, isIdle: async () => true
        settleTimeout: must be a duration above 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
          Received: 'soon'
          Fix:      write, for example, settleTimeout: '2m'
        queryTimeout: must be a duration above 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
          Received: 0
          Fix:      write, for example, queryTimeout: '2m']
    `)
    expect(() => ledger().with({ isIdle: async () => true, settleTimeout: '1s', queryTimeout: 500 })).not.toThrow()
  })
})

/** Clock that only advances during sleep, with a callback. */
function clockWith(meanwhile: (sleeps: number) => Promise<void>): Clock {
  let nowMs = 0
  let sleeps = 0
  return {
    nowMs: () => nowMs,
    async sleep(ms) {
      nowMs += ms
      await meanwhile(++sleeps)
    },
  }
}

/** Open sessions of ledgers, after a short wait: ended ones may still be closing. */
async function ledgerSessions(): Promise<number> {
  const sql = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'vitest-slo ledger'`
  const read = async () => (await admin.query<{ count: number }>(sql)).rows[0]!.count
  await expect.poll(read, { timeout: 10_000 }).toBe(0)
  return read()
}

/** Resolves when a session of a ledger executes pg_sleep. */
async function sleeping(): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'vitest-slo ledger' AND wait_event = 'PgSleep'`
  await expect.poll(async () => (await admin.query(sql)).rowCount, { timeout: 10_000 }).toBe(1)
}

test('reports duplicates that were read while other rows were missing, also if a job has removed them since', async () => {
  const history = sampleHistory([
    { key: 'a', outcome: 'ok' },
    { key: 'b', outcome: 'ok' },
  ])
  await insertVotes(['a', 'a'], history.runId)
  const clock = clockWith(async (sleeps) => {
    if (sleeps !== 12) return
    await admin.query('DELETE FROM votes WHERE id = 1')
    await insertVotes(['b'], history.runId)
  })
  const found = await checkHistory(history, {}, { clock })
  expect(found.findings).toMatchObject([{ kind: 'duplicated', count: 1 }])
  expect(found.lines[0]).toContain('gone in a later read')
  const late = sampleHistory([
    { key: 'a', outcome: 'ok' },
    { key: 'c', outcome: 'ok' },
  ])
  await insertVotes(['a'], late.runId)
  const arriving = clockWith(async (sleeps) => void (sleeps === 12 && (await insertVotes(['c'], late.runId))))
  expect((await checkHistory(late, {}, { clock: arriving })).findings).toEqual([])
})

test('names rows that disappear while others are missing, as a job that archives them causes', async () => {
  const history = sampleHistory([
    { key: 'a', outcome: 'ok' },
    { key: 'b', outcome: 'ok' },
    { key: 'c', outcome: 'ok' },
  ])
  let reads = 0
  const archiving = async () => (reads++ === 0 ? [{ key: 'a' }, { key: 'b' }] : [{ key: 'b' }])
  const found = await checkHistory(history, { rows: archiving })
  expect(found.findings).toMatchObject([{ kind: 'lost', count: 2 }])
  expect(found.lines[0]).toBe('1 row that was read before is no longer there')
  expect(found.hint).toContain('UNION ALL')
  const kept = await checkHistory(history, { rows: async () => [{ key: 'a' }, { key: 'b' }] })
  expect(kept.findings).toMatchObject([{ kind: 'lost', count: 1 }])
  expect(kept.hint).toBeUndefined()
})
