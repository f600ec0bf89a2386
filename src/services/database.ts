import type { StoreKind } from '../machine/store-kinds.ts'
import { HOSTS } from '../options/base-url.ts'
import { optional, reading, type Reader } from '../options/schema.ts'
import { any, flag, func, matching, text } from '../options/values.ts'
import { asError, codeOf } from './failure.ts'
import { chooseProvider, embeddedInstead, isProviderOption, type Provider } from './provider.ts'
import { EngineError, ServiceError, type ServiceContext, type StartedService } from './service.ts'

/** Options of both `postgres()` and `redis()`. */
export interface DatabaseOptions<Connection> {
  /**
   * Source of the server. `'auto'`: external if there is a URL, a container if a Docker engine responds and can run the
   * image, else embedded, with the reason in one line. An explicit provider is never replaced. The variables
   * `PERF_POSTGRES_PROVIDER`, `PERF_REDIS_PROVIDER` and, for both, `PERF_SERVICES` override the option.
   *
   * @default 'auto'
   */
  readonly provider?: Provider | 'auto'
  /** URL of a server that is already running. `PERF_DATABASE_URL` and `PERF_REDIS_URL` override it. */
  readonly url?: string
  /** Image of the container. `PERF_POSTGRES_IMAGE` and `PERF_REDIS_IMAGE` override it. @default `postgres:18`, `redis:8` */
  readonly image?: string
  /**
   * Inserts the data that scenarios start from; runs again on every reset. On an external server the data may exist
   * already. A returned promise is awaited; its value is ignored.
   */
  seed?(connection: Connection): Promise<unknown> | void
  /**
   * Environment variables for the target: the name of the variable for the URL, or a function that returns all variables.
   *
   * @default `DATABASE_URL`, `REDIS_URL`
   */
  readonly env?: string | ((connection: { readonly url: string }) => Readonly<Record<string, string>>)
  /** Hosts other than this machine that may be used. @default none */
  readonly allowRemote?: readonly string[]
  /** Whether `reset` may empty an external database that held data before the run. @default false */
  readonly allowReset?: boolean
  /** Name of the service. @default `postgres`, `redis` */
  readonly name?: string
}

/** Readers of the options above. */
export const DATABASE_OPTIONS = {
  provider: optional(matching(isProviderOption, 'must be auto, container, embedded or external', "'auto'")),
  image: optional(matching<string>((value) => typeof value === 'string', 'must be a string', "'redis:8'")),
  seed: optional(func('async (connection) => {}')),
  env: any(),
  allowRemote: optional(HOSTS),
  allowReset: optional(flag(true)),
  name: optional(text("'orders'")),
}

/** Reader of the URL of a server, which does not show it: it may contain a password, even if it is not a URL. */
export function serverUrl(product: string, protocol: RegExp, example: string): Reader<string> {
  return reading((problems, path, value) => {
    const url = typeof value === 'string' ? URL.parse(value) : null
    if (url === null || !protocol.test(url.protocol) || url.hostname === '')
      problems.add(path, shapeOf(value, url), `must be the URL of ${product}`, `url: '${example}'`)
    return String(value)
  })
}

function shapeOf(value: unknown, url: URL | null): string {
  if (typeof value !== 'string') return typeof value
  return url === null ? `a string of ${value.length} characters` : `a URL with protocol ${url.protocol}`
}

/** Name and environment variables of one kind of database. */
export interface DatabaseKind {
  readonly kind: StoreKind
  /** Name in messages: `PostgreSQL`. */
  readonly product: string
  /** Default of `env`. */
  readonly targetVariable: string
  /** Variable with the URL of an external server. */
  readonly urlVariable: string
  /** Variable that overrides the provider. */
  readonly providerVariable: string
}

/** Steps to find or start a server of one kind of database, and to prepare it. */
export interface DatabaseSteps<Server extends DatabaseServer> {
  /** A running server. @param source option or variable with its URL @throws {ServiceError} if it must not be used */
  readonly external: (url: string, source: string) => Server
  readonly start: (provider: Exclude<Provider, 'external'>) => Promise<Server>
  readonly prepare: (server: Server) => Promise<StartedService>
}

/** A server that accepts connections. */
export interface DatabaseServer {
  readonly provider: Provider
  /** Host and port, for the summary. */
  readonly place: string
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Finds or starts a server and prepares it; stops it if that fails. */
export async function startDatabase<Server extends DatabaseServer>(
  kind: DatabaseKind,
  name: string,
  options: DatabaseOptions<never>,
  context: ServiceContext,
  { external, start, prepare }: DatabaseSteps<Server>,
): Promise<StartedService> {
  const { provider, isNamed, url, source } = await locate(kind, name, options, context)
  if (provider === 'absent') return absentService(name, kind)
  const server =
    provider === 'external'
      ? external(url, source)
      : await start(provider).catch((error: unknown) => {
          if (isNamed || !(error instanceof EngineError)) throw error
          context.log(embeddedInstead(name, error.reason))
          return start('embedded')
        })
  try {
    return await prepare(server)
  } catch (error) {
    await server.stop()
    throw error
  }
}

interface Located {
  readonly provider: Provider | 'absent'
  readonly isNamed: boolean
  readonly url: string
  readonly source: string
}

/** The provider to use and, if it is external, the URL and its source. */
async function locate(
  kind: DatabaseKind,
  name: string,
  options: DatabaseOptions<never>,
  context: ServiceContext,
): Promise<Located> {
  const { urlVariable, providerVariable } = kind
  const variable = context.env[urlVariable] || undefined
  const url = variable ?? options.url
  const source = variable === undefined ? 'the option url' : urlVariable
  if (context.isTargetExternal && url === undefined) return { provider: 'absent', isNamed: false, url: '', source }
  const question = { service: name, option: options.provider, url, urlVariable, providerVariable }
  const { provider, isNamed } = await chooseProvider(question, context)
  if (url !== undefined && provider !== 'external') {
    context.log(`${name}: ${source} is not used, because the provider is set to ${provider}`)
  }
  return { provider, isNamed, url: url ?? '', source }
}

/** Placeholder for a service that an external target brings itself. */
function absentService(name: string, { kind, product, urlVariable }: DatabaseKind): StartedService {
  return {
    name,
    kind,
    provider: 'absent',
    summary: `${product}, not started: the target is external (set ${urlVariable} to read the target's own)`,
    connection: {},
    env: {},
    async [Symbol.asyncDispose]() {},
  }
}

/** Environment variables for the target. */
export function targetEnv(
  { targetVariable }: DatabaseKind,
  { env = targetVariable }: DatabaseOptions<never>,
  url: string,
): Readonly<Record<string, string>> {
  return typeof env === 'string' ? { [env]: url } : env({ url })
}

/** Runs a function of the user; an error is reported with the name of the step. */
export async function runStep(
  name: string,
  step: 'migrate' | 'seed',
  run: () => Promise<unknown> | void,
): Promise<void> {
  try {
    await run()
  } catch (cause) {
    const code = codeOf(cause)
    throw new ServiceError(name, {
      problem: `${step} failed: ${asError(cause).message}${code === '' ? '' : ` (${code})`}`,
      fix: `correct ${step} of the service ${name}; the stack of the error's cause shows where it was thrown`,
      cause,
    })
  }
}

/** Error of a reset that would delete data from before the run. */
export function resetRefused(name: string): ServiceError {
  return new ServiceError(name, {
    problem: 'reset would empty an external database that was in use before this run',
    fix: `use the URL of an empty database, or allow its data to be deleted: ${name}({ allowReset: true })`,
  })
}
