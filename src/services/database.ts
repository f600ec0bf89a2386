import type { StoreKind } from '../machine/store-kinds.ts'
import { HOSTS } from '../options/base-url.ts'
import { optional, reading } from '../options/schema.ts'
import { any, flag, func, matching, text } from '../options/values.ts'
import { asError, codeOf } from './failure.ts'
import { chooseProvider, embeddedInstead, isProviderOption, type Provider } from './provider.ts'
import { EngineError, ServiceError, type ServiceContext, type StartedService } from './service.ts'

/** What `postgres()` and `redis()` have in common. */
export interface DatabaseOptions<Connection> {
  /**
   * `'auto'` (default): external if there is a URL, container if a Docker engine responds and can run the image, else
   * embedded, with one line that says why. A provider that is named is never replaced. The variables
   * `PERF_POSTGRES_PROVIDER`, `PERF_REDIS_PROVIDER` and, for both, `PERF_SERVICES` beat the option.
   */
  readonly provider?: Provider | 'auto'
  /** A server that runs already. `PERF_DATABASE_URL`, `PERF_REDIS_URL` beat it. */
  readonly url?: string
  /** Image of the container. `PERF_POSTGRES_IMAGE`, `PERF_REDIS_IMAGE` beat it. Default: `postgres:18`, `redis:8`. */
  readonly image?: string
  /**
   * Puts in the data the scenarios start from; runs again on every reset. On an external server it may be there already.
   * What it returns is awaited, and its value is not used.
   */
  seed?(connection: Connection): Promise<unknown> | void
  /**
   * What the target gets: the name of the variable that holds the URL, or a whole environment. Default: `DATABASE_URL`,
   * `REDIS_URL`.
   */
  readonly env?: string | ((connection: { readonly url: string }) => Readonly<Record<string, string>>)
  /** Hosts other than this machine that may be used. Default: none. */
  readonly allowRemote?: readonly string[]
  /** Lets `reset` empty an external database that was not empty when we came. Default: false. */
  readonly allowReset?: boolean
  /** Default: `postgres`, `redis`. */
  readonly name?: string
}

/** Readers of the options above. */
export const DATABASE_OPTIONS = {
  provider: optional(matching(isProviderOption, 'must be auto, container, embedded or external', "'auto'")),
  // A URL is looked at when it is used, where its mistake can be shown without the password in it.
  url: optional(
    reading<string>((problems, path, value) => {
      if (typeof value !== 'string') problems.add(path, typeof value, 'must be a string', 'url: process.env.URL')
      return String(value)
    }),
  ),
  image: optional(matching<string>((value) => typeof value === 'string', 'must be a string', "'redis:8'")),
  seed: optional(func('async (connection) => {}')),
  env: any(),
  allowRemote: optional(HOSTS),
  allowReset: optional(flag(true)),
  name: optional(text("'orders'")),
}

/** What tells one kind of database from another. */
export interface DatabaseKind {
  readonly kind: StoreKind
  /** For people: `PostgreSQL`. */
  readonly product: string
  /** Default of `env`. */
  readonly targetVariable: string
  /** Gives the URL of an external server. */
  readonly urlVariable: string
  /** Forces a provider. */
  readonly providerVariable: string
}

/** How the servers of one kind of database are got hold of. */
export interface DatabaseSteps<Server extends DatabaseServer> {
  /** One that runs already. @param source where its URL was found @throws {ServiceError} if it must not be used */
  readonly external: (url: string, source: string) => Server
  readonly start: (provider: Exclude<Provider, 'external'>) => Promise<Server>
  readonly prepare: (server: Server) => Promise<StartedService>
}

/** A server that takes connections. */
export interface DatabaseServer {
  readonly provider: Provider
  /** Where it is, for the summary: host and port. */
  readonly place: string
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Finds or starts a server and makes it ready; what cannot be made ready is cleaned up. */
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

/** Which provider is to be used, and the URL and where it was found if that is an external one. */
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
  if (context.targetIsExternal && url === undefined) return { provider: 'absent', isNamed: false, url: '', source }
  const question = { service: name, option: options.provider, url, urlVariable, providerVariable }
  const { provider, isNamed } = await chooseProvider(question, context)
  if (url !== undefined && provider !== 'external') {
    context.log(`${name}: ${source} is not used, because the provider is set to ${provider}`)
  }
  return { provider, isNamed, url: url ?? '', source }
}

/** Stands for a service that an external target brings itself. */
function absentService(name: string, { kind, product, urlVariable }: DatabaseKind): StartedService {
  return {
    name,
    kind,
    provider: 'absent',
    summary: `${product}, not started: the target runs elsewhere (${urlVariable} would let its own be read)`,
    connection: {},
    env: {},
    async [Symbol.asyncDispose]() {},
  }
}

/** The variables the target gets. */
export function targetEnv(
  { targetVariable }: DatabaseKind,
  { env = targetVariable }: DatabaseOptions<never>,
  url: string,
): Readonly<Record<string, string>> {
  return typeof env === 'string' ? { [env]: url } : env({ url })
}

/** Runs a step the user wrote; its error is reported under the step's name. */
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
      remedy: `Correct ${step} of the service ${name}; the error's cause says where it was thrown.`,
      cause,
    })
  }
}

/** Refuses to empty what somebody may still need. */
export function resetRefused(name: string): ServiceError {
  return new ServiceError(name, {
    problem: 'reset would empty an external database that was in use before this run',
    remedy: `Give the URL of an empty database, or say that its data may go: ${name}({ allowReset: true }).`,
  })
}
