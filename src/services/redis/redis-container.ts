import { now, sleep } from '../../machine/clock.ts'
import { loadOptional } from '../../options/optional-package.ts'
import { startContainer } from '../container.ts'
import type { ServiceContext } from '../service.ts'
import { connectRedis } from './redis-client.ts'
import type { RedisServer, RedisServerOptions } from './redis-server.ts'

const VARIABLES = { image: 'PERF_REDIS_IMAGE', provider: 'PERF_REDIS_PROVIDER' }
const PORT = 6379
const RESTART_MS = 15_000

/** Starts Redis in a container, with its data only in memory. */
export async function startRedisContainer(options: RedisServerOptions, context: ServiceContext): Promise<RedisServer> {
  const { name, image, password } = options
  const args = ['--save', '', '--appendonly', 'no', '--requirepass', password]
  const make = async () => {
    const { RedisContainer } = await loadOptional(
      'redis() in a container',
      '@testcontainers/redis testcontainers',
      () => import('@testcontainers/redis'),
    )
    return new RedisContainer(image).withCommand(['sh', '-c', KEEP_RUNNING, 'redis-server', ...args])
  }
  const { started, pause, remove } = await startContainer(name, image, VARIABLES, make, context)
  const place = `${started.getHost()}:${started.getMappedPort(PORT)}`
  const url = `redis://:${password}@${place}/0`
  const disruptions = { pause, restart: () => restart(name, url, context) }
  return { provider: 'container', place, url, stop: remove, disruptions }
}

/**
 * Restarts the server in a running container: a restarted container would get another port on the host, which the target
 * would not use. If the server cannot start, the container exits.
 */
const KEEP_RUNNING = 'while redis-server "$@"; do :; done'

async function restart(name: string, url: string, { signal }: ServiceContext): Promise<void> {
  await using connection = await connectRedis(name, url)
  // The server closes the connection instead of responding.
  await connection.command('SHUTDOWN', 'NOSAVE').catch(() => {})
  const deadlineMs = now() + RESTART_MS
  for (;;) {
    try {
      await using _again = await connectRedis(name, url)
      return
    } catch (error) {
      signal.throwIfAborted()
      if (now() > deadlineMs) throw error
      await sleep(50)
    }
  }
}
