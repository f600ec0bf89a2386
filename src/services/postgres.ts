import { randomBytes } from 'node:crypto'
import { checkKnownKeys } from '../options/checks.ts'
import { Problems, type Problem } from '../options/problems.ts'
import { connectPostgres, parsePostgresUrl, type PostgresConnection } from './postgres-client.ts'
import { startEmbeddedPostgres } from './postgres-embedded.ts'
import type { PostgresServer, ServerOptions } from './postgres-server.ts'
import { checkSettings, checkVersion, filledTables, truncate, userTables } from './postgres-state.ts'
import { chooseProvider, isProviderOption, type Provider } from './provider.ts'
import { assertAllowedHost } from './remote.ts'
import { ServiceError, type Service, type ServiceContext, type StartedService } from './service.ts'

/** Options of {@link postgres}. */
export interface PostgresOptions {
  /**
   * `'auto'` (default): external if there is a URL, container if a Docker engine answers, else embedded. The variables
   * `SLO_POSTGRES_PROVIDER` and `SLO_SERVICES` beat the option.
   */
  readonly provider?: Provider | 'auto'
  /** A server that runs already. `PERF_DATABASE_URL` beats it. */
  readonly url?: string
  /** Image of the container. `SLO_POSTGRES_IMAGE` beats it. Default: `postgres:18`. */
  readonly image?: string
  /**
   * Server settings, e.g. `{ max_connections: 200 }`. An external server is not changed: it must have them.
   * A server of ours starts with `fsync: 'off'` unless told otherwise: commits survive a crash of any process, not a
   * crash of the machine, and do not wait for the disk, so that writes take less time than in production.
   */
  readonly settings?: Readonly<Record<string, string | number>>
  /** Makes the schema. Runs once, before `seed`. */
  migrate?(connection: PostgresConnection): Promise<void> | void
  /** Puts in the data the scenarios start from. Runs after `migrate`, and again on every reset. */
  seed?(connection: PostgresConnection): Promise<void> | void
  /** What the target gets: the name of the variable that holds the URL, or a whole environment. Default: `DATABASE_URL`. */
  readonly env?: string | ((connection: { readonly url: string }) => Readonly<Record<string, string>>)
  /** Hosts other than this machine that may be used. Default: none. */
  readonly allowRemote?: readonly string[]
  /**
   * Lets `reset` empty the tables of an external database that was not empty when we came. Default: false.
   */
  readonly allowReset?: boolean
  /** Default: `postgres`. */
  readonly name?: string
}

const OPTIONS: readonly (keyof PostgresOptions)[] = [
  ...(['provider', 'url', 'image', 'settings', 'migrate', 'seed', 'env', 'allowRemote', 'allowReset', 'name'] as const),
]

/**
 * PostgreSQL 14 or later: a container, embedded, or one that runs already.
 *
 * Its `connection` is `{ url }`. `reset` empties every table that was empty after `migrate` and seeds again; tables
 * that `migrate` itself filled (its own bookkeeping, reference data) are left as they are.
 */
export function postgres(options: PostgresOptions = {}): Service {
  return {
    name: options.name ?? 'postgres',
    problems: validate(options),
    start: (context) => start(options, context),
  }
}

function validate(options: PostgresOptions): readonly Problem[] {
  const problems = new Problems()
  checkKnownKeys(problems, '', options, OPTIONS)
  const { provider, settings = {} } = options
  if (provider !== undefined && !isProviderOption(provider)) {
    problems.add('provider', provider, 'must be auto, container, embedded or external', `provider: 'auto'`)
  }
  for (const [name, value] of Object.entries(settings)) {
    if (/^[a-z_][a-z0-9_.]*$/i.test(name) && ['string', 'number'].includes(typeof value)) continue
    problems.add(
      `settings.${name}`,
      value,
      'must be a text or a number under a name Postgres knows',
      'max_connections: 200',
    )
  }
  return problems.found
}

