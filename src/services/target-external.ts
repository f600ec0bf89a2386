import { assertAllowedHost, isLoopback } from './remote.ts'
import { redactText } from '../options/redact.ts'
import { sawBadCertificate, waitUntilReady } from './readiness.ts'
import { ServiceError } from './service.ts'
import type { TargetOptions } from './target-options.ts'
import type { Readiness, StartedTarget, TargetContext, TargetInstance } from './started-target.ts'

/** A target that was running before we came and goes on afterwards. */
export class ExternalTarget implements StartedTarget {
  readonly provider = 'external'
  readonly running = true
  readonly instances: readonly TargetInstance[]

  private constructor(instances: readonly TargetInstance[]) {
    this.instances = instances
  }

  /**
   * @throws {ServiceError} when a URL is none, leads to a host that is not allowed, or does not answer in time
   */
  static async connect(options: TargetOptions, readiness: Readiness, context: TargetContext): Promise<ExternalTarget> {
    const { env } = context
    const urls = parse('PERF_TARGET_URL', 'url', env, options.url)
    const internalUrls = parse('PERF_TARGET_INTERNAL_URL', 'internalUrl', env, options.internalUrl)
    for (const url of [...urls, ...internalUrls]) {
      assertAllowedHost('target', url, options.allowRemote ?? [])
      if (context.fullScale) assertFullLoadAllowed(url, env)
    }
    await Promise.all(urls.map((url) => untilReady(url, readiness, context)))
    return new ExternalTarget(
      urls.map((url, index) => {
        const internal = internalUrls[index]
        return { baseUrl: baseOf(url), ...(internal ? { internalUrl: baseOf(internal) } : {}) }
      }),
    )
  }

  get summary(): string {
    return `target, external, ${this.instances.map(({ baseUrl }) => redactText(baseUrl)).join(', ')}`
  }

  log(): readonly string[] {
    return []
  }

  async restart(): Promise<void> {
    throw new ServiceError('target', {
      problem: 'it runs elsewhere and cannot be started again from here',
      remedy: 'Restart it where it runs, or unset PERF_TARGET_URL and let it be started by its command.',
    })
  }

  async kill(): Promise<() => Promise<void>> {
    throw new ServiceError('target', {
      problem: 'it runs elsewhere and cannot be killed from here',
      remedy: 'Leave the disruption out, or unset PERF_TARGET_URL and let it be started by its command.',
    })
  }

  onExit(): () => void {
    return () => {}
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function parse(
  variable: string,
  option: string,
  env: NodeJS.ProcessEnv,
  value: string | readonly string[] | undefined,
): readonly URL[] {
  const fromEnv = env[variable]
  const texts = fromEnv ? fromEnv.split(',').map((part) => part.trim()) : [value ?? []].flat()
  return texts.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url && /^https?:$/.test(url.protocol)) return url
    throw new ServiceError('target', {
      problem: `${fromEnv ? variable : option} is no http URL`,
      received: url ? `a URL with protocol ${url.protocol}` : redactText(JSON.stringify(text)),
      remedy: `Write it as http://127.0.0.1:3000 or https://staging.example.com.`,
    })
  })
}

function assertFullLoadAllowed(url: URL, env: NodeJS.ProcessEnv): void {
  const named = (env['PERF_ALLOW_FULL_LOAD_ON'] ?? '').split(',').map((host) => host.trim())
  if (isLoopback(url.hostname) || named.includes(url.hostname)) return
  throw new ServiceError('target', {
    problem: `full load on ${url.hostname} must be allowed twice, and is allowed once`,
    received: `PERF_ALLOW_FULL_LOAD_ON: ${named.filter(Boolean).join(', ') || 'not set'}`,
    remedy: `If that host is meant for it, set PERF_ALLOW_FULL_LOAD_ON=${url.hostname}. Else run at a smaller scale, or unset PERF_TARGET_URL.`,
  })
}

async function untilReady(
  url: URL,
  { readyPath, readyTimeoutMs }: Readiness,
  { signal }: TargetContext,
): Promise<void> {
  const last = await waitUntilReady(new URL(baseOf(url) + readyPath), { timeoutMs: readyTimeoutMs, signal })
  signal.throwIfAborted()
  if (last === undefined) return
  if (sawBadCertificate(last)) {
    throw new ServiceError('target', {
      problem: `the certificate of ${redactText(url.origin)} is not trusted`,
      received: redactText(last),
      remedy:
        'Name the authority that signed it: NODE_EXTRA_CA_CERTS=ca.pem, a file Node reads when it starts; or have the host that the certificate is for in the URL.',
    })
  }
  throw new ServiceError('target', {
    problem: `${redactText(baseOf(url))}${readyPath} was not ready within ${readyTimeoutMs / 1000} s`,
    received: redactText(last),
    remedy: 'Start it, correct PERF_TARGET_URL, or name the path that says it is ready: target({ ready }).',
  })
}

function baseOf(url: URL): string {
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}
