import type { IncomingMessage } from 'node:http'
import { openRequest } from '../../machine/ask.ts'
import { now, sleep } from '../../machine/clock.ts'
import { tlsProblem, type TlsOptions, type TlsProblem } from '../../machine/tls.ts'
import { redactText } from '../../options/redact.ts'
import { shortened } from '../../options/shortened.ts'
import { asError } from '../failure.ts'
import { ServiceError } from '../service.ts'

const ATTEMPT_MS = 2_000
const SHORTEST_ATTEMPT_MS = 100
const PAUSE_MS = 25
const NOTHING_YET = 'no response'

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
  const deadline = now() + timeoutMs
  let last = NOTHING_YET
  while (!signal.aborted) {
    const leftMs = deadline - now()
    // An attempt too short for a response would only hide the result of the previous one.
    if (leftMs <= 0 || (last !== NOTHING_YET && leftMs < SHORTEST_ATTEMPT_MS)) return last
    const seen = await tryOnce(url, Math.min(ATTEMPT_MS, leftMs), { tls, signal })
    // A failed TLS handshake would fail again.
    if (seen === undefined || tlsProblemIn(seen) !== undefined) return seen
    last = seen
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {})
  }
  return last
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
  limitMs: number,
  { tls, signal }: Pick<ReadinessOptions, 'tls' | 'signal'>,
): Promise<string | undefined> {
  const limit = AbortSignal.timeout(Math.max(1, Math.ceil(limitMs)))
  try {
    return await read(await openRequest(url, { tls, signal: AbortSignal.any([limit, signal]) }))
  } catch (error) {
    return reason(asError(error), limit.aborted, limitMs)
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

function reason(error: NodeJS.ErrnoException, timedOut: boolean, limitMs: number): string {
  if (timedOut) return `no response within ${Math.round(limitMs)} ms`
  if (error.code === 'ECONNREFUSED') return 'connection refused: nothing listens there'
  return [error.code, error.message].filter(Boolean).join(': ')
}
