import { randomBytes } from 'node:crypto'
import { checkKnownKeys } from '../options/checks.ts'
import { Problems, type Problem } from '../options/problems.ts'
import { chooseProvider, isProviderOption, type Provider } from './provider.ts'
import { connectRedis, parseRedisUrl, type RedisConnection } from './redis-client.ts'
import { startEmbeddedRedis } from './redis-embedded.ts'
import type { RedisServer, RedisServerOptions } from './redis-server.ts'
import { applySettings, flush, isEmpty, readVersion } from './redis-state.ts'
import { assertAllowedHost } from './remote.ts'
import { ServiceError, type Service, type ServiceContext, type StartedService } from './service.ts'

/** What Redis does when it is full; its own words. */
export type MaxmemoryPolicy = (typeof POLICIES)[number]

const POLICIES = [
  ...(['noeviction', 'allkeys-lru', 'allkeys-lfu', 'allkeys-random'] as const),
  ...(['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'] as const),
] as const

/** Options of {@link redis}. */
export interface RedisOptions {
  /**
   * `'auto'` (default): external if there is a URL, container if a Docker engine answers, else embedded: the
   * `redis-server` or `valkey-server` on the path. The variables `SLO_REDIS_PROVIDER` and `SLO_SERVICES` beat the option.
   */
  readonly provider?: Provider | 'auto'
  /** A server that runs already. `PERF_REDIS_URL` beats it. */
  readonly url?: string
  /** Image of the container. `SLO_REDIS_IMAGE` beats it. Default: `redis:8`. */
  readonly image?: string
  /** The memory it may use, e.g. `'64mb'`, or a number of bytes. Default: the server's own, no limit. */
  readonly maxmemory?: string | number
  /** Default: the server's own, `noeviction`. */
  readonly maxmemoryPolicy?: MaxmemoryPolicy
  /** Puts in what the scenarios start from. Runs after the start, and again on every reset. */
  seed?(connection: RedisConnection): Promise<void> | void
  /** What the target gets: the name of the variable that holds the URL, or a whole environment. Default: `REDIS_URL`. */
  readonly env?: string | ((connection: { readonly url: string }) => Readonly<Record<string, string>>)
  /** Hosts other than this machine that may be used. Default: none. */
  readonly allowRemote?: readonly string[]
  /** Lets `reset` flush an external database that was not empty when we came. Default: false. */
  readonly allowReset?: boolean
  /** Default: `redis`. */
  readonly name?: string
}

const OPTIONS: readonly (keyof RedisOptions)[] = [
  ...(['provider', 'url', 'image', 'maxmemory', 'maxmemoryPolicy', 'seed', 'env'] as const),
  ...(['allowRemote', 'allowReset', 'name'] as const),
]

/**
 * Redis or Valkey: a container, embedded, or one that runs already. Nothing is written to disk.
 *
 * Its `connection` is `{ url }`. An external server is given `maxmemory` and `maxmemoryPolicy` for the length of the
 * run and gets its own values back at a normal end (not after `kill -9`). `reset` flushes the database and seeds again.
 */
export function redis(options: RedisOptions = {}): Service {
  return {
    name: options.name ?? 'redis',
    problems: validate(options),
    start: (context) => start(options, context),
  }
}

function validate(options: RedisOptions): readonly Problem[] {
  const problems = new Problems()
  checkKnownKeys(problems, '', options, OPTIONS)
  const { provider, maxmemory, maxmemoryPolicy } = options
  if (provider !== undefined && !isProviderOption(provider)) {
    problems.add('provider', provider, 'must be auto, container, embedded or external', `provider: 'auto'`)
  }
  if (maxmemory !== undefined && !/^\d+([kmg]b?)?$/i.test(String(maxmemory))) {
    problems.add('maxmemory', maxmemory, 'must be a number of bytes, or one with kb, mb or gb', `maxmemory: '64mb'`)
  }
  if (maxmemoryPolicy !== undefined && !POLICIES.includes(maxmemoryPolicy)) {
    problems.add(
      'maxmemoryPolicy',
      maxmemoryPolicy,
      `must be one of ${POLICIES.join(', ')}`,
      `maxmemoryPolicy: 'volatile-lru'`,
    )
  }
  return problems.found
}

