import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { containersSkipped } from '../../../fixtures/services/containers.ts'
import { failureOf, testContext } from '../../../fixtures/services/context.ts'
import type { StartedService } from '../service.ts'
import { connectPostgres } from './postgres-client.ts'
import { postgres, type PostgresOptions } from './postgres.ts'

type Context = Awaited<ReturnType<typeof testContext>>

const skipped = await containersSkipped()
if (skipped) console.info(`Postgres in a container is skipped: ${skipped}`)

const SCHEMA = `
  CREATE TABLE migrations (version int PRIMARY KEY);
  INSERT INTO migrations VALUES (1);
  CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
  CREATE TABLE entries (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id int REFERENCES users, amount int);
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'entries are never removed'; END $$;`

const WITH_DATA: PostgresOptions = {
  settings: { max_connections: 37, work_mem: '6MB' },
  async migrate(db) {
    await db.query(SCHEMA)
  },
  async seed(db) {
    await db.query(`INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, $1::int) n`, [25])
  },
}

/** A server for the external provider. */
let context: Context
let host: StartedService
beforeAll(async () => {
  context = await testContext()
  host = await postgres({ provider: 'embedded', settings: { max_connections: 37, work_mem: '6MB' } }).start(context)
})
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  await context[Symbol.asyncDispose]()
})

/** A new, empty database on that server. */
async function emptyDatabase(): Promise<string> {
  const name = `test_${Math.random().toString(36).slice(2)}`
  await using db = await connectPostgres('test', hostUrl())
  await db.query(`CREATE DATABASE ${name}`)
  return hostUrl().replace(/[^/]+$/, name)
}

function hostUrl(): string {
  return urlOf(host)
}

function urlOf({ connection }: StartedService): string {
  const { url } = connection
  if (url === undefined) throw new Error('the service has no URL')
  return url
}

async function numberFrom(service: StartedService, sql: string): Promise<number> {
  await using db = await connectPostgres('test', urlOf(service))
  const [row] = await db.query<{ number: string }>(`SELECT (${sql}) AS number`)
  return Number(row?.number)
}

const PROVIDERS = [
  { provider: 'embedded', skip: false, options: async () => ({}) },
  { provider: 'container', skip: skipped !== undefined, options: async () => ({}) },
  { provider: 'external', skip: false, options: async () => ({ url: await emptyDatabase() }) },
] as const

describe.each(PROVIDERS)('postgres(), $provider', ({ provider, skip, options }) => {
  const env = { ...process.env, PERF_SERVICES: '', PERF_DATABASE_URL: '' }

  async function start(extra: PostgresOptions) {
    const own = await testContext({ env })
    const service = await postgres({ provider, ...extra, ...(await options()) }).start(own)
    return {
      service,
      async [Symbol.asyncDispose]() {
        await service[Symbol.asyncDispose]()
        await own[Symbol.asyncDispose]()
      },
    }
  }

  test.skipIf(skip)('is migrated, then seeded, has the settings, and can be reset', async () => {
    await using started = await start(WITH_DATA)
    const { service } = started
    expect(await numberFrom(service, 'SELECT count(*) FROM users')).toBe(25)
    expect(await numberFrom(service, `current_setting('max_connections')::int`)).toBe(37)
    expect(await numberFrom(service, `pg_size_bytes(current_setting('work_mem'))`)).toBe(6 * 2 ** 20)

    await using db = await connectPostgres('test', urlOf(service))
    await db.query(`INSERT INTO users (name) VALUES ('late'); INSERT INTO entries (user_id, amount) VALUES (26, 5)`)
    await service.reset?.()
    expect(await numberFrom(service, 'SELECT count(*) FROM entries')).toBe(0)
    expect(await numberFrom(service, 'SELECT max(id) FROM users')).toBe(25)
    expect(await numberFrom(service, 'SELECT count(*) FROM migrations')).toBe(1)
  })

  test.skipIf(skip)('has a one-line summary without the password, and passes its URL to the target', async () => {
    await using started = await start({ env: 'PGURL' })
    const { service } = started
    expect(service.provider).toBe(provider)
    expect(service.summary).toMatch(new RegExp(`^PostgreSQL \\d+\\.\\d+, ${provider}, [\\w.]+:\\d+, fsync off$`))
    expect(service.env).toEqual({ PGURL: service.connection['url'] })
    expect(service.summary).not.toContain(new URL(urlOf(service)).password)
  })

  test.skipIf(skip)('rejects another password', async () => {
    await using started = await start({})
    const url = new URL(urlOf(started.service))
    url.password = 'a-wrong-password'
    const error = await failureOf(() => connectPostgres('postgres', url.href))
    expect(error.message).toContain('refuses the user perf or the password')
    expect(error.message).not.toContain('a-wrong-password')
  })

  test.skipIf(skip)('is cleaned up when seeding fails', async () => {
    const error = await failureOf(() =>
      start({
        async seed(db) {
          await db.query('INSERT INTO nowhere VALUES (1)')
        },
      }),
    )
    expect(error.message).toContain('seed failed: relation "nowhere" does not exist (42P01)')
  })
})

