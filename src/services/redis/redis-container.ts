import { now, sleep } from '../../machine/clock.ts'
import { loadOptional } from '../../options/optional-package.ts'
import { startContainer } from '../container.ts'
import type { ServiceContext } from '../service.ts'
import { connectRedis } from './redis-client.ts'
import type { RedisServer, RedisServerOptions } from './redis-server.ts'

const VARIABLES = { image: 'PERF_REDIS_IMAGE', provider: 'PERF_REDIS_PROVIDER' }
const PORT = 6379
const RESTART_MS = 15_000

/** Starts Redis in a container, its memory only. */
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
 * A container that is started again gets another port on the host, and the target knows only the first. So the server
 * is ended inside it, and the shell starts it anew; where it cannot start at all, the container ends.
 */
const KEEP_RUNNING = 'while redis-server "$@"; do :; done'

async function restart(name: string, url: string, { signal }: ServiceContext): Promise<void> {
  await using connection = await connectRedis(name, url)
  // The server responds by going away.
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
