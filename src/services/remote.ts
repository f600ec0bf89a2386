import { refusalOf, type HostUse } from '../machine/allowed-hosts.ts'
import { postgresHosts } from './postgres/postgres-client.ts'
import { ServiceError, kindOf, type Service, type StartedService } from './service.ts'

/**
 * Refuses a host that is not this machine, unless `allowRemote` names it.
 *
 * @param subject whose host it is, for the message: `target`, `postgres`
 * @throws {ServiceError} with the way to allow it
 */
export function assertAllowedHost(
  subject: string,
  host: string,
  also: readonly string[] = [],
  use: Omit<HostUse, 'also'> = {},
): void {
  const refusal = refusalOf(host, { ...use, also })
  if (refusal === undefined) return
  const { problem, received, fix } = refusal
  throw new ServiceError(subject, { problem, received, remedy: `${fix[0]!.toUpperCase()}${fix.slice(1)}.` })
}

/**
 * Refuses a service that the ledger, `sql()` or capacity would read on a host that nobody allowed, whoever wrote it.
 * @throws {ServiceError} with the way to allow it
 */
export function assertAllowedStore({ name, allowRemote }: Service, started: StartedService): void {
  const { url } = started.connection
  if (kindOf(started) === undefined || url === undefined || !URL.canParse(url)) return
  for (const host of postgresHosts(new URL(url))) assertAllowedHost(name, host, allowRemote)
}
