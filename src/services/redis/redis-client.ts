import { redisTlsProblem } from '../../machine/store-tls.ts'
import { loadOptional } from '../../options/optional-package.ts'
import { redactText, secretsOf } from '../../options/redact.ts'
import { asError, codeOf } from '../failure.ts'
import { ServiceError } from '../service.ts'

/** Connection for `seed`. */
export interface RedisConnection {
  /** URL for a client of your own. Contains the password. */
  readonly url: string
  /** Sends one command, e.g. `command('SET', 'key', 'value')`, and returns the driver's response. */
  command(...words: readonly string[]): Promise<unknown>
}

const CONNECT_MS = 5_000

/**
 * Opens one connection, which is not reopened if it breaks.
 * @throws {ServiceError} if that fails; the message includes a fix and no password
 * @throws {MissingPackageError} if the driver is not installed
 */
export async function connectRedis(subject: string, url: string): Promise<RedisConnection & AsyncDisposable> {
  const { createClient } = await loadOptional('redis()', 'redis', () => import('redis'))
  const client = createClient({ url, RESP: 2, socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false } })
  // If an idle connection breaks, its next command fails and reports the error.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.sendCommand(['PING']).catch((error: unknown) => {
      // A user who may not run PING has been given a response, so the server is running.
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

/** Whether an ACL forbids this user the command, or the server does not have it. */
export function isRefused(error: unknown): boolean {
  return /^(?:NOPERM|ERR unknown command)/i.test(asError(error).message)
}

/** Explains errors of a Cluster, whose nodes each serve only a part of the keys. */
function failCommand(subject: string, url: string, error: unknown): never {
  const { message } = asError(error)
  if (/^(?:MOVED|ASK|CLUSTERDOWN|CROSSSLOT) /.test(message)) throw notStandalone(subject, url, `a Cluster (${message})`)
  throw error
}

/** Error for a server without all keys: it cannot be seeded, reset or measured through one connection. */
export function notStandalone(subject: string, url: string, what: string): ServiceError {
  return new ServiceError(subject, {
    problem: `${new URL(url).host} belongs to ${what}, and one connection sees only a part of its keys: Redis Cluster is not supported`,
    fix: 'use a Redis that is not part of a Cluster (cluster-enabled no), or remove redis() and set the URL in env of the target',
  })
}

/**
 * Reads a Redis URL.
 * @throws {ServiceError} without the text, which may contain a password even if it is not a URL
 */
export function parseRedisUrl(subject: string, source: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return url
  throw new ServiceError(subject, {
    problem: `${source} is not a Redis URL`,
    received: url
      ? `a URL with protocol ${url.protocol}`
      : `a string of ${text.length} characters that is not a URL (not shown: it may contain a password)`,
    fix: 'write it as redis://:password@host:6379/0, with special characters in the password percent-encoded',
  })
}

function connectFailure(subject: string, url: string, error: unknown): ServiceError {
  const parsed = new URL(url)
  const { host } = parsed
  const reasons: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  const reason = reasons.map((one: unknown) => asError(one).message || codeOf(one)).join('; ')
  const tls = redisTlsProblem(codeOf(reasons[0]), asError(reasons[0]).message, parsed)
  const [problem, fix] = tls ? [`${host}: ${tls.finding}`, tls.fix] : explain(reason, host)
  return new ServiceError(subject, { problem, received: redactText(`${url} (${reason})`, secretsOf(url)), fix })
}

function explain(reason: string, host: string): readonly [string, string] {
  if (/^NOAUTH/i.test(reason)) {
    return [
      `${host} requires a password, and the URL has none`,
      'add it to the URL: redis://:password@host:6379, or redis://user:password@host:6379 for an ACL user',
    ]
  }
  if (/without any password/i.test(reason)) {
    return [`${host} has no password, and the URL has one`, 'remove it from the URL, or set requirepass on that server']
  }
  if (/WRONGPASS|invalid password/i.test(reason)) {
    return [
      `${host} refuses the password or the user`,
      'correct both in the URL (redis://user:password@host:6379); special characters must be percent-encoded',
    ]
  }
  if (reason.includes('ECONNREFUSED')) {
    return [`nothing listens on ${host}`, 'start the server, or correct host and port in the URL']
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(reason))
    return [`the host of ${host} cannot be resolved`, 'correct the host in the URL']
  return [
    `cannot connect to ${host}`,
    `resolve the reason above: a Redis or Valkey server must accept connections there within ${CONNECT_MS / 1000} s`,
  ]
}
