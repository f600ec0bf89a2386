import { redisTlsProblem } from '../../machine/store-tls.ts'
import { loadOptional } from '../../options/optional-package.ts'
import { redactText, secretsOf } from '../../options/redact.ts'
import { asError, codeOf, sentence } from '../failure.ts'
import { ServiceError } from '../service.ts'

/** What `seed` is given: one connection. */
export interface RedisConnection {
  /** For a client of your own. Holds the password. */
  readonly url: string
  /** Sends one command, e.g. `command('SET', 'key', 'value')`, and returns the response as the driver gives it. */
  command(...words: readonly string[]): Promise<unknown>
}

const CONNECT_MS = 5_000

/**
 * Opens one connection; it is not opened again when it breaks.
 * @throws {ServiceError} when that fails; the message says what to do and holds no password
 * @throws {MissingPackageError} if the driver is not installed
 */
export async function connectRedis(subject: string, url: string): Promise<RedisConnection & AsyncDisposable> {
  const { createClient } = await loadOptional('redis()', 'redis', () => import('redis'))
  const client = createClient({ url, RESP: 2, socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false } })
  // A connection that breaks while idle makes the next command fail; that is where it is reported.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.sendCommand(['PING']).catch((error: unknown) => {
      // Whoever may not ask whether the server is there has been told that it is.
      if (!isRefused(error)) throw error
    })
  } catch (error) {
    client.destroy()
    throw connectFailure(subject, url, error)
  }
  return {
    url,
    command: (...words) => client.sendCommand([...words]).catch((error: unknown) => failCommand(subject, url, error)),
    async [Symbol.asyncDispose]() {
      if (client.isOpen) await client.close()
    },
  }
}

/** Whether an ACL keeps a command from this user, or the server has none of that name. */
export function isRefused(error: unknown): boolean {
  return /^(?:NOPERM|ERR unknown command)/i.test(asError(error).message)
}

/** A node of a Cluster serves its own keys alone. */
function failCommand(subject: string, url: string, error: unknown): never {
  const { message } = asError(error)
  if (/^(?:MOVED|ASK|CLUSTERDOWN|CROSSSLOT) /.test(message)) throw notStandalone(subject, url, `a Cluster (${message})`)
  throw error
}

/** What is not one server with all keys cannot be seeded, reset or measured through one connection. */
export function notStandalone(subject: string, url: string, what: string): ServiceError {
  return new ServiceError(subject, {
    problem: `${new URL(url).host} belongs to ${what}, and one connection sees a part of its keys only: Redis Cluster is not supported`,
    remedy:
      'Name a Redis that is no part of a Cluster (cluster-enabled no), or leave redis() out and give the target its own URL in env.',
  })
}

/**
 * Reads a Redis URL.
 * @throws {ServiceError} without showing the text: what is no URL may still hold a password
 */
export function parseRedisUrl(subject: string, source: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return url
  throw new ServiceError(subject, {
    problem: `${source} is no Redis URL`,
    received: url
      ? `a URL with protocol ${url.protocol}`
      : `text of ${text.length} characters that is no URL (not shown: it may hold a password)`,
    remedy: 'Write it as redis://:password@host:6379/0, with special characters in the password percent-encoded.',
  })
}

function connectFailure(subject: string, url: string, error: unknown): ServiceError {
  const parsed = new URL(url)
  const { host } = parsed
  const reasons: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  const reason = reasons.map((one: unknown) => asError(one).message || codeOf(one)).join('; ')
  const tls = redisTlsProblem(codeOf(reasons[0]), asError(reasons[0]).message, parsed)
  const [problem, remedy] = tls ? [`${host}: ${tls.finding}`, sentence(tls.fix)] : explain(reason, host)
  return new ServiceError(subject, { problem, received: redactText(`${url} (${reason})`, secretsOf(url)), remedy })
}

function explain(reason: string, host: string): readonly [string, string] {
  if (/^NOAUTH/i.test(reason)) {
    return [
      `${host} wants a password, and the URL has none`,
      'Write it into the URL: redis://:password@host:6379, or redis://user:password@host:6379 for a user of an ACL.',
    ]
  }
  if (/without any password/i.test(reason)) {
    return [`${host} has no password, and the URL has one`, 'Take it out of the URL, or set requirepass there.']
  }
  if (/WRONGPASS|invalid password/i.test(reason)) {
    return [
      `${host} refuses the password or the user`,
      'Correct both in the URL (redis://user:password@host:6379); special characters must be percent-encoded.',
    ]
  }
  if (reason.includes('ECONNREFUSED')) {
    return [`nothing listens on ${host}`, 'Start the server, or correct host and port in the URL.']
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(reason)) return [`the host of ${host} is not known`, 'Correct the host in the URL.']
  return [
    `cannot connect to ${host}`,
    `See the reason above. What responses there must be a Redis or Valkey server that takes connections within ${CONNECT_MS / 1000} s.`,
  ]
}
