import { loadOptional } from '../options/optional-package.ts'
import { connected, LIMIT_MS, type Connected } from './connected.ts'

/** What Redis says of itself. */
export interface RedisReading {
  readonly usedMemoryBytes: number
  /** 0 where no limit is set. */
  readonly maxMemoryBytes: number
  readonly policy: string
  /** Since it started. */
  readonly evictedKeys: number
  /** Look-ups that found their key, since it started. */
  readonly keyspaceHits: number
  readonly keyspaceMisses: number
}

/**
 * Opens a connection of its own and reads `INFO` through it.
 *
 * @throws {CapacityError} if the first connection cannot be made, or nothing be read
 * @throws {MissingPackageError} if the driver is not installed
 */
export function connectRedis(url: string): Promise<Connected<RedisReading>> {
  return connected({
    url,
    variable: 'PERF_REDIS_URL',
    open: () => open(url),
    read: async (client) => parseInfo(await client.info()),
    close: (client) => client.destroy(),
  })
}

async function open(url: string) {
  const { createClient } = await loadOptional('capacity', 'redis', () => import('redis'))
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: LIMIT_MS, socketTimeout: LIMIT_MS, reconnectStrategy: false },
  })
  // Without a listener a lost connection would be an uncaught error; the next reading fails and says it.
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Reads the text of `INFO`: `key:value` lines under `# section` lines. */
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
    policy: values.get('maxmemory_policy') ?? 'unknown',
    evictedKeys: number('evicted_keys'),
    keyspaceHits: number('keyspace_hits'),
    keyspaceMisses: number('keyspace_misses'),
  }
}
