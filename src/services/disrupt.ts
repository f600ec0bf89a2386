import type { Disruption } from '../control/disruption.ts'
import { now, sleep } from '../machine/clock.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { connectPostgres } from './postgres/postgres-client.ts'
import { kindOf, ServiceError, type ServiceDisruptions, type StartedService } from './service.ts'
import type { StartedTarget } from './target/started-target.ts'

/** What there is to disrupt. */
export interface Disruptable {
  readonly services: readonly StartedService[]
  readonly target: StartedTarget | undefined
}

/**
 * Does what a disruption asks, and undoes what it must: when this ends the target is ready again and the service goes
 * on, also where the signal cut the wait short.
 *
 * @returns what was done, in words without secrets
 * @throws {ServiceError} if there is no such service or target, or it runs elsewhere, or does not come back
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
    const goOn = await disruptions.pause()
    await until(disruption.forMs, signal)
    await goOn()
    return `${service.name} paused for ${since()}`
  }
  await disruptions.restart()
  return `${service.name} restarted empty, ready after ${since()}`
}

/** Ends every session but those of the measurement itself, which would otherwise have to survive what it asked for. */
const DROP = `
  SELECT count(pg_terminate_backend(pid))::int AS count FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    AND application_name NOT LIKE 'vitest-slo%'`

async function dropConnections({ name, provider, connection }: StartedService): Promise<number> {
  const { url } = connection
  if (provider === 'external') throw elsewhere(name)
  if (url === undefined || !/^postgres(ql)?:/.test(url)) {
    throw new ServiceError(name, {
      problem: 'its connections can only be dropped where it is Postgres',
      remedy: `Name the service that is: dropPostgresConnections({ service: 'orders' }).`,
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
  throw new ServiceError('target', { problem: 'there is none to kill', remedy: 'Add target to definePerfConfig().' })
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
  const none = name === undefined ? `there is no ${what} to disrupt` : 'there is no service of this name to disrupt'
  throw new ServiceError(name ?? what, {
    problem: meant.length > 1 ? 'there are several, and the disruption does not name one' : none,
    remedy: `Name one of those there are with the option service: ${names || 'none'}.`,
  })
}

function disruptionsOf({ name, disruptions }: StartedService): ServiceDisruptions {
  if (disruptions === undefined) throw elsewhere(name)
  return disruptions
}

/** What was not started for the run may serve others too. */
function elsewhere(name: string): ServiceError {
  return new ServiceError(name, {
    problem: 'it can only be disrupted where it was started for this run, by a provider that knows how',
    remedy: 'Leave the disruption out, or use a container or an embedded server.',
  })
}
