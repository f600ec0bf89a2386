import type { Disruption } from '../control/disruption.ts'
import { now, sleep } from '../machine/clock.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { connectPostgres } from './postgres/postgres-client.ts'
import { kindOf, ServiceError, type ServiceDisruptions, type StartedService } from './service.ts'
import type { StartedTarget } from './target/started-target.ts'

/** Services and target that a disruption can affect. */
export interface Disruptable {
  readonly services: readonly StartedService[]
  readonly target: StartedTarget | undefined
}

/**
 * Runs a disruption and undoes it: afterwards the target is ready again and the service has resumed, even if the signal
 * cut the wait short.
 *
 * @returns a description without secrets
 * @throws {ServiceError} if there is no such service or target, or it is external, or does not recover
 */
export async function disrupt(disruptable: Disruptable, disruption: Disruption, signal: AbortSignal): Promise<string> {
  const startMs = now()
  const since = () => formatMs(now() - startMs)
  if (disruption.kind === 'killTarget') {
    const { instance, downMs } = disruption
    const revive = await targetOf(disruptable).kill(instance)
    await until(downMs, signal)
    await revive()
    const which = (disruptable.target?.instances.length ?? 1) > 1 ? `target, instance ${instance}` : 'target'
    return `${which} killed, ready again after ${since()}`
  }
  const service = serviceOf(disruptable, disruption)
  if (disruption.kind === 'dropConnections') {
    const count = await dropConnections(service)
    return `${formatCount(count)} connections to ${service.name} dropped`
  }
  const disruptions = disruptionsOf(service)
  if (disruption.kind === 'pause') {
    const resume = await disruptions.pause()
    await until(disruption.forMs, signal)
    await resume()
    return `${service.name} paused for ${since()}`
  }
  await disruptions.restart()
  return `${service.name} restarted empty, ready after ${since()}`
}

/** Terminates every session except those of the measurement itself, which must not be disrupted. */
const DROP = `
  SELECT count(pg_terminate_backend(pid))::int AS count FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    AND application_name NOT LIKE 'vitest-slo%'`

async function dropConnections({ name, provider, connection }: StartedService): Promise<number> {
  const { url } = connection
  if (provider === 'external') throw notOurs(name)
  if (url === undefined || !/^postgres(ql)?:/.test(url)) {
    throw new ServiceError(name, {
      problem: 'only the connections of a Postgres service can be dropped',
      fix: `name the Postgres service: dropPostgresConnections({ service: 'orders' })`,
    })
  }
  await using admin = await connectPostgres(name, url)
  const [row] = await admin.query<{ count: number }>(DROP)
  return row?.count ?? 0
}

async function until(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

function targetOf({ target }: Disruptable): StartedTarget {
  if (target !== undefined) return target
  throw new ServiceError('target', {
    problem: 'there is no target to kill',
    fix: 'add target to definePerfConfig()',
  })
}

function serviceOf(
  { services }: Disruptable,
  { kind, service: name }: Exclude<Disruption, { kind: 'killTarget' }>,
): StartedService {
  const present = services.filter(({ provider }) => provider !== 'absent')
  const wanted = kind === 'dropConnections' ? 'postgres' : 'redis'
  const meant = present.filter((one) => (name === undefined ? kindOf(one) === wanted : one.name === name))
  if (meant.length === 1) return meant[0]!
  const names = (meant.length > 1 ? meant : present).map((one) => one.name).join(', ')
  const what = wanted === 'postgres' ? 'Postgres' : 'Redis'
  const missing =
    name === undefined ? `there is no ${what} to disrupt` : 'there is no service with this name to disrupt'
  throw new ServiceError(name ?? what, {
    problem: meant.length > 1 ? 'several services match, and the disruption does not name one' : missing,
    fix: names === '' ? 'add one to definePerfConfig({ services })' : `set the option service to one of: ${names}`,
  })
}

function disruptionsOf({ name, disruptions }: StartedService): ServiceDisruptions {
  if (disruptions === undefined) throw notOurs(name)
  return disruptions
}

/** Only services of this run are disrupted: others may have more users. */
function notOurs(name: string): ServiceError {
  return new ServiceError(name, {
    problem: 'it can only be disrupted if this run started it, in a container or embedded',
    fix: 'remove the disruption, or use a container or an embedded server',
  })
}
