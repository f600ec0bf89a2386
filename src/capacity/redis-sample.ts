import { loadOptional } from '../options/optional-package.ts'

/** What Redis says of itself. */
export interface RedisReading {
  readonly usedMemoryBytes: number
  /** 0 where no limit is set. */
  readonly maxMemoryBytes: number
  readonly policy: string
  readonly evictedKeys: number
  readonly keyspaceHits: number
  readonly keyspaceMisses: number
}

/** Opens a connection of its own and reads `INFO` through it. */
export async function redisSampler(url: string): Promise<{ read(): Promise<RedisReading>; close(): Promise<void> }> {
  const { createClient } = await loadOptional('capacity of Redis', 'redis', () => import('redis'))
  const client = createClient({ url, socket: { reconnectStrategy: (retries) => Math.min(retries * 50, 1_000) } })
  // Without a listener a lost connection would be an uncaught error; the failed reading says it.
  client.on('error', () => {})
  await client.connect()
  return {
    read: async () => parseInfo(await client.info()),
    async close() {
      client.destroy()
    },
  }
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
