import { loadOptional } from '../options/optional-package.ts'
import { startContainer } from './container.ts'
import type { RedisServer, RedisServerOptions } from './redis-server.ts'
import type { ServiceContext } from './service.ts'

const VARIABLES = { image: 'SLO_REDIS_IMAGE', provider: 'SLO_REDIS_PROVIDER' }
const PORT = 6379

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
    return new RedisContainer(image).withCommand(['redis-server', ...args])
  }
  const { started, remove } = await startContainer(name, image, VARIABLES, make, context)
  const place = `${started.getHost()}:${started.getMappedPort(PORT)}`
  return { provider: 'container', place, url: `redis://:${password}@${place}/0`, stop: remove }
}