async function start(options: PostgresOptions, context: ServiceContext): Promise<StartedService> {
  const name = options.name ?? 'postgres'
  const url = context.env['PERF_DATABASE_URL'] || options.url
  if (context.targetIsExternal && url === undefined) return absent(name)
  const provider = await chooseProvider(
    {
      service: name,
      option: options.provider,
      url,
      urlVariable: 'PERF_DATABASE_URL',
      providerVariable: 'SLO_POSTGRES_PROVIDER',
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
  options: PostgresOptions,
  context: ServiceContext,
): Promise<PostgresServer> {
  if (provider === 'external') return externalServer(name, url ?? '', options, context)
  const server: ServerOptions = {
    name,
    credentials: { user: 'perf', password: randomBytes(18).toString('base64url'), database: 'perf' },
    settings: { fsync: 'off', ...options.settings },
    image: context.env['SLO_POSTGRES_IMAGE'] || options.image || 'postgres:18',
  }
  if (provider === 'embedded') return startEmbeddedPostgres(server, context)
  throw new Error('not yet')
}

function externalServer(name: string, text: string, options: PostgresOptions, { env }: ServiceContext): PostgresServer {
  const source = env['PERF_DATABASE_URL'] ? 'PERF_DATABASE_URL' : 'url'
  const url = parsePostgresUrl(name, source, text)
  assertAllowedHost(name, url, options.allowRemote ?? [])
  return { provider: 'external', place: url.host, url: text, stop: async () => {} }
}

async function prepare(
  server: PostgresServer,
  name: string,
  options: PostgresOptions,
  context: ServiceContext,
): Promise<StartedService> {
  const { url, provider, place } = server
  if (server.adminUrl !== undefined) {
    await using admin = await connectPostgres(name, server.adminUrl)
    await admin.query(`CREATE DATABASE ${new URL(url).pathname.slice(1)}`)
  }
  await using db = await connectPostgres(name, url)
  const version = await checkVersion(name, db, olderRemedy(provider))
  const base = {
    name,
    provider,
    summary: `PostgreSQL ${version}, ${provider}, ${place}`,
    connection: { url },
    env: environment(options, url),
    [Symbol.asyncDispose]: () => server.stop(),
  }
  if (context.targetIsExternal) return base
  await checkSettings(name, db, options.settings ?? {})
  const mayReset = provider !== 'external' || options.allowReset === true || (await userTables(db)).length === 0
  await step(name, 'migrate', () => options.migrate?.(db))
  context.signal.throwIfAborted()
  const keep = await filledTables(db)
  await step(name, 'seed', () => options.seed?.(db))
  context.signal.throwIfAborted()
  return { ...base, reset: () => reset(name, url, options, keep, { owned: provider !== 'external', mayReset }) }
}

async function reset(
  name: string,
  url: string,
  options: PostgresOptions,
  keep: ReadonlySet<string>,
  { owned, mayReset }: { readonly owned: boolean; readonly mayReset: boolean },
): Promise<void> {
  if (!mayReset) {
    throw new ServiceError(name, {
      problem: 'reset would empty the tables of an external database that was in use before this run',
      remedy: `Use an empty database, or say that its data may go: ${name}({ allowReset: true }).`,
    })
  }
  await using db = await connectPostgres(name, url)
  await truncate(db, keep, owned)
  await step(name, 'seed', () => options.seed?.(db))
}

/** Runs what the user wrote; its own error is shown whole, under the name of the step. */
async function step(
  name: string,
  what: 'migrate' | 'seed',
  run: () => Promise<void> | void | undefined,
): Promise<void> {
  try {
    await run()
  } catch (cause) {
    const { message, code } = cause as Error & { code?: string }
    throw new ServiceError(name, {
      problem: `${what} failed: ${message}${code === undefined ? '' : ` (${code})`}`,
      remedy: `Correct ${name}({ ${what} }); the error's cause says where it was thrown.`,
      cause,
    })
  }
}

function environment(options: PostgresOptions, url: string): Readonly<Record<string, string>> {
  const { env = 'DATABASE_URL' } = options
  return typeof env === 'string' ? { [env]: url } : env({ url })
}

function olderRemedy(provider: Provider): string {
  if (provider === 'external') return 'Upgrade that server, or unset the URL and let one be started.'
  return 'Name a newer image in SLO_POSTGRES_IMAGE or in the option image, e.g. postgres:18.'
}

function absent(name: string): StartedService {
  return {
    name,
    provider: 'absent',
    summary: 'PostgreSQL, not started: the target runs elsewhere (PERF_DATABASE_URL lets its database be read)',
    connection: {},
    env: {},
    [Symbol.asyncDispose]: async () => {},
  }
}
