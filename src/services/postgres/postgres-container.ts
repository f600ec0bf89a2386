import { now, sleep } from '../../machine/clock.ts'
import { loadOptional } from '../../options/optional-package.ts'
import { startContainer, type RunningContainer } from '../container.ts'
import type { DatabaseServer } from '../database.ts'
import { ServiceError, type ServiceContext } from '../service.ts'
import { connectPostgres } from './postgres-client.ts'
import type { ServerOptions } from './postgres-server.ts'

const VARIABLES = { image: 'PERF_POSTGRES_IMAGE', provider: 'PERF_POSTGRES_PROVIDER' }
const PORT = 5432
const CONNECT_MS = 30_000
const PAUSE_MS = 50
const ONE_DAY_MS = 86_400_000

/** Starts PostgreSQL in a container, with the settings as server arguments. */
export async function startPostgresContainer(options: ServerOptions, context: ServiceContext): Promise<DatabaseServer> {
  const { name, image, credentials, settings } = options
  const args = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])
  const make = async () => {
    const { PostgreSqlContainer } = await loadOptional(
      'postgres() in a container',
      '@testcontainers/postgresql testcontainers',
      () => import('@testcontainers/postgresql'),
    )
    const { Wait } = await import('testcontainers')
    return (
      new PostgreSqlContainer(image)
        .withDatabase(credentials.database)
        .withUsername(credentials.user)
        .withPassword(credentials.password)
        .withCommand(['postgres', ...args])
        .withSharedMemorySize(256 * 2 ** 20)
        // The library's default check starts a process in the container four times a second, even under load.
        .withHealthCheck({ test: ['CMD', 'true'], interval: ONE_DAY_MS })
        .withWaitStrategy(Wait.forLogMessage(/ready to accept connections|redirecting log output/))
    )
  }
  const container = await startContainer(name, image, VARIABLES, make, context)
  const { started } = container
  const place = `${started.getHost()}:${started.getMappedPort(PORT)}`
  const { user, password, database } = credentials
  const url = `postgres://${user}:${password}@${place}/${database}`
  try {
    await untilItConnects(name, url, container, context)
  } catch (error) {
    await container.remove()
    throw error
  }
  return { provider: 'container', place, url, stop: container.remove }
}

/** Waits for the image's second server: the first only creates the database and does not listen on the port. */
async function untilItConnects(
  name: string,
  url: string,
  { log, isRunning }: RunningContainer,
  { signal }: ServiceContext,
): Promise<void> {
  const deadline = now() + CONNECT_MS
  for (;;) {
    signal.throwIfAborted()
    try {
      await (await connectPostgres(name, url))[Symbol.asyncDispose]()
      return
    } catch (error) {
      if (isRunning() && now() < deadline) await sleep(PAUSE_MS)
      else if (isRunning()) throw error
      else {
        throw new ServiceError(name, {
          problem: 'the container exited during its start',
          details: `Its last lines:\n${log.quote()}`,
          fix: 'check its last lines above, which name any unknown setting',
        })
      }
    }
  }
}
