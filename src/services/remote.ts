import { refusalOf, type HostUse } from '../machine/allowed-hosts.ts'
import { postgresHosts } from './postgres/postgres-client.ts'
import { ServiceError, kindOf, type Service, type StartedService } from './service.ts'

/**
 * Rejects a host other than this machine, unless `allowRemote` names it.
 *
 * @param subject owner of the host, for the message: `target`, `postgres`
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
  throw new ServiceError(subject, { problem, received, fix })
}

/**
 * Rejects a service, custom ones included, that the ledger, `sql()` or capacity would read on a host that is not allowed.
 * @throws {ServiceError} with the way to allow it
 */
export function assertAllowedStore({ name, allowRemote }: Service, started: StartedService): void {
  const { url } = started.connection
  if (kindOf(started) === undefined || url === undefined || !URL.canParse(url)) return
  for (const host of postgresHosts(new URL(url))) assertAllowedHost(name, host, allowRemote)
}
