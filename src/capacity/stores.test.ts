import { createServer, type AddressInfo } from 'node:net'
import pg from 'pg'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { testContext } from '../../fixtures/services/context.ts'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import { capacityOf } from '../evidence/utilization-evidence.ts'
import type { Store } from '../machine/store-kinds.ts'
import { postgres } from '../services/postgres/postgres.ts'
import { redis } from '../services/redis/redis.ts'
import type { StartedService } from '../services/service.ts'
import { createCapacity } from './capacity.ts'
import { connectPostgres } from './postgres-sample.ts'
import { connectRedis, parseInfo } from './redis-sample.ts'

let context: Awaited<ReturnType<typeof testContext>>
let [postgresUrl, redisUrl] = ['', '']
const started: StartedService[] = []

beforeAll(async () => {
  context = await testContext()
  const services = await Promise.all([
    postgres({ provider: 'embedded', settings: { max_connections: 20, reserved_connections: 2 } }).start(context),
    redis({ provider: 'embedded', maxmemory: '64mb', maxmemoryPolicy: 'volatile-lru' }).start(context),
  ])
  started.push(...services)
  ;[postgresUrl, redisUrl] = services.map(({ connection }) => connection['url']!) as [string, string]
})
afterAll(async () => {
  await Promise.all(started.map((service) => service[Symbol.asyncDispose]()))
  await context[Symbol.asyncDispose]()
})

