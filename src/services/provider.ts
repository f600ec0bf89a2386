import { findEngine, loadTestcontainers, unusableEngine } from './engine.ts'
import { ServiceError, type ServiceContext } from './service.ts'

/** Source of a service. */
export type Provider = 'container' | 'embedded' | 'external'

const PROVIDERS: readonly string[] = ['auto', 'container', 'embedded', 'external']

/** Whether `value` is valid for the option `provider`. */
export function isProviderOption(value: unknown): value is Provider | 'auto' {
  return typeof value === 'string' && PROVIDERS.includes(value)
}

export interface ProviderQuestion {
  readonly service: string
  readonly option: Provider | 'auto' | undefined
  /** From the option or the variable; selects `external`. */
  readonly url: string | undefined
  /** The variable for a URL, e.g. `PERF_DATABASE_URL`. */
  readonly urlVariable: string
  /** The variable that overrides the provider of this service, e.g. `PERF_POSTGRES_PROVIDER`. */
  readonly providerVariable: string
}

/** A provider, and whether it was set explicitly: an explicit provider is never replaced. */
export interface ProviderChoice {
  readonly provider: Provider
  readonly isNamed: boolean
}

/**
 * The provider to use. A variable overrides the option; `PERF_SERVICES` applies to every service whose own variable is not
 * set. Default: external if there is a URL, container if a Docker engine responds, else embedded. If an engine exists and
 * cannot be used, one line with the reason is logged.
 */
export async function chooseProvider(
  question: ProviderQuestion,
  context: Pick<ServiceContext, 'env' | 'log'>,
  find: (limitMs?: number) => Promise<unknown> = findEngine,
  unusable: (env: NodeJS.ProcessEnv) => Promise<string | undefined> = unusableEngine,
): Promise<ProviderChoice> {
  const forced = forcedProvider(question, context.env)
  if (forced === 'external' && question.url === undefined) {
    throw new ServiceError(question.service, {
      problem: 'the provider is external, but no URL is given',
      fix: `set ${question.urlVariable} or the option url, or use another provider`,
    })
  }
  if (forced === 'container') await loadTestcontainers()
  if (forced === 'container' && (await find(10_000)) === undefined) {
    throw new ServiceError(question.service, {
      problem: 'the provider is container, but no Docker engine responds',
      fix: `start one (set DOCKER_HOST if it does not listen on the default socket), set ${question.providerVariable}=embedded, or set ${question.urlVariable} to the URL of a running server`,
    })
  }
  if (forced !== 'auto') return { provider: forced, isNamed: true }
  if (question.url !== undefined) return { provider: 'external', isNamed: false }
  if ((await find()) !== undefined) return { provider: 'container', isNamed: false }
  const reason = await unusable(context.env)
  if (reason !== undefined) context.log(embeddedInstead(question.service, reason))
  return { provider: 'embedded', isNamed: false }
}

/** Line with the reason why a service does not run in a container. */
export function embeddedInstead(service: string, reason: string): string {
  return `${service}: ${reason}; the embedded server is used instead`
}

function forcedProvider({ service, option, providerVariable }: ProviderQuestion, env: NodeJS.ProcessEnv) {
  for (const variable of [providerVariable, 'PERF_SERVICES']) {
    const value = env[variable]
    if (value === undefined || value === '') continue
    if (isProviderOption(value)) return value
    throw new ServiceError(service, {
      problem: `${variable} is not a valid provider`,
      received: `${variable}=${value}`,
      fix: `use one of ${PROVIDERS.join(', ')}, e.g. ${variable}=embedded`,
    })
  }
  return option ?? 'auto'
}
