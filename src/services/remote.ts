import { refusalOf, type HostUse } from '../machine/allowed-hosts.ts'
import { ServiceError } from './service.ts'

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