/** A server that accepts connections and never responds. */
async function muteServer(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function client(url = postgresUrl): Promise<pg.Client> {
  const connected = new pg.Client({ connectionString: url })
  connected.on('error', () => {})
  await connected.connect()
  onTestFinished(() => connected.end().catch(() => {}))
  return connected
}

describe('Postgres', () => {
  async function sampled(url = postgresUrl) {
    const connected = await connectPostgres(url)
    onTestFinished(() => connected.close())
    return connected
  }

  test('reads connections of other clients, the limit, transactions and blocks', async () => {
    const { read } = await sampled()
    const before = await read()
    const busy = await client()
    await busy.query('BEGIN')
    await busy.query('SELECT pg_sleep(0.05)')
    const found = await read()
    expect(found.connections).toBe(before.connections + 1)
    expect(found.maxConnections, 'less three for superusers and two reserved').toBe(15)
    expect(found.longestTransactionMs).toBeGreaterThanOrEqual(50)
    expect(found.hiddenConnections).toBe(0)
    expect(found.blocksHit).toBeGreaterThan(0)
    await busy.query('ROLLBACK')
    expect((await read()).longestTransactionMs).toBe(0)
  })

  test('counts a deadlock', async () => {
    const { read } = await sampled()
    const [a, b] = [await client(), await client()]
    await a.query('CREATE TABLE locks (id int)')
    onTestFinished(() => void a.query('DROP TABLE locks').catch(() => {}))
    await a.query('INSERT INTO locks VALUES (1), (2)')
    const before = await read()
    for (const [session, id] of [
      [a, 1],
      [b, 2],
    ] as const) {
      await session.query("SET deadlock_timeout = '10ms'")
      await session.query('BEGIN')
      await session.query('SELECT FROM locks WHERE id = $1 FOR UPDATE', [id])
    }
    const other = (session: pg.Client, id: number) =>
      session.query('SELECT FROM locks WHERE id = $1 FOR UPDATE', [id]).catch((error: Error) => error.message)
    const both = Promise.all([other(a, 2), other(b, 1)])
    expect(await both).toContain('deadlock detected')
    await Promise.all([a.query('ROLLBACK'), b.query('ROLLBACK')])
    // Sessions flush their statistics when they are idle.
    while ((await read()).deadlocks === before.deadlocks) await a.query('SELECT pg_stat_force_next_flush()')
    expect((await read()).deadlocks).toBe(before.deadlocks + 1)
  })

  test('counts connections whose activity is hidden from the role, and how many these are', async () => {
    const admin = await client()
    await admin.query("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    onTestFinished(() => void admin.query('DROP ROLE guest').catch(() => {}))
    const guest = await sampled(postgresUrl.replace(/\/\/[^@]+@/, '//guest:guest@'))
    const found = await guest.read()
    expect(found.connections).toBeGreaterThanOrEqual(1)
    expect(found.hiddenConnections).toBe(found.connections)
  })

  test('reconnects after a lost connection', async () => {
    const { read } = await sampled()
    const admin = await client()
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vitest-slo capacity'",
    )
    await expect(read()).rejects.toThrow(/terminat|closed|connection error/i)
    expect((await read()).maxConnections).toBe(15)
  })

  test('rejects an unreachable server, without the password', async () => {
    const message = await connectPostgres('postgres://app:s3cret@127.0.0.1:1/shop').catch(
      (error: Error) => error.message,
    )
    expect(message).toBe(
      'capacity cannot be sampled at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\nFix: correct PERF_DATABASE_URL, or unset it: assertions on it are then skipped',
    )
    const wrong = postgresUrl.replace(/:[^:@]+@/, ':s3cret@')
    await expect(connectPostgres(wrong)).rejects.toThrow(/password authentication failed/)
    const unreadable = await connectPostgres('postgres://app:s3cret@[/shop').catch((error: Error) => error.message)
    expect(unreadable).not.toContain('s3cret')
  })
})

describe('Redis', () => {
  async function sampled() {
    const connected = await connectRedis(redisUrl)
    onTestFinished(() => connected.close())
    return connected
  }

  test('reads memory, limit, policy and look-ups', async () => {
    const { read } = await sampled()
    const before = await read()
    const app = createClient({ url: redisUrl })
    await app.connect()
    await app.set('a', 'x'.repeat(1024 * 1024))
    await app.get('a')
    await app.get('b')
    app.destroy()
    const found = await read()
    expect(found).toMatchObject({ maxMemoryBytes: 64 * 1024 * 1024, policy: 'volatile-lru', evictedKeys: 0 })
    expect(found.usedMemoryBytes - before.usedMemoryBytes).toBeGreaterThan(1024 * 1024)
    expect(found.keyspaceHits - before.keyspaceHits).toBe(1)
    expect(found.keyspaceMisses - before.keyspaceMisses).toBe(1)
  })

  test('reconnects after a lost connection', async () => {
    const { read } = await sampled()
    const admin = createClient({ url: redisUrl })
    await admin.connect()
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
    admin.destroy()
    // The next read fails or reconnects, depending on when the system reports the lost connection.
    await read().catch(() => {})
    expect((await read()).policy).toBe('volatile-lru')
  })

  test('rejects an unreachable server within seconds, without the password', async () => {
    await expect(connectRedis('redis://:s3cret@127.0.0.1:1')).rejects.toThrow(
      'capacity cannot be sampled at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\nFix: correct PERF_REDIS_URL, or unset it: assertions on it are then skipped',
    )
    await expect(connectRedis(redisUrl.replace(/:[^:@]+@/, ':s3cret@'))).rejects.toThrow(/WRONGPASS|NOAUTH/)
    await expect(connectRedis(`redis://127.0.0.1:${await muteServer()}`)).rejects.toThrow(/capacity cannot be sampled/)
  })

  test('parses INFO with CRLF line ends', () => {
    expect(parseInfo('# Memory\r\nused_memory:1024\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n')).toMatchObject({
      usedMemoryBytes: 1024,
      maxMemoryBytes: 0,
      policy: 'noeviction',
    })
  })
})

describe('stores of a run', () => {
  const run: TimedRun = {
    [windowOf]: () => ({
      ...{ run: 'http 1', scope: 'steady phase', runStartMs: 0, runEndMs: 1, settledMs: 1 },
      spans: [{ startMs: 0, endMs: Number.MAX_SAFE_INTEGER }],
    }),
  }
  const at = (name: string, kind: 'postgres' | 'redis', url: string): Store => ({ name, kind, url, isAbsent: false })

  test('are found by kind; if there are several, the scenario names one', async () => {
    const orders = at('orders', 'postgres', postgresUrl)
    const sessions = at('sessions', 'redis', redisUrl)
    await using one = await createCapacity({ pids: [], stores: [orders, sessions] })
    const evidence = (await one.during(run))[capacityOf]()
    expect(evidence.postgresConnections()).toMatchObject({ sampleCount: expect.any(Number), invalidities: [] })
    expect(evidence.redisMemory()).toMatchObject({ invalidities: [] })

    await using two = await createCapacity({ pids: [], stores: [orders, at('users', 'postgres', postgresUrl)] })
    expect((await two.during(run))[capacityOf]().postgresConnections().invalidities).toMatchObject([
      {
        finding: expect.stringContaining('this run has 2 Postgres services'),
        fix: expect.stringContaining("capacity.during(run, { postgres: 'orders' })"),
      },
    ])
    expect((await two.during(run, { postgres: 'users' }))[capacityOf]().postgresConnections().invalidities).toEqual([])
    expect(
      (await two.during(run, { postgres: 'stock' }))[capacityOf]().postgresConnections().invalidities,
    ).toMatchObject([{ finding: expect.stringContaining('no Postgres service is named "stock"') }])
    await expect(two.during(run, { database: 'users' } as object)).rejects.toThrow('database: unknown option')
  })

  test('only make assertions on Redis invalid if its user may not run INFO', async () => {
    const admin = createClient({ url: redisUrl })
    await admin.connect()
    await admin.sendCommand(['ACL', 'SETUSER', 'least', 'on', '>pass-of-user', '~*', '-@all', '+get', '+set'])
    admin.destroy()
    const url = Object.assign(new URL(redisUrl), { username: 'least', password: 'pass-of-user' }).href
    const stores = [at('cache', 'redis', url), at('orders', 'postgres', postgresUrl)]
    await using capacity = await createCapacity({ pids: [], stores })
    const evidence = (await capacity.during(run))[capacityOf]()
    expect(evidence.postgresConnections().invalidities).toEqual([])
    const [invalidity] = evidence.redisMemory().invalidities
    const { host } = new URL(redisUrl)
    expect(invalidity).toEqual({
      reason: 'metric-missing',
      finding: `Redis at ${host} refuses INFO to the user least, so its memory, policy and evictions are unknown`,
      fix: 'allow the command: ACL SETUSER least +info (it returns no keys or values)',
    })
    expect(evidence.evictionPolicy().invalidities).toEqual([invalidity])
  })
})
