import { hostsForFullLoad } from '../../machine/allowed-hosts.ts'
import { parseBaseUrl, urlBelow, type BaseUrl } from '../../machine/base-url.ts'
import { OTHER_PROTOCOL_FIXES, probeProtocol } from '../../machine/protocol-probe.ts'
import type { TlsOptions } from '../../machine/tls.ts'
import { Problems, type Problem } from '../../options/problems.ts'
import { redactText } from '../../options/redact.ts'
import { assertAllowedHost } from '../remote.ts'
import { ServiceError } from '../service.ts'
import { tlsFailure, waitUntilReady } from './readiness.ts'
import type { Readiness, StartedTarget, TargetContext, TargetInstance } from './started-target.ts'
import type { TargetOptions } from './target-options.ts'

/** A target that runs before and after the run. */
export class ExternalTarget implements StartedTarget {
  readonly provider = 'external'
  readonly running = true
  readonly instances: readonly TargetInstance[]

  private constructor(instances: readonly TargetInstance[]) {
    this.instances = instances
  }

  /**
   * @throws {ServiceError} if a URL is invalid, names a host that is not allowed, or is not ready in time
   */
  static async connect(options: TargetOptions, readiness: Readiness, context: TargetContext): Promise<ExternalTarget> {
    const { env } = context
    const urls = parse('PERF_TARGET_URL', 'url', env, options.url)
    const internalUrls = parse('PERF_TARGET_INTERNAL_URL', 'internalUrl', env, options.internalUrl)
    for (const { base } of [...urls, ...internalUrls]) {
      if (base.socketPath !== undefined) continue
      assertAllowedHost('target', base.url.hostname, options.allowRemote, {
        isLoad: true,
        allowFullLoadOn: context.fullScale ? hostsForFullLoad(env) : undefined,
      })
    }
    await Promise.all(urls.map((url) => untilReady(url, readiness, options.tls, context)))
    return new ExternalTarget(
      urls.map((url, index) => {
        const internal = internalUrls[index]
        return { baseUrl: url.text, ...(internal ? { internalUrl: internal.text } : {}) }
      }),
    )
  }

  get summary(): string {
    return `target, external, ${this.instances.map(({ baseUrl }) => redactText(baseUrl)).join(', ')}`
  }

  async restart(): Promise<void> {
    throw new ServiceError('target', {
      problem: 'an external target cannot be restarted',
      fix: 'restart it yourself, or unset PERF_TARGET_URL so that its command starts it',
    })
  }

  async kill(): Promise<() => Promise<void>> {
    throw new ServiceError('target', {
      problem: 'an external target cannot be killed',
      fix: 'remove the disruption, or unset PERF_TARGET_URL so that its command starts it',
    })
  }

  onExit(): () => void {
    return () => {}
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Mistakes in the URLs of a running target: those of the options, or of the variables that override them. */
export function urlMistakes({ url, internalUrl }: TargetOptions, env: NodeJS.ProcessEnv): readonly Problem[] {
  const problems = new Problems()
  for (const [variable, option, value] of [
    ['PERF_TARGET_URL', 'url', url],
    ['PERF_TARGET_INTERNAL_URL', 'internalUrl', internalUrl],
  ] as const) {
    const { path, texts } = given(variable, `target.${option}`, env, value)
    const example = env[variable] ? `${variable}=http://127.0.0.1:3000` : `${option}: 'http://127.0.0.1:3000'`
    for (const text of texts)
      if (httpUrl(text) === undefined)
        problems.add(
          path,
          typeof text === 'string' ? redactText(text) : text,
          'must be an http or https URL, or unix: and the path of a socket',
          example,
        )
  }
  return problems.found
}

interface GivenUrl {
  readonly text: string
  readonly base: BaseUrl
}

function parse(
  variable: string,
  option: string,
  env: NodeJS.ProcessEnv,
  value: string | readonly string[] | undefined,
): readonly GivenUrl[] {
  const { path, texts } = given(variable, option, env, value)
  return texts.map((text) => {
    const base = httpUrl(text)
    if (base !== undefined) return { text: withCredentials(text, base), base }
    throw new ServiceError('target', {
      problem: `${path} is not an http URL`,
      received: redactText(JSON.stringify(text)),
      fix: `write it as http://127.0.0.1:3000, https://staging.example.com, or unix:/run/app.sock`,
    })
  })
}

function given(
  variable: string,
  option: string,
  env: NodeJS.ProcessEnv,
  value: string | readonly string[] | undefined,
): { readonly path: string; readonly texts: readonly string[] } {
  const fromEnv = env[variable]
  if (fromEnv) return { path: variable, texts: fromEnv.split(',').map((part) => part.trim()) }
  return { path: option, texts: [value ?? []].flat() }
}

function httpUrl(text: unknown): BaseUrl | undefined {
  const base = typeof text === 'string' ? parseBaseUrl(text) : undefined
  return base !== undefined && /^https?:$/.test(base.url.protocol) ? base : undefined
}

/** Fix if the default path of the readiness check does not exist. */
function defaultPathFix(readyPath: string, last: string): string | undefined {
  if (readyPath !== '/healthz' || !/^status 404\b/.test(last)) return undefined
  return "set target({ ready: '/' }), or the path that responds with 2xx once the target can take load: /healthz is the default"
}

async function untilReady(
  { text, base }: GivenUrl,
  { readyPath, readyTimeoutMs }: Readiness,
  tls: TlsOptions | undefined,
  { signal }: TargetContext,
): Promise<void> {
  const last = await waitUntilReady(urlBelow(text, readyPath), { timeoutMs: readyTimeoutMs, tls, signal })
  signal.throwIfAborted()
  if (last === undefined) return
  const failure = tlsFailure(base.url.origin, last)
  if (failure !== undefined) throw failure
  throw new ServiceError('target', {
    problem: `${urlBelow(base.bare, readyPath)} was not ready within ${readyTimeoutMs / 1000} s`,
    received: redactText(last),
    fix:
      (await otherProtocolFix(base)) ??
      defaultPathFix(readyPath, last) ??
      'start it, correct PERF_TARGET_URL, or set the path of its readiness check: target({ ready })',
  })
}

/** Fix for a listener that does not speak plain HTTP/1.1. */
async function otherProtocolFix({ url, socketPath }: BaseUrl): Promise<string | undefined> {
  if (url.protocol !== 'http:') return undefined
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const protocol = await probeProtocol({ host, port: Number(url.port || 80), socketPath })
  return protocol && OTHER_PROTOCOL_FIXES[protocol]
}

/** The URL with user and password, which are sent but never shown. */
function withCredentials(text: string, { bare, socketPath }: BaseUrl): string {
  if (socketPath !== undefined) return bare
  const url = new URL(text)
  url.search = ''
  url.hash = ''
  return url.href.replace(/\/+$/, '')
}
