import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { testContext } from '../../fixtures/services/context.ts'
import { replicatedPostgres, type ReplicatedPostgres } from '../../fixtures/services/replicated-postgres.ts'
import { ledgerChecks } from '../evidence/ledger-evidence.ts'
import { sampleHistory } from '../testing/sample-history.ts'
import { createLedger } from './ledger.ts'

let context: Awaited<ReturnType<typeof testContext>>
let servers: ReplicatedPostgres
let primary: pg.Pool
let standby: pg.Pool

beforeAll(async () => {
  context = await testContext()
  servers = await replicatedPostgres(context)
  primary = new pg.Pool({ connectionString: servers.primaryUrl, max: 1 })
  standby = new pg.Pool({ connectionString: servers.standbyUrl, max: 1 })
  for (const pool of [primary, standby]) pool.on('error', () => {})
  await primary.query('CREATE TABLE payments (key text, run_id text)')
  await until('pg_last_wal_replay_lsn')
}, 60_000)

afterAll(async () => {
  await Promise.all([primary?.end(), standby?.end()])
  await servers?.[Symbol.asyncDispose]()
  await context?.[Symbol.asyncDispose]()
})

/** Resolves when the standby has received or replayed everything that the primary has written. */
async function until(position: 'pg_last_wal_receive_lsn' | 'pg_last_wal_replay_lsn'): Promise<void> {
  const { rows } = await primary.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn() AS lsn')
  const has = async () => (await standby.query(`SELECT ${position}() >= $1 AS has`, [rows[0]!.lsn])).rows[0]?.has
  await vi.waitUntil(has, { timeout: 20_000, interval: 10 })
}

/** Twenty payments, acknowledged after their commit on the primary. */
async function pay() {
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
  const history = sampleHistory(keys.map((key) => ({ key, outcome: 'ok' as const })))
  await primary.query('INSERT INTO payments SELECT unnest($1::text[]), $2', [keys, history.runId])
  return history
}

/** Checks on the standby, on a clock that only advances during sleep. */
function check(history: Awaited<ReturnType<typeof pay>>, meanwhile = async (_sleeps: number) => {}) {
  let [nowMs, sleeps] = [0, 0]
  const clock = {
    nowMs: () => nowMs,
    async sleep(ms: number) {
      nowMs += ms
      await meanwhile(++sleeps)
    },
  }
  const stores = [{ name: 'payments', kind: 'postgres', url: servers.standbyUrl, isAbsent: false }] as const
  const rows = 'SELECT key FROM payments WHERE run_id = $1'
  return createLedger({ stores, signal: new AbortController().signal, clock })[ledgerChecks].history({
    ...{ history, rows, key: ['key'], isUnscoped: false, depth: 'once' },
  })
}

test('a lagging standby is read after it has replayed what it had received, so nothing is lost', async () => {
  await standby.query('SELECT pg_wal_replay_pause()')
  const history = await pay()
  await until('pg_last_wal_receive_lsn')
  const checked = await check(history, async (sleeps) => {
    if (sleeps !== 30) return
    await standby.query('SELECT pg_wal_replay_resume()')
    await until('pg_last_wal_replay_lsn')
  })
  expect(checked).toMatchObject({ findings: [], invalidities: [] })
  expect(checked.waited).toMatch(/^waited 3\.\d+ s: the replica replayed what it had received, /)
})

test('a standby whose replay stays paused is invalid and reported as a replica', async () => {
  await standby.query('SELECT pg_wal_replay_pause()')
  const history = await pay()
  await until('pg_last_wal_receive_lsn')
  const { findings, invalidities } = await check(history)
  await standby.query('SELECT pg_wal_replay_resume()')
  expect(findings).toEqual([])
  expect(invalidities).toEqual([
    {
      reason: 'ledger-unreadable',
      finding: expect.stringMatching(
        /the database is a replica, .+ behind its primary, and its replay is paused: it did not replay within 10\.0 s what it had received/,
      ),
      fix: expect.stringContaining('read the primary (PERF_DATABASE_URL)'),
    },
  ])
})

test('a standby that lost its primary is invalid', async () => {
  const history = await pay()
  await until('pg_last_wal_replay_lsn')
  await servers.stopPrimary()
  const receivers = async () => (await standby.query('SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL')).rowCount
  await vi.waitUntil(async () => (await receivers()) === 0, { timeout: 20_000, interval: 10 })
  const { findings, invalidities } = await check(history)
  expect(findings).toEqual([])
  expect(invalidities[0]?.finding).toContain('the database is a replica that is not connected to its primary')
})
