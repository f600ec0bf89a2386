import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { testContext } from '../../fixtures/services/context.ts'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import '../matchers/register.ts'
import { freePort } from '../services/ports.ts'
import { postgres } from '../services/postgres/postgres.ts'
import { messageOf } from '../testing/message-of.ts'
import { createCapacity } from './capacity.ts'
import { connectPgBouncer } from './pgbouncer-sample.ts'

const COMMAND = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer'].find((path) =>
  existsSync(path),
)
if (COMMAND === undefined) console.info('pgBouncer is skipped: it is not installed (apt-get install pgbouncer)')

/** pgBouncer refuses to run as root. */
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

const POOL_SIZE = 3
const stack = new AsyncDisposableStack()
let port: number
/** Name of the pool: its user is that of the server connections. */
let pool: string

/** Starts a pgBouncer in front of an embedded Postgres. */
async function startPgBouncer(databaseUrl: string): Promise<number> {
  const { hostname, port: databasePort, username, password, pathname } = new URL(databaseUrl)
  const folder = await mkdtemp(join(tmpdir(), 'slo-pgbouncer-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const listenPort = await freePort()
  const server = `host=${hostname} port=${databasePort} dbname=${pathname.slice(1)} user=${username} password=${password}`
  await writeFile(join(folder, 'users.txt'), '"app" "app-word"\n"stats" "stats-word"\n')
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]\nshop = ${server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${listenPort}\nunix_socket_dir =\n` +
      `auth_type = plain\nauth_file = ${folder}/users.txt\nstats_users = stats\npool_mode = transaction\n` +
      `default_pool_size = ${POOL_SIZE}\n`,
  )
  if (isRoot) await chown(folder, NOBODY, NOBODY)
  const child = spawn(COMMAND!, [join(folder, 'pgbouncer.ini')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  })
  stack.defer(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line)
    if (line.includes('process up')) return listenPort
  }
  throw new Error(`pgBouncer did not start:\n${lines.join('\n')}`)
}

beforeAll(async () => {
  if (COMMAND === undefined) return
  const context = stack.use(await testContext())
  const service = stack.use(await postgres({ provider: 'embedded' }).start(context))
  const { url = '' } = service.connection
  pool = `shop/${new URL(url).username}`
  port = await startPgBouncer(url)
})
afterAll(() => stack.disposeAsync())

function consoleUrl(user = 'stats:stats-word'): string {
  return `postgres://${user}@127.0.0.1:${port}/pgbouncer`
}

/** Clients in the middle of a transaction, each of which holds a server connection or waits for one. */
async function clientsInTransactions(count: number): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: count }, async () => {
      const client = new pg.Client({ connectionString: `postgres://app:app-word@127.0.0.1:${port}/shop` })
      client.on('error', () => {})
      await client.connect()
      onTestFinished(() => client.end().catch(() => {}))
      return client
    }),
  )
  const begun = clients.map((client) => client.query('BEGIN').catch(() => {}))
  await Promise.all(begun.slice(0, POOL_SIZE))
}

test.skipIf(COMMAND === undefined)('reads connections in use, pool sizes and waiting clients', async () => {
  const connected = await connectPgBouncer(consoleUrl())
  onTestFinished(() => connected.close())
  await clientsInTransactions(POOL_SIZE + 2)
  let found = await connected.read()
  while (found.waiting < 2 || found.longestWaitMs === 0) found = await connected.read()
  expect(found.pools).toEqual([{ name: pool, used: POOL_SIZE, size: POOL_SIZE }])
  expect(found.waiting).toBe(2)
})

test.skipIf(COMMAND === undefined)('a full pool fails the assertion, which shows the waiting clients', async () => {
  await clientsInTransactions(POOL_SIZE + 1)
  await using capacity = await createCapacity({ pids: [], pgBouncerUrl: consoleUrl(), intervalMs: 20 })
  const startMs = performance.now()
  const until = (endMs: number): TimedRun => {
    const window = { runStartMs: startMs, runEndMs: endMs, settledMs: endMs, spans: [{ startMs, endMs }] }
    return { [windowOf]: () => ({ run: 'http 1', scope: 'steady phase', ...window }) }
  }
  const window = await capacity.during(until(Number.POSITIVE_INFINITY))
  expect(messageOf(() => expect(window).toHavePoolUsageBelow(0.7, { source: 'pgbouncer' }))).toMatch(
    /Received: mean pgBouncer pool = 100% of 3 in pool shop\/\w+ \(\+42.9%\)[^]*at most 1 clients waiting[^]*raise pool_size/,
  )
})

test.skipIf(COMMAND === undefined)('rejects a console that cannot be read, without the password', async () => {
  await expect(connectPgBouncer(consoleUrl('stats:s3cret'))).rejects.toThrow(
    /^capacity cannot be sampled at 127.0.0.1:\d+: (?![^]*s3cret).*\nFix: correct PERF_PGBOUNCER_URL/,
  )
  await expect(connectPgBouncer(consoleUrl('app:app-word'))).rejects.toThrow(/not allowed|admin/)
})