test.each<[string, NonNullable<PostgresOptions['migrate']>]>([
  ['returned', (db) => db.query('ALTER TABLE nowhere ADD COLUMN v int')],
  ['not awaited', (db) => void db.query('ALTER TABLE nowhere ADD COLUMN v int')],
])('the error of a query that migrate has %s names the service, the step and the error', async (_, migrate) => {
  const url = await emptyDatabase()
  const error = await failureOf(() => postgres({ name: 'orders', provider: 'external', url, migrate }).start(context))
  expect(error.message).toBe(
    'orders: migrate failed: relation "nowhere" does not exist (42P01)\n' +
      "Fix: correct migrate of the service orders; the stack of the error's cause shows where it was thrown",
  )
})

test('a commit survives the crash of a server process, although fsync is off', async () => {
  await using service = await postgres({ provider: 'embedded', ...WITH_DATA }).start(context)
  await using db = await connectPostgres('test', urlOf(service))
  await db.query('CHECKPOINT')
  await db.query(`INSERT INTO users (name) VALUES ('committed')`)
  const [row] = await db.query<{ pid: number; fsync: string }>(
    `SELECT pg_backend_pid() AS pid, current_setting('fsync') AS fsync`,
  )
  expect(row?.fsync).toBe('off')
  process.kill(row?.pid ?? 0, 'SIGKILL')
  // The server closes every other session, replays its log and accepts connections again.
  const committed = () =>
    numberFrom(service, `SELECT count(*) FROM users WHERE name = 'committed'`).catch(() => 'recovering')
  await expect.poll(committed, { timeout: 20_000 }).toBe(1)
})

describe('reset of an external database', () => {
  test('is rejected if it was in use before', async () => {
    const url = await emptyDatabase()
    await using db = await connectPostgres('test', url)
    await db.query(`CREATE TABLE precious (v int); INSERT INTO precious VALUES (1)`)
    const service = await postgres({ provider: 'external', url }).start(context)
    const error = await failureOf(async () => service.reset?.())
    expect(error.message).toContain('reset would empty an external database that was in use before this run')
    expect(error.message).toContain('allowReset: true')
    expect(await numberFrom(service, 'SELECT count(*) FROM precious')).toBe(1)
  })

  test('requires the tables to keep if it was in use before and may be emptied', async () => {
    const url = await emptyDatabase()
    await using db = await connectPostgres('test', url)
    await db.query(`CREATE TABLE versions (v int); INSERT INTO versions VALUES (1)`)
    await db.query(`CREATE TABLE junk (v int); INSERT INTO junk VALUES (1)`)
    const options: PostgresOptions = { provider: 'external', url, allowReset: true }
    const error = await failureOf(() => postgres(options).start(context))
    expect(error.message).toContain(`keptTables: ['public.schema_migrations']`)
    const unknown = await failureOf(() => postgres({ ...options, keptTables: ['versions', 'verions'] }).start(context))
    expect(unknown.message).toContain('Received: verions')

    const service = await postgres({ ...options, keptTables: ['versions'] }).start(context)
    await service.reset?.()
    expect(await numberFrom(service, 'SELECT count(*) FROM versions')).toBe(1)
    expect(await numberFrom(service, 'SELECT count(*) FROM junk')).toBe(0)
  })
})

test('a trigger against TRUNCATE does not prevent a reset', async () => {
  const service = await postgres({
    provider: 'embedded',
    async migrate(db) {
      await db.query(SCHEMA)
      await db.query('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON entries EXECUTE FUNCTION refuse()')
    },
  }).start(context)
  await using _ = service
  await using db = await connectPostgres('test', urlOf(service))
  await db.query('INSERT INTO entries (amount) VALUES (1)')
  await service.reset?.()
  expect(await numberFrom(service, 'SELECT count(*) FROM entries')).toBe(0)
})

test('nothing is started, migrated or reset for an external target', async () => {
  const external = { ...context, isTargetExternal: true }
  const absent = await postgres(WITH_DATA).start(external)
  expect(absent).toMatchObject({ provider: 'absent', connection: {}, env: {} })

  const attached = await postgres({ ...WITH_DATA, url: await emptyDatabase() }).start(external)
  expect(attached.provider).toBe('external')
  expect(attached.reset).toBeUndefined()
  expect(await numberFrom(attached, 'SELECT count(*) FROM pg_class WHERE relname = $$users$$')).toBe(0)
})
