import { refusalOf } from '../machine/allowed-hosts.ts'
import { isRedirect } from '../runs/request-hints.ts'
import { withoutTargetOnly } from './hosts.ts'
import { SETTLE_MS } from './keep-alive.ts'
import type { RequestEncoder } from './request-encoder.ts'
import { namesAndValues, type RawHeaders } from './response-headers.ts'
import type { RequestSpec } from './types.ts'

/** The redirects that a request has followed. */
export interface RedirectChain {
  /** URLs of the requests after the first one. */
  readonly urls: readonly string[]
  /** The request in flight. Its path is that of the URL, without the path of the base URL before it. */
  readonly spec: RequestSpec
  readonly encoder: RequestEncoder
  /** Whether a request was rewritten to a `GET`, after the target had received the method of the scenario. */
  readonly isRewritten: boolean
  /** When the first request was sent (`performance.now()`). */
  readonly firstSentMs: number
  /** When the last redirect had been read (`performance.now()`). */
  readonly redirectedMs: number
  /** When the connection received the request in flight (`performance.now()`). */
  readonly beganMs: number
  /** Whether the connection was open at that time. */
  readonly wasOpen: boolean
  /** Time that the generator took between earlier redirects and the requests that followed them. */
  readonly generatorMs: number
}

/** Longest wait of an open connection before it sends, in order to notice that the target closes it. */
const MAX_PAUSE_MS = 2 * SETTLE_MS

/**
 * Time that the generator took between the redirects and the requests that followed them, which is not the target's. A
 * connection that had to be opened again is.
 *
 * @param sentMs when the request in flight was sent (`performance.now()`)
 */
export function generatorMsOf(chain: RedirectChain, sentMs: number): number {
  const { generatorMs, redirectedMs, beganMs, wasOpen } = chain
  const pauseMs = wasOpen ? Math.min(Math.max(0, sentMs - beganMs), MAX_PAUSE_MS) : 0
  return generatorMs + (beganMs - redirectedMs) + pauseMs
}

/** Headers that describe a body, which a request rewritten to `GET` does not have. */
const BODY_HEADERS = new Set(['content-encoding', 'content-language', 'content-location', 'content-type'])

/** URL in the `Location` header of a redirect; `undefined` if the response is no redirect. */
export function locationOf(status: number, rawHeaders: RawHeaders): string | undefined {
  if (!isRedirect(status)) return undefined
  const fields = namesAndValues(rawHeaders)
  for (let at = 0; at < fields.length; at += 2)
    // Bytes beyond ASCII are UTF-8, as in browsers.
    if (fields[at]!.toLowerCase() === 'location') return Buffer.from(fields[at + 1]!, 'latin1').toString('utf8')
  return undefined
}

/**
 * The URL to which a redirect leads.
 *
 * @param from URL of the redirected request
 * @returns the reason as text if it cannot be requested
 */
export function destinationOf(location: string, from: string): URL | string {
  const url = URL.canParse(location, from) ? new URL(location, from) : undefined
  if (url === undefined) return 'to a URL that is not valid'
  if (!/^https?:$/.test(url.protocol)) return `to a URL of the scheme ${url.protocol.slice(0, -1)}, which is not HTTP`
  url.hash = ''
  url.username = ''
  url.password = ''
  return url
}

/** Why a run does not follow a redirect to an origin that is not its own. */
export function foreignOrigin({ origin, hostname }: URL): string {
  const refusal = refusalOf(hostname, { isLoad: true })
  return `to ${origin}: ${refusal === undefined ? 'it is not a host of this run' : refusal.problem}`
}

/** The request after a redirect to another origin, without what was meant for the first one. */
export function forOtherOrigin(spec: RequestSpec): RequestSpec {
  return spec.headers === undefined ? spec : { ...spec, headers: withoutTargetOnly(spec.headers) }
}

/** The request after a redirect, with the method and the body that `fetch` sends. */
export function redirected(spec: RequestSpec, status: number, url: URL): { spec: RequestSpec; isRewritten: boolean } {
  const { method = 'GET' } = spec
  const path = url.pathname + url.search
  const isRewritten = status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST'
  if (!isRewritten) return { spec: { ...spec, path }, isRewritten }
  const { body: _, ...rest } = spec
  const headers = Object.entries(spec.headers ?? {}).filter(([name]) => !BODY_HEADERS.has(name.toLowerCase()))
  return { spec: { ...rest, method: 'GET', path, headers: Object.fromEntries(headers) }, isRewritten }
}

/** `3 redirects` */
export function redirectCount(count: number): string {
  return count === 1 ? '1 redirect' : `${count} redirects`
}
