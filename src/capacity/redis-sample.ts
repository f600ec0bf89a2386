import { loadOptional } from '../options/optional-package.ts'
import { connected, LIMIT_MS, type Connected } from './connected.ts'
import { CapacityError, HiddenError } from './errors.ts'

/** One reading of Redis' `INFO`. */
export interface RedisReading {
  readonly usedMemoryBytes: number
  /** 0 if no limit is set; NaN if the server does not report it. */
  readonly maxMemoryBytes: number
  /** `undefined` if the server does not report it. */
  readonly policy: string | undefined
  /** Evicted keys since the server started. */
  readonly evictedKeys: number
  /** Look-ups that found their key, since the server started. */
  readonly keyspaceHits: number
  readonly keyspaceMisses: number
}

/**
 * Opens a separate connection and reads `INFO` through it.
 *
 * @throws {HiddenError} if the user of the URL may not run INFO
 * @throws {CapacityError} if the first connection or read fails
 * @throws {MissingPackageError} if the driver is not installed
 */
export async function connectRedis(url: string): Promise<Connected<RedisReading>> {
  try {
    return await connected({
      url,
      variable: 'PERF_REDIS_URL',
      open: () => open(url),
      read: async (client) => parseInfo(await client.info()),
      close: (client) => client.destroy(),
    })
  } catch (error) {
    const cause = error instanceof CapacityError ? error.cause : undefined
    throw cause instanceof Error && REFUSED.test(cause.message) ? hidden(url, cause) : error
  }
}

/** Error of a server whose ACL denies the command to this user, or that does not have the command. */
const REFUSED = /^(?:NOPERM|ERR unknown command)/i

function hidden(url: string, cause: Error): HiddenError {
  const { username, host } = new URL(url)
  const user = username === '' ? 'default' : decodeURIComponent(username)
  return new HiddenError(
    `Redis at ${host} refuses INFO to the user ${user}, so its memory, policy and evictions are unknown`,
    `allow the command: ACL SETUSER ${user} +info (it returns no keys or values)`,
    { cause },
  )
}

async function open(url: string) {
  const { createClient } = await loadOptional('capacity', 'redis', () => import('redis'))
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: LIMIT_MS, socketTimeout: LIMIT_MS, reconnectStrategy: false },
  })
  // Without a listener a lost connection would be an uncaught error; the next read reports it.
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Parses the text of `INFO`: `key:value` lines under `# section` lines. */
export function parseInfo(info: string): RedisReading {
  const values = new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':')
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : []
    }),
  )
  const number = (key: string) => Number(values.get(key) ?? Number.NaN)
  return {
    usedMemoryBytes: number('used_memory'),
    maxMemoryBytes: number('maxmemory'),
    policy: values.get('maxmemory_policy'),
    evictedKeys: number('evicted_keys'),
    keyspaceHits: number('keyspace_hits'),
    keyspaceMisses: number('keyspace_misses'),
  }
}
