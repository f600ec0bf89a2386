import { ask, BodyError, TooLongError } from '../machine/ask.ts'
import { parseBaseUrl } from '../machine/base-url.ts'
import { tlsProblem, type TlsOptions } from '../machine/tls.ts'

/** A metrics route that could not be read: URL, response and fix. */
export class ScrapeError extends Error {
  /** Name of the class. */
  override readonly name = 'ScrapeError'
  /** Finding without the fix. */
  readonly finding: string
  /** The fix. */
  readonly fix: string

  constructor(finding: string, fix: string, options?: ErrorOptions) {
    super(`${finding}\nFix: ${fix}`, options)
    this.finding = finding
    this.fix = fix
  }
}

/** Response of an instance's metrics route. */
export interface Response {
  /** `performance.now()` at the head of the response: the values are from that moment or just before. */
  readonly atMs: number
  readonly text: string
  readonly contentType: string
}

const TYPES = 'text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5'
/** Maximum size of a response, far above that of any target's metrics. */
const MAX_BYTES = 64 * 1024 * 1024

export interface ScrapeOptions {
  readonly signal: AbortSignal
  readonly tls?: TlsOptions | undefined
  /** Headers of each scrape, also sent after a redirect within the same origin. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** @throws {ScrapeError} if the route does not respond in time, or responds with an error */
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
    if (status === 401 || status === 403) throw new ScrapeError(`${placeOf(url)} responded with ${status}`, CREDENTIALS)
    if (status < 200 || status > 299) throw new ScrapeError(`${placeOf(url)} responded with ${status}`, WHERE)
    return { atMs, text, contentType: contentType ?? 'no content type' }
  } catch (error) {
    if (error instanceof ScrapeError) throw error
    if (error instanceof TooLongError) throw new ScrapeError(`${placeOf(url)} sends an endless response`, WHERE)
    if (error instanceof BodyError)
      throw new ScrapeError(`${placeOf(url)} responded with ${error.status}, but ${error.message}`, BODY, {
        cause: error,
      })
    const { finding, fix } = timeUp.aborted ? tooSlow(timeoutMs) : withoutResponse(error)
    throw new ScrapeError(`${placeOf(url)} did not respond${finding}`, fix, { cause: error })
  }
}

/** Fix for a route that returns no metrics. */
export const WHERE =
  "set the metrics route: definePerfConfig({ metrics: '/metrics' }), or PERF_METRICS_URL for an external target"

const BODY = 'send the metrics uncompressed, or with a content-encoding of gzip, deflate or br that matches the body'

const CREDENTIALS =
  'set credentials for the scrapes: definePerfConfig({ metrics: { bearerToken: process.env.METRICS_TOKEN } }), or headers'

/** URL without user, password and query, which may contain secrets. */
export function placeOf(url: string): string {
  const { bare, socketPath, url: parsed } = parseBaseUrl(url)!
  return socketPath === undefined ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : bare
}

interface Failure {
  /** Completes `… did not respond`. */
  readonly finding: string
  readonly fix: string
}

function tooSlow(timeoutMs: number): Failure {
  return {
    finding: ` within ${timeoutMs} ms, the time between two scrapes`,
    fix: "increase it: definePerfConfig({ metrics: { interval: '5s' } })",
  }
}

function withoutResponse(error: unknown): Failure {
  const { code = '', message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) }
  const problem = tlsProblem(code, message)
  if (problem === undefined) return { finding: `: ${code || message}`, fix: `check that the target runs, or ${WHERE}` }
  return {
    finding: `: ${problem.finding}`,
    fix: `in target(), or in metrics if they have a certificate of their own: ${problem.fix}`,
  }
}
