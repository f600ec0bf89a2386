import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { containersSkipped } from '../../fixtures/services/containers.ts'
import { failureOf, testContext } from '../../fixtures/services/context.ts'
import { serveOldPostgres } from '../../fixtures/services/old-postgres.ts'
import { postgres } from './postgres/postgres.ts'
import { startEmbeddedRedis } from './redis/redis-embedded.ts'
import { redis } from './redis/redis.ts'
import type { Service } from './service.ts'

const skipped = await containersSkipped()
if (skipped) console.info(`tests of invalid input with containers are skipped: ${skipped}`)

let context: Awaited<ReturnType<typeof testContext>>
beforeAll(async () => {
  context = await testContext({ env: { ...process.env, PERF_SERVICES: '', PERF_DATABASE_URL: '', PERF_REDIS_URL: '' } })
})
afterAll(() => context[Symbol.asyncDispose]())

async function messageOf(service: Service, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { message } = await failureOf(() => service.start({ ...context, env: { ...context.env, ...env } }))
  expect(message).toMatch(/^(postgres|redis): /)
  expect(message).toContain('\nFix: ')
  expect(message).not.toContain('s3cret')
  return message
}

describe('postgres()', () => {
  test('does not show a value that is not a URL', async () => {
    const message = await messageOf(postgres(), { PERF_DATABASE_URL: 'user:s3cret@somewhere/db' })
    expect(message).toContain('PERF_DATABASE_URL is not a Postgres URL')
    expect(message).toContain('postgres://user:password@host:5432/database')
  })

  test('rejects a URL with another protocol', async () => {
    const message = await messageOf(postgres({ url: 'mysql://user:s3cret@127.0.0.1/db' }))
    expect(message).toContain('the option url is not a Postgres URL')
    expect(message).toContain('a URL with protocol mysql:')
  })

  test('reports that nothing listens on the port', async () => {
    const message = await messageOf(postgres({ url: 'postgres://user:s3cret@127.0.0.1:1/db' }))
    expect(message).toContain('nothing listens on 127.0.0.1:1')
    expect(message).toContain('postgres://user:***@127.0.0.1:1/db')
    const byParameter = await messageOf(
      postgres({ url: 'postgres://user:s3cret@127.0.0.2:9/db?host=127.0.0.2&port=1' }),
    )
    expect(byParameter).toContain('nothing listens on 127.0.0.2:1')
    const twoHosts = await messageOf(postgres({ url: 'postgres://user:s3cret@127.0.0.1:9/db?host=127.0.0.2' }))
    expect(twoHosts).toContain('names two hosts, 127.0.0.1 and 127.0.0.2')
  })

  test('reports a server that is not Postgres', async () => {
    await using webServer = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const message = await messageOf(postgres({ url: `postgres://user:s3cret@127.0.0.1:${webServer.port}/db` }))
    expect(message).toContain(`cannot connect to 127.0.0.1:${webServer.port}`)
  })

  test('rejects a server older than version 14', async () => {
    await using old = await listen(serveOldPostgres)
    const message = await messageOf(postgres({ url: `postgres://user:s3cret@127.0.0.1:${old.port}/db` }))
    expect(message).toContain('PostgreSQL 13.9 is too old: version 14 or later is required')
  })

  test('reports a wrong database and a wrong password', async () => {
    await using service = await postgres({ provider: 'embedded' }).start(context)
    const right = new URL(service.connection['url'] ?? '')
    const missing = new URL('/nowhere', right)
    expect(await messageOf(postgres({ url: missing.href }))).toContain('has no database nowhere')
    const wrong = new URL(right)
    wrong.password = 's3cret'
    expect(await messageOf(postgres({ url: wrong.href }))).toContain('refuses the user perf or the password')
  })

  test('names all settings that differ on an external server', async () => {
    await using service = await postgres({ provider: 'embedded' }).start(context)
    const { url } = service.connection
    const settings = { max_connections: 37, work_mem: '4096kB', shared_buffers: '1GB', nonsense: 1 }
    const message = await messageOf(postgres({ ...(url === undefined ? {} : { url }), settings }))
    expect(message).toContain('max_connections is 100, expected 37')
    expect(message).toContain('shared_buffers is 128MB, expected 1GB')
    expect(message).toContain('nonsense is not a setting of this server')
    expect(message).not.toContain('work_mem')
  })

  test('reports an unknown setting of the embedded server', async () => {
    const message = await messageOf(postgres({ provider: 'embedded', settings: { max_conections: 5 } }))
    expect(message).toContain('did not start: it exited immediately: exit code 1')
    expect(message).toContain('unrecognized configuration parameter "max_conections"')
  })
})

