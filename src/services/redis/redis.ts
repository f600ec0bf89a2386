import { randomBytes } from 'node:crypto'
import { isRecord, mistakesIn, object, optional } from '../../options/schema.ts'
import { matching, oneOf } from '../../options/values.ts'
import {
  DATABASE_OPTIONS,
  resetRefused,
  runStep,
  serverUrl,
  startDatabase,
  targetEnv,
  type DatabaseKind,
  type DatabaseOptions,
} from '../database.ts'
import type { Provider } from '../provider.ts'
import { assertAllowedHost } from '../remote.ts'
import type { Service, ServiceContext, StartedService } from '../service.ts'
import { connectRedis, parseRedisUrl, type RedisConnection } from './redis-client.ts'
import { startRedisContainer } from './redis-container.ts'
import { startEmbeddedRedis } from './redis-embedded.ts'
import type { RedisServer, RedisServerOptions } from './redis-server.ts'
import { applySettings, flush, isEmpty, readVersion } from './redis-state.ts'

const POLICIES = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const

/** Eviction policy of a full Redis. */
export type MaxmemoryPolicy = (typeof POLICIES)[number]

/** Options of {@link redis}. */
export interface RedisOptions extends DatabaseOptions<RedisConnection> {
  /** Memory limit, e.g. `'64mb'`, or a number of bytes. @default the server's, which is no limit */
  readonly maxmemory?: string | number
  /** Eviction policy at the memory limit. @default the server's, `noeviction` */
  readonly maxmemoryPolicy?: MaxmemoryPolicy
}

const OPTIONS = object<RedisOptions>()({
  ...DATABASE_OPTIONS,
  url: optional(serverUrl('a Redis server', /^rediss?:$/, 'redis://127.0.0.1:6379')),
  maxmemory: optional(
    matching<string | number>(
      (value) => /^\d+([kmg]b?)?$/i.test(String(value)),
      'must be a number of bytes, or one with kb, mb or gb',
      "'64mb'",
    ),
  ),
  maxmemoryPolicy: optional(oneOf(POLICIES, 'volatile-lru')),
})

const KIND: DatabaseKind = {
  kind: 'redis',
  product: 'Redis',
  targetVariable: 'REDIS_URL',
  urlVariable: 'PERF_REDIS_URL',
  providerVariable: 'PERF_REDIS_PROVIDER',
}

/**
 * Redis or Valkey: in a container, embedded (the `redis-server` or `valkey-server` on the path), or already running.
 * A server that the run starts does not write to disk.
 *
 * Its `connection` is `{ url }`. An external server has `maxmemory` and `maxmemoryPolicy` for the duration of the run; its
 * previous values are restored at a normal end (not after `kill -9`). `reset` flushes the database and seeds again.
 *
 * @example
 * import { definePerfConfig, redis } from 'vitest-slo/config'
 *
 * export default definePerfConfig({
 *   services: [redis({ maxmemory: '256mb', maxmemoryPolicy: 'volatile-lru' })],
 * })
 */
export function redis(options: RedisOptions = {}): Service {
  const problems = mistakesIn(OPTIONS, options)
  // JavaScript configs are not type-checked.
  const written: unknown = options
  if (!isRecord(written)) return { ...redis(), problems }
  const name = options.name ?? 'redis'
  const { allowRemote } = options
  return {
    name,
    problems,
    ...(allowRemote !== undefined && { allowRemote }),
    start: (context) => start(name, options, context),
  }
}

function start(name: string, options: RedisOptions, context: ServiceContext): Promise<StartedService> {
  return startDatabase<RedisServer>(KIND, name, options, context, {
    external: (url, source) => externalServer(name, url, source, options),
    start: (provider) => startServer(provider, name, options, context),
    prepare: (server) => prepare(server, name, options, context),
  })
}

async function startServer(
  provider: Exclude<Provider, 'external'>,
  name: string,
  options: RedisOptions,
  context: ServiceContext,
): Promise<RedisServer> {
  const server: RedisServerOptions = {
    name,
    password: randomBytes(18).toString('base64url'),
    image: context.env['PERF_REDIS_IMAGE'] || options.image || 'redis:8',
  }
  return provider === 'embedded' ? startEmbeddedRedis(server, context) : startRedisContainer(server, context)
}

function externalServer(name: string, text: string, source: string, options: RedisOptions): RedisServer {
  const url = parseRedisUrl(name, source, text)
  assertAllowedHost(name, url.hostname, options.allowRemote)
  return { provider: 'external', place: url.host, url: text, async stop() {} }
}

function settingsOf({ maxmemory, maxmemoryPolicy }: RedisOptions): ReadonlyMap<string, string> {
  const settings = new Map<string, string>()
  if (maxmemory !== undefined) settings.set('maxmemory', String(maxmemory))
  if (maxmemoryPolicy !== undefined) settings.set('maxmemory-policy', maxmemoryPolicy)
  return settings
}

async function prepare(
  server: RedisServer,
  name: string,
  options: RedisOptions,
  context: ServiceContext,
): Promise<StartedService> {
  const { url, provider, place } = server
  await using connection = await connectRedis(name, url)
  const base = {
    name,
    provider,
    summary: `${await readVersion(name, connection)}, ${provider}, ${place}`,
    kind: KIND.kind,
    connection: { url },
    env: targetEnv(KIND, options, url),
    [Symbol.asyncDispose]: () => server.stop(),
  }
  if (context.isTargetExternal) return base
  const resetAllowed = provider !== 'external' || options.allowReset === true || (await isEmpty(connection))
  const restore = await applySettings(name, connection, settingsOf(options))
  try {
    await runStep(name, 'seed', () => options.seed?.(connection))
    context.signal.throwIfAborted()
  } catch (error) {
    await restore(connection)
    throw error
  }
  const { disruptions } = server
  return {
    ...base,
    ...(disruptions && {
      disruptions: {
        pause: disruptions.pause,
        async restart() {
          await disruptions.restart()
          await using fresh = await connectRedis(name, url)
          await applySettings(name, fresh, settingsOf(options))
        },
      },
    }),
    reset: () => reset(name, url, options, resetAllowed),
    async [Symbol.asyncDispose]() {
      if (provider === 'external') await restoreSettings(name, url, restore)
      await server.stop()
    },
  }
}

async function restoreSettings(
  name: string,
  url: string,
  restore: (connection: RedisConnection) => Promise<void>,
): Promise<void> {
  await using connection = await connectRedis(name, url)
  await restore(connection)
}

async function reset(name: string, url: string, options: RedisOptions, allowed: boolean): Promise<void> {
  if (!allowed) throw resetRefused(name)
  await using connection = await connectRedis(name, url)
  await flush(name, connection)
  await runStep(name, 'seed', () => options.seed?.(connection))
}
