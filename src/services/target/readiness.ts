import type { IncomingMessage } from 'node:http'
import { openRequest } from '../../machine/ask.ts'
import { now, sleep } from '../../machine/clock.ts'
import { tlsProblem, type TlsOptions, type TlsProblem } from '../../machine/tls.ts'
import { redactText } from '../../options/redact.ts'
import { shortened } from '../../options/shortened.ts'
import { formatDuration } from '../../stats/units.ts'
import { asError } from '../failure.ts'
import { ServiceError } from '../service.ts'

/** Time after which a further request is sent while one still waits, because that one may never get a response; doubles. */
const NEXT_AFTER_MS = 2_000
const PAUSE_MS = 25
const NO_RESPONSE = 'no response'

export interface ReadinessOptions {
  readonly timeoutMs: number
  readonly tls?: TlsOptions | undefined
  /** Stops waiting, e.g. because the process has exited. */
  readonly signal: AbortSignal
}

/**
 * Sends requests to the URL until it responds with 2xx.
 * @returns `undefined` once it is ready; else the last result: `status 500: …`, `connection refused`
 */
export async function waitUntilReady(
  url: string,
  { timeoutMs, tls, signal }: ReadinessOptions,
): Promise<string | undefined> {
  const settled = new AbortController()
  const limit = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)))
  const until = AbortSignal.any([limit, signal, settled.signal])
  const attempts = new Attempts(url, { tls, signal: until }, () => settled.abort())
  const pause = (ms: number) => sleep(ms, undefined, { signal: until }).catch(() => {})
  let latest: Promise<void> = Promise.resolve()
  let nextAfterMs = NEXT_AFTER_MS
  while (!until.aborted) {
    latest = attempts.start()
    const isOver = await Promise.race([latest.then(() => true), pause(nextAfterMs).then(() => false)])
    nextAfterMs = isOver ? NEXT_AFTER_MS : nextAfterMs * 2
    if (isOver) await pause(PAUSE_MS)
  }
  await latest
  return attempts.result
}

/** The requests of one wait: each may take until its end. */
class Attempts {
  readonly #url: string
  readonly #context: Pick<ReadinessOptions, 'tls' | 'signal'>
  readonly #onSettled: () => void
  /** Start of each request that got no result. */
  readonly #waiting = new Set<number>()
  #last: string | undefined
  #isReady = false

  /** @param onSettled called if no further request is needed: it is ready, or a TLS handshake failed, which would fail again */
  constructor(url: string, context: Pick<ReadinessOptions, 'tls' | 'signal'>, onSettled: () => void) {
    this.#url = url
    this.#context = context
    this.#onSettled = onSettled
  }

  async start(): Promise<void> {
    const startMs = now()
    this.#waiting.add(startMs)
    const seen = await tryOnce(this.#url, this.#context)
    if (seen === NO_RESPONSE || this.#isReady) return
    this.#waiting.delete(startMs)
    this.#last = seen
    this.#isReady = seen === undefined
    if (seen === undefined || tlsProblemIn(seen) !== undefined) this.#onSettled()
  }

  /** `undefined` if it is ready, else the last result, with the longest wait for one that never came. */
  get result(): string | undefined {
    if (this.#isReady) return undefined
    const waitedMs = this.#waiting.size === 0 ? 0 : now() - Math.min(...this.#waiting)
    const waited = `${NO_RESPONSE} within ${formatDuration(Math.round(waitedMs))}`
    if (this.#last === undefined) return this.#waiting.size === 0 ? NO_RESPONSE : waited
    return waitedMs < NEXT_AFTER_MS ? this.#last : `${this.#last}; another request: ${waited}`
  }
}

/** Error of a failed TLS handshake; `undefined` if it did not fail. @param last last result of {@link waitUntilReady} */
export function tlsFailure(origin: string, last: string): ServiceError | undefined {
  const problem = tlsProblemIn(last)
  return (
    problem &&
    new ServiceError('target', {
      problem: `the TLS handshake with ${origin} failed: ${problem.finding}`,
      received: redactText(last),
      fix: problem.fix.includes('tls: {') ? `in target(): ${problem.fix}` : problem.fix,
    })
  )
}

/** Problem of the TLS handshake, if the last result was one: results of errors begin with their code. */
function tlsProblemIn(seen: string): TlsProblem | undefined {
  const [code = '', ...message] = seen.split(': ')
  return /^[A-Z_0-9]+$/.test(code) ? tlsProblem(code, message.join(': ')) : undefined
}

async function tryOnce(
  url: string,
  { tls, signal }: Pick<ReadinessOptions, 'tls' | 'signal'>,
): Promise<string | undefined> {
  try {
    return await read(await openRequest(url, { tls, signal }))
  } catch (error) {
    return signal.aborted ? NO_RESPONSE : reason(asError(error))
  }
}

async function read(response: IncomingMessage): Promise<string | undefined> {
  const status = response.statusCode ?? 0
  let body = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) if (body.length < 500) body += String(chunk)
  } catch (error) {
    return `status ${status}, then ${asError(error).message}`
  }
  if (status >= 200 && status < 300) return undefined
  const text = shortened(body.replaceAll(/\s+/g, ' ').trim(), 200)
  return `status ${status}${text === '' ? '' : `: ${text}`}`
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'connection refused: nothing listens there'
  return [error.code, error.message].filter(Boolean).join(': ')
}
