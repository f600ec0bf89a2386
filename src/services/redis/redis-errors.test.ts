import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { failureOf, testContext } from '../../../fixtures/services/context.ts'
import { freePort } from '../ports.ts'
import type { StartedService } from '../service.ts'
import { connectRedis } from './redis-client.ts'
import { redis } from './redis.ts'

/** Installed by the system, or by `npm run setup`. */
const SERVER = 'redis-server'

const pem = (name: string) => new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url).pathname

/** Starts a server with settings that have no option. @returns whether this build of Redis supports them */
async function serverWith(...settings: readonly string[]): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-errors-'))
  const server = spawn(SERVER, ['-'], { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] })
  onTestFinished(async () => {
    if (server.exitCode === null && server.kill()) await once(server, 'exit')
    rmSync(folder, { recursive: true, force: true })
  })
  server.stdin.end(['bind 127.0.0.1', 'save ""', ...settings].join('\n'))
  const { promise, resolve } = Promise.withResolvers<boolean>()
  server.once('exit', () => resolve(false))
  server.once('error', () => resolve(false))
  server.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes('eady to accept connections')) resolve(true)
  })
  return promise
}

const start = async (url: string, options = {}, more = {}): Promise<StartedService & AsyncDisposable> => {
  const context = await testContext(more)
  onTestFinished(() => context[Symbol.asyncDispose]())
  return redis({ provider: 'external', url, ...options }).start(context)
}

const messageOf = async (url: string, options = {}, more = {}) =>
  (await failureOf(() => start(url, options, more))).message.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')

async function ownServer(): Promise<string> {
  const context = await testContext()
  const host = await redis({ provider: 'embedded' }).start(context)
  onTestFinished(async () => {
    await host[Symbol.asyncDispose]()
    await context[Symbol.asyncDispose]()
  })
  return host.connection['url']!
}

describe('a user whose ACL excludes INFO', () => {
  test('starts with the version of the greeting, and may not empty what it may not read', async () => {
    const url = await ownServer()
    await using admin = await connectRedis('test', url)
    const as = async (name: string, ...rules: readonly string[]) => {
      await admin.command('ACL', 'SETUSER', name, 'on', '>pass-of-user', '~*', ...rules)
      return Object.assign(new URL(url), { username: name, password: 'pass-of-user' }).href
    }
    const greeted = await start(await as('reader', '+@all', '-info'))
    expect(greeted.summary).toMatch(/^(?:Redis|Valkey) \d+\.\d+\.\d+, external, /)
    const least = await start(await as('least', '-@all', '+get', '+set'))
    expect(least.summary).toMatch(/^(?:Redis|Valkey) \d+\.\d+\.\d+, external, /)
    expect((await failureOf(async () => least.reset?.())).message).toContain('reset would empty an external database')
    const allowed = await start(await as('allowed', '-@all', '+get', '+set'), { allowReset: true })
    expect((await failureOf(async () => allowed.reset?.())).message).toMatch(
      /reset may not empty the database: NOPERM .*\nFix: allow the user of the URL to run FLUSHDB/,
    )
  })
})

describe('passwords', () => {
  test('reports missing and wrong passwords differently', async () => {
    const url = await ownServer()
    const without = Object.assign(new URL(url), { password: '' }).href
    expect(await messageOf(without)).toMatchInlineSnapshot(`
      "redis: HOST requires a password, and the URL has none
        Received: redis://HOST/0 (NOAUTH Authentication required.)
      Fix: add it to the URL: redis://:password@host:6379, or redis://user:password@host:6379 for an ACL user"
    `)
    const wrong = Object.assign(new URL(url), { password: 'wrong-password' }).href
    expect(await messageOf(wrong)).toMatchInlineSnapshot(`
      "redis: HOST refuses the password or the user
        Received: redis://:***@HOST/0 (WRONGPASS invalid username-password pair or user is disabled.)
      Fix: correct both in the URL (redis://user:password@host:6379); special characters must be percent-encoded"
    `)
  })

  test('reports a password for a server without one', async () => {
    const port = await freePort()
    await serverWith(`port ${port}`)
    expect(await messageOf(`redis://:some-password@127.0.0.1:${port}`)).toMatchInlineSnapshot(`
      "redis: HOST has no password, and the URL has one
        Received: redis://:***@HOST (ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?)
      Fix: remove it from the URL, or set requirepass on that server"
    `)
  })
})

