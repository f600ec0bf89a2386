import { ExpositionError, parseExposition, type Exposition } from './exposition.ts'

/** One reading of one instance's metrics. */
export interface Scrape {
  /** `performance.now()` when the answer was complete. */
  readonly atMs: number
  readonly exposition: Exposition
}

/** A metrics route that could not be read: says which, what came, and what to do. */
export class ScrapeError extends Error {
  override readonly name = 'ScrapeError'
}

const TYPES = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=1'

/** @throws {ScrapeError} where the route does not answer in time, or not with metrics */
export async function scrape(url: string, timeoutMs: number, signal: AbortSignal): Promise<Scrape> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const response = await fetch(url, { signal: limit, headers: { accept: TYPES } }).catch((error: unknown) => {
    throw new ScrapeError(`${at(url)} did not answer: ${reasonOf(error, timeoutMs)}`, { cause: error })
  })
  const text = await response.text()
  const atMs = performance.now()
  if (!response.ok) throw new ScrapeError(`${at(url)} answered ${response.status}; give the path of the metrics route`)
  try {
    return { atMs, exposition: parseExposition(text) }
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error
    const type = response.headers.get('content-type') ?? 'no content type'
    throw new ScrapeError(`${at(url)} answered with ${type}, not with metrics: ${error.message}`, { cause: error })
  }
}

/** Without user, password and query: they may hold secrets. */
function at(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError')
    return `no answer within ${timeoutMs} ms; a longer metrics interval gives it the time it takes`
  return error.cause instanceof Error ? error.cause.message : error.message
}