async function start(options: RedisOptions, context: ServiceContext): Promise<StartedService> {
  const name = options.name ?? 'redis'
  const url = context.env['PERF_REDIS_URL'] || options.url
  if (context.targetIsExternal && url === undefined) return absent(name)
  const provider = await chooseProvider(
    {
      service: name,
      option: options.provider,
      url,
      urlVariable: 'PERF_REDIS_URL',
      providerVariable: 'SLO_REDIS_PROVIDER',
    },
    context,
  )
  const server = await startServer(provider, name, url, options, context)
  try {
    return await prepare(server, name, options, context)
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function startServer(
  provider: Provider,
  name: string,
  url: string | undefined,
  options: RedisOptions,
  context: ServiceContext,
): Promise<RedisServer> {
  if (provider === 'external') return externalServer(name, url ?? '', options, context)
  const server: RedisServerOptions = {
    name,
    password: randomBytes(18).toString('base64url'),
    settings: settingsOf(options),
    image: context.env['SLO_REDIS_IMAGE'] || options.image || 'redis:8',
  }
  if (provider === 'embedded') return startEmbeddedRedis(server, context)
  throw new Error('not yet')
}

function externalServer(name: string, text: string, options: RedisOptions, { env }: ServiceContext): RedisServer {
  const url = parseRedisUrl(name, env['PERF_REDIS_URL'] ? 'PERF_REDIS_URL' : 'url', text)
  assertAllowedHost(name, url, options.allowRemote ?? [])
  return { provider: 'external', place: url.host, url: text, stop: async () => {} }
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
    summary: `${await readVersion(connection)}, ${provider}, ${place}`,
    connection: { url },
    env: environment(options, url),
    [Symbol.asyncDispose]: () => server.stop(),
  }
  if (context.targetIsExternal) return base
  const mayReset = provider !== 'external' || options.allowReset === true || (await isEmpty(connection))
  const restore = await applySettings(name, connection, settingsOf(options))
  try {
    await seed(name, options, connection)
  } catch (error) {
    await restore(connection)
    throw error
  }
  return {
    ...base,
    reset: () => reset(name, url, options, mayReset),
    async [Symbol.asyncDispose]() {
      if (provider === 'external') await putSettingsBack(name, url, restore)
      await server.stop()
    },
  }
}

async function putSettingsBack(
  name: string,
  url: string,
  restore: (connection: RedisConnection) => Promise<void>,
): Promise<void> {
  await using connection = await connectRedis(name, url)
  await restore(connection)
}

async function reset(name: string, url: string, options: RedisOptions, mayReset: boolean): Promise<void> {
  if (!mayReset) {
    throw new ServiceError(name, {
      problem: 'reset would flush an external database that was in use before this run',
      remedy: `Use an empty one (e.g. another number at the end of the URL), or say that its data may go: ${name}({ allowReset: true }).`,
    })
  }
  await using connection = await connectRedis(name, url)
  await flush(connection)
  await seed(name, options, connection)
}

async function seed(name: string, options: RedisOptions, connection: RedisConnection): Promise<void> {
  try {
    await options.seed?.(connection)
  } catch (cause) {
    throw new ServiceError(name, {
      problem: `seed failed: ${(cause as Error).message}`,
      remedy: `Correct ${name}({ seed }); the error's cause says where it was thrown.`,
      cause,
    })
  }
}

function environment(options: RedisOptions, url: string): Readonly<Record<string, string>> {
  const { env = 'REDIS_URL' } = options
  return typeof env === 'string' ? { [env]: url } : env({ url })
}

function absent(name: string): StartedService {
  return {
    name,
    provider: 'absent',
    summary: 'Redis, not started: the target runs elsewhere (PERF_REDIS_URL lets its Redis be read)',
    connection: {},
    env: {},
    [Symbol.asyncDispose]: async () => {},
  }
}
