import { ask } from './machine/ask.ts'
import { parseBaseUrl, urlBelow } from './machine/base-url.ts'
import type { TlsOptions } from './machine/tls.ts'
import { Problems } from './options/problems.ts'
import { shortened } from './options/shortened.ts'
import type { ProvidedTarget } from './config/provided.ts'

/** The system under test as a scenario sees it. For preparing and publishing; load goes through `http` and `ws`. */
export interface TargetHandle {
  /**
   * Base URL of the first instance, without the credentials that the config's URL may have: `http` and `ws` send them by
   * themselves, requests of your own take them from `headers`.
   */
  readonly url: string
  /** Base URL of every instance, as `url`. */
  readonly urls: readonly string[]
  /** What the credentials of the config's URL are sent as: `authorization`, or nothing. Secret. */
  readonly headers: Readonly<Record<string, string>>
  /** The first instance's internal listener: routes that the public one does not offer. */
  readonly internal: TargetClient
}

export interface TargetClient {
  /** Why it cannot be used from here, as for `skip()`; `undefined` where it can. */
  readonly unavailable: string | undefined
  /** @throws {Error} where it cannot be used, as the calls do */
  readonly url: string
  /**
   * Sends JSON.
   * @param path begins with one `/`: requests go to the internal listener and nowhere else
   * @throws {OptionsError} for a URL or a path that begins another host
   * @throws {Error} if the response's status is not 2xx, with its first lines
   */
  post(path: string, body: unknown): Promise<unknown>
  get(path: string): Promise<unknown>
}

const NO_TARGET = 'this run has no target: add `target` to definePerfConfig(), or set PERF_TARGET_URL'
const NO_INTERNAL = 'the target’s internal listener is not known here (PERF_TARGET_INTERNAL_URL)'

/** @throws {Error} from the first use of a target or listener that the config does not name */
export function targetHandle(target: ProvidedTarget | undefined): TargetHandle {
  return {
    get url() {
      return withoutCredentials(known(target?.urls[0], NO_TARGET))
    },
    get urls() {
      return (target?.urls ?? []).map(withoutCredentials)
    },
    get headers() {
      const authorization = parseBaseUrl(target?.urls[0] ?? '')?.authorization
      return authorization === undefined ? {} : { authorization }
    },
    internal: client(target?.internalUrls[0], target === undefined ? NO_TARGET : NO_INTERNAL, target?.tls),
  }
}

function known(url: string | undefined, problem: string): string {
  if (url === undefined) throw new Error(problem)
  return url
}

function withoutCredentials(url: string): string {
  return parseBaseUrl(url)!.bare
}

/** Two slashes, a backslash for one of them, and white space between them begin another host, as a whole URL does. */
function ownPath(method: string, path: string): string {
  const problems = new Problems()
  const rule = 'must begin with one /, without line breaks and tabs: it is a path of the target’s internal listener'
  const example = `target.internal.${method.toLowerCase()}('/jobs')`
  if (!/^\/(?![/\\])[^\t\n\r]*$/.test(path)) problems.add('path', path, rule, example)
  problems.throwIfAny(`target.internal.${method.toLowerCase()}()`)
  return path
}

function client(url: string | undefined, problem: string, tls?: TlsOptions): TargetClient {
  const call = async (path: string, { method, body }: { method: string; body?: string }) => {
    const place = known(url, problem)
    const whole = place.startsWith('unix:') ? urlBelow(place, path) : new URL(ownPath(method, path), place).href
    const { signal } = new AbortController()
    const { status, text } = await ask(whole, { method, headers, ...(body !== undefined && { body }), tls, signal })
    if (status < 200 || status > 299) throw new Error(`${method} ${path} answered ${status}: ${shortened(text, 200)}`)
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  }
  const headers = { 'content-type': 'application/json' }
  return {
    unavailable: url === undefined ? problem : undefined,
    get url() {
      return withoutCredentials(known(url, problem))
    },
    post: (path, body) => call(path, { method: 'POST', body: JSON.stringify(body) }),
    get: (path) => call(path, { method: 'GET' }),
  }
}
