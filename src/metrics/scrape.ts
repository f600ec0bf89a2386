import { now } from '../machine/clock.ts'

/** What one instance's metrics route answered. */
export interface Answer {
  /** `performance.now()` when the head of the answer was there: the values are of that moment, or just before it. */
  readonly atMs: number
  readonly text: string
  readonly contentType: string
}

/** A metrics route that could not be read: says which, what came, and what to do. */
export class ScrapeError extends Error {
  override readonly name = 'ScrapeError'
}

const TYPES = 'text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5'
/** Far beyond any target's metrics: whatever streams this much is none. */
const MAX_BYTES = 64 * 1024 * 1024

/** @throws {ScrapeError} where the route does not answer in time, or not with success */
export async function scrape(url: string, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  try {
    const response = await fetch(withoutCredentials(url), { signal: limit, headers: headersFor(url) })
    const atMs = now()
    const text = await textOf(response, url)
    if (!response.ok) throw new ScrapeError(`${placeOf(url)} answered ${response.status}; ${WHERE}`)
    return { atMs, text, contentType: response.headers.get('content-type') ?? 'no content type' }
  } catch (error) {
    if (error instanceof ScrapeError) throw error
    throw new ScrapeError(`${placeOf(url)} ${reasonOf(error, timeoutMs)}`, { cause: error })
  }
}

/** What to do where the route is not what it was taken for. */
export const WHERE =
  "say where the metrics are: definePerfConfig({ metrics: '/metrics' }), or PERF_METRICS_URL for a target that runs elsewhere"

/** Without user, password and query: they may hold secrets. */
export function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

async function textOf(response: Response, url: string): Promise<string> {
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new ScrapeError(`${placeOf(url)} sends without end; ${WHERE}`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** `fetch` refuses URLs that carry credentials. */
function withoutCredentials(url: string): URL {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return bare
}

function headersFor(url: string): Record<string, string> {
  const { username, password } = new URL(url)
  if (username === '' && password === '') return { accept: TYPES }
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { accept: TYPES, authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return `did not answer: ${String(error)}`
  if (error.name === 'TimeoutError')
    return (
      `did not answer within ${timeoutMs} ms, the time between two scrapes; give it more: ` +
      "definePerfConfig({ metrics: { interval: '5s' } })"
    )
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  return `did not answer: ${code ?? (cause instanceof Error ? cause.message : error.message)}`
}
