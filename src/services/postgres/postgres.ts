import { randomBytes } from 'node:crypto'
import { storeLocation } from '../../machine/store-location.ts'
import { isRecord, mistakesIn, object, optional, reading } from '../../options/schema.ts'
import { func, isText, listOf } from '../../options/values.ts'
import {
  DATABASE_OPTIONS,
  resetRefused,
  runStep,
  serverUrl,
  startDatabase,
  targetEnv,
  type DatabaseKind,
  type DatabaseOptions,
  type DatabaseServer,
} from '../database.ts'
import type { Provider } from '../provider.ts'
import { assertAllowedHost } from '../remote.ts'
import { ServiceError, type Service, type ServiceContext, type StartedService } from '../service.ts'
import {
  connectPostgres,
  assertOneHost,
  parsePostgresUrl,
  postgresHosts,
  type PostgresConnection,
  type PostgresSession,
} from './postgres-client.ts'
import { startPostgresContainer } from './postgres-container.ts'
import { startEmbeddedPostgres } from './postgres-embedded.ts'
import type { ServerOptions } from './postgres-server.ts'
import { checkSettings, checkVersion, filledTables, resolveTables, truncate, userTables } from './postgres-state.ts'

/** Options of {@link postgres}. */
export interface PostgresOptions extends DatabaseOptions<PostgresConnection> {
  /**
   * Server settings, e.g. `{ max_connections: 200 }`. An external server is not changed: it must have them already.
   * A server that the run starts has `fsync: 'off'` by default: commits survive the crash of any process, but not of the
   * machine, and do not wait for the disk, so writes are faster than in production.
   */
  readonly settings?: Readonly<Record<string, string | number>>
  /**
   * Creates the schema; runs once, before `seed`. On an external server the schema may exist already. A returned promise is
   * awaited; its value is ignored.
   */
  migrate?(connection: PostgresConnection): Promise<unknown> | void
  /**
   * Tables that `reset` does not empty, e.g. `['public.schema_migrations']`.
   *
   * @default those that `migrate` filled, which are known only if the database was empty before
   */
  readonly keptTables?: readonly string[]
}

const OPTIONS = object<PostgresOptions>()({
  ...DATABASE_OPTIONS,
  url: optional(serverUrl('a PostgreSQL server', /^postgres(ql)?:$/, 'postgres://user:password@127.0.0.1:5432/shop')),
  settings: optional(
    reading((problems, path, value) => {
      const example = 'settings: { max_connections: 200 }'
      if (!isRecord(value)) problems.add(path, value, 'must be an object', example)
      else
        for (const [name, setting] of Object.entries(value))
          if (!/^[a-z_][a-z0-9_.]*$/i.test(name) || !['string', 'number'].includes(typeof setting))
            problems.add(
              `${path}.${name}`,
              setting,
              'must be a string or a number, with the name of a Postgres setting',
              example,
            )
    }),
  ),
  migrate: optional(func('async (connection) => {}')),
  keptTables: optional(listOf<string>(isText, 'tables', "['public.schema_migrations']")),
})

const KIND: DatabaseKind = {
  kind: 'postgres',
  product: 'PostgreSQL',
  targetVariable: 'DATABASE_URL',
  urlVariable: 'PERF_DATABASE_URL',
  providerVariable: 'PERF_POSTGRES_PROVIDER',
}

/**
 * PostgreSQL 14 or later: in a container, embedded, or already running.
 *
 * Its `connection` is `{ url }`. `reset` empties every table except those in `keptTables`, restarts sequences and seeds again.
 *
 * @example
 * import { definePerfConfig, postgres } from 'vitest-slo/config'
 *
 * export default definePerfConfig({
 *   services: [
 *     postgres({
 *       migrate: async (db) => void (await db.query('CREATE TABLE users (id text PRIMARY KEY)')),
 *       seed: async (db) => void (await db.query("INSERT INTO users VALUES ('ann')")),
 *     }),
 *   ],
 * })
 */
export function postgres(options: PostgresOptions = {}): Service {
  const problems = mistakesIn(OPTIONS, options)
  // JavaScript configs are not type-checked.
  const written: unknown = options
  if (!isRecord(written)) return { ...postgres(), problems }
  const name = options.name ?? 'postgres'
  const { allowRemote } = options
  return {
    name,
    problems,
    ...(allowRemote !== undefined && { allowRemote }),
    start: (context) => start(name, options, context),
  }
}