describe('redis()', () => {
  test('does not show a value that is not a URL', async () => {
    const message = await messageOf(redis(), { PERF_REDIS_URL: ':s3cret@somewhere' })
    expect(message).toContain('PERF_REDIS_URL is not a Redis URL')
  })

  test('reports that nothing listens on the port', async () => {
    const message = await messageOf(redis({ url: 'redis://:s3cret@127.0.0.1:1' }))
    expect(message).toContain('nothing listens on 127.0.0.1:1')
  })

  test('reports a wrong password', async () => {
    await using service = await redis({ provider: 'embedded' }).start(context)
    const wrong = new URL(service.connection['url'] ?? '')
    wrong.password = 's3cret'
    expect(await messageOf(redis({ url: wrong.href }))).toContain('refuses the password')
  })

  test('explains how to install a missing server program', async () => {
    const options = { name: 'redis', password: '', image: '' }
    const { message } = await failureOf(() => startEmbeddedRedis(options, context, ['/nowhere']))
    expect(message).toContain('apt-get install redis-server')
    expect(message).toContain('brew install redis')
    expect(message).toContain('PERF_REDIS_URL')
  })
})

describe('any provider', () => {
  test.each([postgres, redis])('%o rejects a remote host that allowRemote does not name', async (make) => {
    const protocol = make === postgres ? 'postgres' : 'redis'
    const url = `${protocol}://user:s3cret@db.example.com/0`
    expect(await messageOf(make({ url }))).toContain(`allowRemote: ['db.example.com']`)
  })

  test('rejects an unknown provider in a variable', async () => {
    expect(await messageOf(postgres(), { PERF_SERVICES: 'docker' })).toContain('PERF_SERVICES=docker')
    expect(await messageOf(redis(), { PERF_REDIS_PROVIDER: 'extern' })).toContain('PERF_REDIS_PROVIDER=extern')
  })

  test('masks the password of a URL under a misspelled option', () => {
    const wrong: object = { uri: 'postgres://user:s3cret@127.0.0.1/db' }
    for (const { problems } of [postgres(wrong), redis(wrong)]) {
      expect(problems).toMatchObject([{ path: 'uri', received: 'postgres://user:***@127.0.0.1/db' }])
    }
  })

  test('requires a URL for the provider external', async () => {
    expect(await messageOf(redis({ provider: 'external' }))).toContain('Fix: set PERF_REDIS_URL or the option url')
  })
})

describe.skipIf(skipped !== undefined)('containers', () => {
  test('reports an image that the engine does not have', async () => {
    const env = { PERF_POSTGRES_IMAGE: 'slo/no-such-image:1', PERF_REDIS_IMAGE: 'slo/no-such-image:1' }
    const message = await messageOf(postgres({ provider: 'container' }), env)
    expect(message).toContain('the Docker engine has no image slo/no-such-image:1')
    expect(message).toContain('docker pull slo/no-such-image:1')
    expect(await messageOf(redis({ provider: 'container' }), env)).toContain('PERF_REDIS_IMAGE')
  })

  test('reports an unknown setting of the server', async () => {
    const message = await messageOf(postgres({ provider: 'container', settings: { max_conections: 5 } }))
    expect(message).toContain('unrecognized configuration parameter "max_conections"')
  })
})

async function listen(connected: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    connected(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