describe('TLS', () => {
  test('errors name TLS and a fix', async ({ skip }) => {
    const [plainPort, tlsPort] = [await freePort(), await freePort()]
    const isThere = await serverWith(
      ...[`port ${plainPort}`, `tls-port ${tlsPort}`, 'tls-auth-clients no'],
      ...[
        `tls-cert-file ${pem('server')}`,
        `tls-key-file ${pem('server-key')}`,
        `tls-ca-cert-file ${pem('authority')}`,
      ],
    )
    if (!isThere) skip('this Redis was built without TLS')
    const messages = [
      await messageOf(`rediss://127.0.0.1:${tlsPort}`),
      await messageOf(`rediss://127.0.0.1:${plainPort}`),
      await messageOf(`redis://127.0.0.1:${tlsPort}`),
    ]
    expect(messages.join('\n')).toMatchInlineSnapshot(`
      "redis: HOST: the TLS certificate of the server is not trusted (SELF_SIGNED_CERT_IN_CHAIN)
        Received: rediss://HOST (self-signed certificate in certificate chain)
      Fix: start Node with NODE_EXTRA_CA_CERTS=/path/ca.pem
      redis: HOST: the TLS handshake got no response in time, as on a port without TLS
        Received: rediss://HOST (Connection timeout)
      Fix: write redis:// in the URL if that port is without TLS; otherwise see whether the server is overloaded
      redis: HOST: the server closed the connection without a response, as a port for TLS does
        Received: redis://HOST (read ECONNRESET)
      Fix: write rediss:// in the URL if that port is for TLS; otherwise see why it closes connections"
    `)
  })
})

/** Nodes of a Cluster talk to each other on the port plus 10,000, which another connection may occupy. */
async function portForCluster(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port + 10_000 < 2 ** 16 && (await isFree(port + 10_000))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  await new Promise((resolve) => server.close(resolve))
  return isListening
}

describe('Redis Cluster', () => {
  test('is rejected before it is seeded or emptied, even for an external target', async () => {
    const port = await portForCluster()
    await serverWith(`port ${port}`, 'cluster-enabled yes', `cluster-config-file nodes-${port}.conf`)
    const url = `redis://127.0.0.1:${port}`
    const seed = async () => {
      throw new Error('must not be called')
    }
    expect(await messageOf(url, { allowReset: true, seed })).toMatchInlineSnapshot(`
      "redis: HOST belongs to a Cluster, and one connection sees only a part of its keys: Redis Cluster is not supported
      Fix: use a Redis that is not part of a Cluster (cluster-enabled no), or remove redis() and set the URL in env of the target"
    `)
    expect(await messageOf(url, {}, { isTargetExternal: true })).toContain('Redis Cluster is not supported')
    // A user who may not read the mode gets the error of the first command.
    await using node = await connectRedis('redis', url)
    expect((await failureOf(() => node.command('SET', 'a', 'b'))).message).toContain('Redis Cluster is not supported')
  })

  test('is rejected if it is a Sentinel', async () => {
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'sentinel-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const config = join(folder, 'sentinel.conf')
    writeFileSync(config, `port ${port}\nbind 127.0.0.1\n`)
    const sentinel = spawn(SERVER, [config, '--sentinel'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(async () => {
      if (sentinel.exitCode === null && sentinel.kill()) await once(sentinel, 'exit')
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    sentinel.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Sentinel ID')) resolve()
    })
    await promise
    expect(await messageOf(`redis://127.0.0.1:${port}`)).toMatch(
      /is a Sentinel, which holds no data\nFix: use the server/,
    )
  })
})