function start(name: string, options: PostgresOptions, context: ServiceContext): Promise<StartedService> {
  return startDatabase<DatabaseServer>(KIND, name, options, context, {
    external: (url, source) => externalServer(name, url, source, options),
    start: (provider) => startServer(provider, name, options, context),
    prepare: (server) => prepare(server, name, options, context),
  })
}

async function startServer(
  provider: Exclude<Provider, 'external'>,
  name: string,
  options: PostgresOptions,
  context: ServiceContext,
): Promise<DatabaseServer> {
  const server: ServerOptions = {
    name,
    credentials: { user: 'perf', password: randomBytes(18).toString('base64url'), database: 'perf' },
    settings: { fsync: 'off', ...options.settings },
    image: context.env['PERF_POSTGRES_IMAGE'] || options.image || 'postgres:18',
  }
  return provider === 'embedded' ? startEmbeddedPostgres(server, context) : startPostgresContainer(server, context)
}

function externalServer(name: string, text: string, source: string, options: PostgresOptions): DatabaseServer {
  const url = parsePostgresUrl(name, source, text)
  for (const host of postgresHosts(url)) assertAllowedHost(name, host, options.allowRemote)
  assertOneHost(name, source, url, options.allowRemote)
  return { provider: 'external', place: storeLocation(url), url: text, async stop() {} }
}

async function prepare(
  server: DatabaseServer,
  name: string,
  options: PostgresOptions,
  context: ServiceContext,
): Promise<StartedService> {
  const { url, provider, place } = server
  await using db = await connectPostgres(name, url)
  const { version, waitsForDisk } = await checkVersion(name, db, olderFix(provider))
  const base = {
    name,
    provider,
    summary: `PostgreSQL ${version}, ${provider}, ${place}${waitsForDisk ? '' : ', fsync off'}`,
    kind: KIND.kind,
    connection: { url },
    env: targetEnv(KIND, options, url),
    [Symbol.asyncDispose]: () => server.stop(),
  }
  if (context.isTargetExternal) return base
  await checkSettings(name, db, options.settings ?? {})
  const wasEmpty = (await userTables(db)).length === 0
  await runStep(name, 'migrate', () => allOf(db, options.migrate?.(db)))
  context.signal.throwIfAborted()
  const keptTables = await tablesToKeep(name, db, options, wasEmpty)
  await runStep(name, 'seed', () => allOf(db, options.seed?.(db)))
  context.signal.throwIfAborted()
  const owned = provider !== 'external'
  return {
    ...base,
    reset: () => reset(name, url, options, { keptTables, owned, allowed: wasEmpty || options.allowReset === true }),
  }
}

/** Waits for a step and for queries that it did not await, so that their errors are reported as the step's. */
async function allOf(db: PostgresSession, step: Promise<unknown> | void): Promise<void> {
  await step
  await db.pending()
}

async function tablesToKeep(
  name: string,
  db: PostgresConnection,
  { keptTables, allowReset }: PostgresOptions,
  wasEmpty: boolean,
): Promise<ReadonlySet<string>> {
  if (keptTables) return resolveTables(name, db, keptTables)
  if (wasEmpty || !allowReset) return filledTables(db)
  throw new ServiceError(name, {
    problem: 'this database was in use before, so the tables that migrations filled are not known',
    received: 'allowReset: true, without keptTables',
    fix: `name the tables that reset must not empty, e.g. ${name}({ keptTables: ['public.schema_migrations'] }), or none: keptTables: []`,
  })
}

interface ResetOptions {
  readonly keptTables: ReadonlySet<string>
  /** Whether the run started the server, and so may disable triggers. */
  readonly owned: boolean
  readonly allowed: boolean
}

async function reset(
  name: string,
  url: string,
  options: PostgresOptions,
  { keptTables, owned, allowed }: ResetOptions,
) {
  if (!allowed) throw resetRefused(name)
  await using db = await connectPostgres(name, url)
  await truncate(name, db, keptTables, owned)
  await runStep(name, 'seed', () => allOf(db, options.seed?.(db)))
}

function olderFix(provider: Provider): string {
  if (provider === 'external') return 'upgrade that server, or unset the URL so that a server is started'
  return 'set PERF_POSTGRES_IMAGE or the option image to a newer image, e.g. postgres:18'
}
