import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { containersSkipped } from '../../../fixtures/services/containers.ts'
import { failureOf, testContext } from '../../../fixtures/services/context.ts'
import type { StartedService } from '../service.ts'
import { connectRedis } from './redis-client.ts'
import { redis, type RedisOptions } from './redis.ts'

const skipped = await containersSkipped()
if (skipped) console.info(`Redis in a container is skipped: ${skipped}`)

const SETTINGS: RedisOptions = {
  maxmemory: '64mb',
  maxmemoryPolicy: 'volatile-lru',
  async seed(connection) {
    await connection.command('SET', 'config', 'seeded')
  },
}

/** A server for the external provider. */
let context: Awaited<ReturnType<typeof testContext>>
let host: StartedService
beforeAll(async () => {
  context = await testContext()
  host = await redis({ provider: 'embedded', maxmemory: '10mb' }).start(context)
})
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  await context[Symbol.asyncDispose]()
})

let nextDatabase = 1
/** Another database of that server: `redis://…/3`. */
function emptyDatabase(): string {
  return urlOf(host).replace(/\d+$/, String(nextDatabase++))
}

function urlOf({ connection }: StartedService): string {
  const { url } = connection
  if (url === undefined) throw new Error('the service has no URL')
  return url
}

async function send(service: StartedService, ...words: readonly string[]): Promise<unknown> {
  await using connection = await connectRedis('test', urlOf(service))
  return await connection.command(...words)
}

const PROVIDERS = [
  { provider: 'embedded', skip: false, options: () => ({}) },
  { provider: 'container', skip: skipped !== undefined, options: () => ({}) },
  { provider: 'external', skip: false, options: () => ({ url: emptyDatabase() }) },
] as const

describe.each(PROVIDERS)('redis(), $provider', ({ provider, skip, options }) => {
  const env = { ...process.env, PERF_SERVICES: '', PERF_REDIS_URL: '' }

  async function start(extra: RedisOptions) {
    const own = await testContext({ env })
    const service = await redis({ provider, ...extra, ...options() }).start(own)
    return {
      service,
      async [Symbol.asyncDispose]() {
        await service[Symbol.asyncDispose]()
        await own[Symbol.asyncDispose]()
      },
    }
  }

  test.skipIf(skip)('has the settings, is seeded, and can be reset', async () => {
    await using started = await start(SETTINGS)
    const { service } = started
    expect(await send(service, 'CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(64 * 2 ** 20)])
    expect(await send(service, 'CONFIG', 'GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'volatile-lru'])
    await send(service, 'SET', 'late', 'value')
    await service.reset?.()
    expect(await send(service, 'KEYS', '*')).toEqual(['config'])
  })

  test.skipIf(skip)('has a one-line summary without the password, and passes its URL to the target', async () => {
    await using started = await start({})
    const { service } = started
    expect(service.provider).toBe(provider)
    expect(service.summary).toMatch(new RegExp(`^(Redis|Valkey) \\d+\\.\\d+\\.\\d+, ${provider}, [\\w.]+:\\d+$`))
    expect(service.env).toEqual({ REDIS_URL: service.connection['url'] })
    expect(service.summary).not.toContain(new URL(urlOf(service)).password)
  })

  test.skipIf(skip)('rejects another password', async () => {
    await using started = await start({})
    const url = new URL(urlOf(started.service))
    url.password = 'a-wrong-password'
    const error = await failureOf(() => connectRedis('redis', url.href))
    expect(error.message).toContain('refuses the password')
    expect(error.message).not.toContain('a-wrong-password')
  })

  test.skipIf(skip)('is cleaned up when seeding fails', async () => {
    const seed = async () => {
      throw new Error('no data today')
    }
    const error = await failureOf(() => start({ seed }))
    expect(error.message).toContain('redis: seed failed: no data today')
  })
})

test('the settings of an external server are restored', async () => {
  const service = await redis({ provider: 'external', url: emptyDatabase(), maxmemory: '64mb' }).start(context)
  expect(await send(host, 'CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(64 * 2 ** 20)])
  await service[Symbol.asyncDispose]()
  expect(await send(host, 'CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(10 * 2 ** 20)])
})

test('rejects a reset of an external database that was in use before', async () => {
  const url = emptyDatabase()
  await using connection = await connectRedis('test', url)
  await connection.command('SET', 'precious', '1')
  const service = await redis({ provider: 'external', url }).start(context)
  const error = await failureOf(async () => service.reset?.())
  expect(error.message).toContain('reset would empty an external database that was in use before this run')
  expect(await connection.command('GET', 'precious')).toBe('1')

  const allowed = await redis({ provider: 'external', url, allowReset: true }).start(context)
  await allowed.reset?.()
  expect(await connection.command('GET', 'precious')).toBe(null)
})

test('nothing is started, configured or reset for an external target', async () => {
  const external = { ...context, isTargetExternal: true }
  expect(await redis(SETTINGS).start(external)).toMatchObject({ provider: 'absent', connection: {}, env: {} })
  const attached = await redis({ ...SETTINGS, url: emptyDatabase() }).start(external)
  expect(attached.reset).toBeUndefined()
  expect(await send(attached, 'DBSIZE')).toBe(0)
  expect(await send(host, 'CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(10 * 2 ** 20)])
})

test("the temporary folder's name may contain spaces and quotes", async () => {
  const parent = await mkdtemp(join(tmpdir(), `slo "it's" a\\b-`))
  onTestFinished(() => rm(parent, { recursive: true }))
  vi.stubEnv('TMPDIR', parent)
  onTestFinished(() => void vi.unstubAllEnvs())
  await using inParent = await testContext()
  await using started = await redis({ provider: 'embedded' }).start(inParent)
  await using connection = await connectRedis('redis', urlOf(started))
  expect(await connection.command('CONFIG', 'GET', 'dir')).toMatchObject([
    'dir',
    expect.stringContaining(`slo "it's" a\\b-`),
  ])
})
