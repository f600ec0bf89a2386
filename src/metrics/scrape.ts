import { ask, TooLongError } from '../machine/ask.ts'
import { parseBaseUrl } from '../machine/base-url.ts'
import { tlsProblem, type TlsOptions } from '../machine/tls.ts'
import { ScrapeError } from './scrape-error.ts'

/** What one instance's metrics route responded. */
export interface Response {
  /** `performance.now()` when the head of the response was there: the values are of that moment, or just before it. */
  readonly atMs: number
  readonly text: string
  readonly contentType: string
}

const TYPES = 'text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5'
/** Far beyond any target's metrics: whatever streams this much is none. */
const MAX_BYTES = 64 * 1024 * 1024

export interface ScrapeOptions {
  readonly signal: AbortSignal
  readonly tls?: TlsOptions | undefined
  /** Sent with each scrape, also after a redirect within the same origin. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** @throws {ScrapeError} if the route does not respond in time, or not with success */
export async function scrape(
  url: string,
  timeoutMs: number,
  { signal, tls, headers }: ScrapeOptions,
): Promise<Response> {
  const timeUp = AbortSignal.timeout(timeoutMs)
  const limit = AbortSignal.any([signal, timeUp])
  try {
    const { status, text, contentType, atMs } = await ask(url, {
      headers: { accept: TYPES, ...headers },
      signal: limit,
      tls,
      maxBytes: MAX_BYTES,
    })
    if (status === 401 || status === 403)
      throw new ScrapeError(`${placeOf(url)} responded with ${status}; ${CREDENTIALS}`)
    if (status < 200 || status > 299) throw new ScrapeError(`${placeOf(url)} responded with ${status}; ${WHERE}`)
    return { atMs, text, contentType: contentType ?? 'no content type' }
  } catch (error) {
    if (error instanceof ScrapeError) throw error
    if (error instanceof TooLongError) throw new ScrapeError(`${placeOf(url)} sends without end; ${WHERE}`)
    throw new ScrapeError(`${placeOf(url)} ${timeUp.aborted ? tooSlow(timeoutMs) : reasonOf(error)}`, { cause: error })
  }
}

/** What to do where the route is not what it was taken for. */
export const WHERE =
  "say where the metrics are: definePerfConfig({ metrics: '/metrics' }), or PERF_METRICS_URL for a target that runs elsewhere"

const CREDENTIALS =
  'give the scrapes credentials: definePerfConfig({ metrics: { bearerToken: process.env.METRICS_TOKEN } }), or headers'

/** Without user, password and query: they may hold secrets. */
export function placeOf(url: string): string {
  const { bare, socketPath, url: parsed } = parseBaseUrl(url)!
  return socketPath === undefined ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : bare
}

function tooSlow(timeoutMs: number): string {
  return (
    `did not respond within ${timeoutMs} ms, the time between two scrapes; give it more: ` +
    "definePerfConfig({ metrics: { interval: '5s' } })"
  )
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `did not respond: ${String(error)}`
  const { code = '' } = error as NodeJS.ErrnoException
  const problem = tlsProblem(code, error.message)
  if (problem !== undefined)
    return `did not respond: ${problem.finding}. In target(), or in metrics if they have a certificate of their own: ${problem.fix}`
  return `did not respond: ${code || error.message}`
}
