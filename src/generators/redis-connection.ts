import { refusalOf } from '../machine/allowed-hosts.ts'
import { now, sleep } from '../machine/clock.ts'
import { redisTlsProblem } from '../machine/store-tls.ts'
import { loadOptional } from '../options/optional-package.ts'
import { redactText, secretsOf } from '../options/redact.ts'
import { GeneratorError } from './errors.ts'

const VARIABLE = 'PERF_RENDEZVOUS_URL'
const CONNECT_MS = 5_000
/** A connection without any reply for so long is reopened. */
const SILENT_MS = 5_000
const RECONNECT_MS = 250
/** Redis may be started together with the generators. */
const START_MS = 15_000

/** Connection that is reopened if it breaks. A command that is sent meanwhile fails. */
export interface RedisConnection {
  send(words: readonly (string | Buffer)[]): Promise<unknown>
  readBytes(key: string): Promise<Uint8Array | null>
  close(): void
}

/**
 * Connects to the Redis of the rendezvous.
 *
 * @throws {GeneratorError} without the password, if the host is not allowed or the connection fails
 */
export async function connectRedis(url: string): Promise<RedisConnection> {
  checkUrl(url)
  const { createClient, RESP_TYPES } = await loadOptional(VARIABLE, 'redis', () => import('redis'))
  let hasConnected = false
  const open = async () => {
    const client = createClient({
      url,
      RESP: 2,
      disableOfflineQueue: true,
      socket: {
        connectTimeout: CONNECT_MS,
        socketTimeout: SILENT_MS,
        reconnectStrategy: () => (hasConnected ? RECONNECT_MS : false),
      },
    })
    // Without a listener a lost connection would be an uncaught error; the next command fails.
    client.on('error', () => {})
    try {
      await client.connect()
      await client.sendCommand(['PING'])
      hasConnected = true
      return client
    } catch (error) {
      client.destroy()
      throw error
    }
  }
  const sinceMs = now()
  for (;;) {
    try {
      const client = await open()
      const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
      return {
        send: (words) => client.sendCommand([...words]),
        readBytes: (key) => bytes.sendCommand<Buffer | null>(['GET', key]),
        close() {
          hasConnected = false
          client.destroy()
        },
      }
    } catch (error) {
      if (!isStarting(error) || now() - sinceMs > START_MS) {
        const { problem, fix } = explained(url, error)
        throw new GeneratorError(`${VARIABLE}: ${problem}`, fix)
      }
      await sleep(RECONNECT_MS)
    }
  }
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === '')
    throw new GeneratorError(
      `${VARIABLE} is not a Redis URL; received ${parsed ? `a URL with protocol ${parsed.protocol}` : `a string of ${url.length} characters that is not a URL (not shown: it may contain a password)`}`,
      'write it as redis://:password@host:6379, with special characters in the password percent-encoded',
    )
  const refusal = refusalOf(parsed.hostname)
  if (refusal !== undefined)
    throw new GeneratorError(`${VARIABLE}: ${refusal.problem}; received ${refusal.received}`, refusal.fix)
}

/** Whether Redis has received the command and refuses it. */
export function isRefusal(error: unknown): boolean {
  return /^(?:NOPERM|NOAUTH|WRONGPASS|WRONGTYPE|OOM|MISCONF|ERR|MOVED|ASK|CLUSTERDOWN) /.test(messageOf(error))
}

function isStarting(error: unknown): boolean {
  return /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|^LOADING /.test(`${messageOf(error)} ${codeOf(error)}`)
}

/** Problem and fix of an error, without the password. */
export function explained(url: string, error: unknown): { readonly problem: string; readonly fix: string } {
  const parsed = new URL(url)
  const { host } = parsed
  const reason = redactText(`${messageOf(error)} ${codeOf(error)}`.trim(), secretsOf(url))
  const tls = redisTlsProblem(codeOf(error), messageOf(error), parsed)
  if (tls !== undefined) return { problem: `${host}: ${tls.finding}`, fix: tls.fix }
  if (/^(?:NOAUTH|WRONGPASS)|without any password|invalid password/i.test(reason))
    return {
      problem: `Redis at ${host} refuses the password of the URL, or requires one (${reason})`,
      fix: 'correct user and password: redis://user:password@host:6379, with special characters percent-encoded',
    }
  if (reason.startsWith('NOPERM'))
    return {
      problem: `Redis at ${host} refuses a command to the user of the URL (${reason})`,
      fix: 'allow the user XADD, XREAD, SET, GET, EXPIRE, TIME and PING on keys that begin with perf:',
    }
  if (reason.startsWith('OOM'))
    return {
      problem: `Redis at ${host} has no memory left (${reason})`,
      fix: 'raise its maxmemory: it keeps the evidence of every generator for an hour, up to 64 MB each',
    }
  return {
    problem: `cannot use Redis at ${host}: ${reason}`,
    fix: 'correct host and port in the URL; a Redis of version 5 or later, outside a cluster, must accept connections there',
  }
}

function messageOf(error: unknown): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  return errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ')
}

function codeOf(error: unknown): string {
  const [first]: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  return first instanceof Error && 'code' in first ? String(first.code) : ''
}
