import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { now, sleep } from '../machine/clock.ts'
import { isCertificateProblem } from '../run/certificate.ts'
import { asError } from './failure.ts'

const ATTEMPT_MS = 2_000
const SHORTEST_ATTEMPT_MS = 100
const PAUSE_MS = 25
const NOTHING_YET = 'no answer'

export interface ReadinessOptions {
  readonly timeoutMs: number
  /** Gives up early, e.g. because the process ended. */
  readonly signal: AbortSignal
}

/**
 * Asks the URL until it answers 2xx.
 * @returns `undefined` when it did; else what was last seen: `status 500: …`, `connection refused`
 */
export async function waitUntilReady(url: URL, { timeoutMs, signal }: ReadinessOptions): Promise<string | undefined> {
  const deadline = now() + timeoutMs
  let last = NOTHING_YET
  while (!signal.aborted) {
    const leftMs = deadline - now()
    // An attempt too short to be answered would only hide what was seen before it.
    if (leftMs <= 0 || (last !== NOTHING_YET && leftMs < SHORTEST_ATTEMPT_MS)) return last
    const seen = await ask(url, Math.min(ATTEMPT_MS, leftMs), signal)
    // A certificate that is not trusted will not be trusted in a second either.
    if (seen === undefined || sawBadCertificate(seen)) return seen
    last = seen
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {})
  }
  return last
}

/** Whether what was last seen is a certificate that is not trusted: texts of errors begin with their code. */
export function sawBadCertificate(seen: string): boolean {
  return isCertificateProblem(seen.split(':', 1)[0]!)
}

async function ask(url: URL, limitMs: number, signal: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const get = url.protocol === 'https:' ? getHttps : getHttp
  const limit = AbortSignal.timeout(Math.max(1, Math.ceil(limitMs)))
  // No agent: a connection kept open would be one more for the target to count.
  const request = get(url, { agent: false, signal: AbortSignal.any([limit, signal]) }, (answer) => {
    void read(answer).then(resolve)
  })
  request.on('error', (error: NodeJS.ErrnoException) => resolve(reason(error, limit.aborted, limitMs)))
  return promise
}

async function read(answer: IncomingMessage): Promise<string | undefined> {
  const status = answer.statusCode ?? 0
  let body = ''
  try {
    for await (const chunk of answer.setEncoding('utf8')) if (body.length < 500) body += String(chunk)
  } catch (error) {
    return `status ${status}, then ${asError(error).message}`
  }
  if (status >= 200 && status < 300) return undefined
  const text = body.replaceAll(/\s+/g, ' ').trim().slice(0, 200)
  return `status ${status}${text === '' ? '' : `: ${text}`}`
}

function reason(error: NodeJS.ErrnoException, timedOut: boolean, limitMs: number): string {
  if (timedOut) return `no answer within ${Math.round(limitMs)} ms`
  if (error.code === 'ECONNREFUSED') return 'connection refused: nothing listens there'
  return [error.code, error.message].filter(Boolean).join(': ')
}
