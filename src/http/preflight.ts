import { once } from 'node:events'
import { shareOf, type Share } from '../load/share.ts'
import { descriptorBudget, type DescriptorBudget } from '../machine/descriptors.ts'
import { loopbackSources, portRange, portsPerSource, sourcesFor, type PortRange } from '../machine/ports.ts'
import { tlsProblem, type TlsProblem } from '../machine/tls.ts'
import { formatCount } from '../stats/units.ts'
import { addressesOf, connect, type Endpoint, type Route } from './endpoint.ts'
import type { HostLocation } from './hosts.ts'

/** Thrown before any load if a limit of this machine, or the target's certificate, does not allow the load. */
export class PreflightError extends Error {
  /** Name of the class. */
  override readonly name = 'PreflightError'
}

/** Instance and address of one connection. */
export interface ConnectionRoute {
  /** Index of the target's instance. */
  readonly instance: number
  readonly route: Route
}

/**
 * Assigns an address to each connection, after checking what would otherwise fail a thousand times under load: host names,
 * descriptors, ports and certificates. Instances alternate. A target that refuses connections is not an error here: the run
 * measures it.
 *
 * Generators that divide the load need only the descriptors of their share. A target on loopback is on their machine, so
 * they share the ports of this machine; otherwise each is assumed to have a source address of its own.
 *
 * @param connections of all generators, to the target; each VU has one more to each host
 * @param reserve reserves connections of this process, and returns how many runs in parallel have reserved before
 * @throws {PreflightError} with a fix
 */
export async function planConnections(
  instances: readonly Endpoint[],
  connections: number,
  timeoutMs: number,
  share: Share,
  hosts: readonly (readonly [string, Endpoint])[] = [],
  reserve: (connections: number) => number = () => 0,
): Promise<{ placeOf: (index: number) => ConnectionRoute; hosts: readonly HostLocation[] }> {
  const own = shareOf(share, connections) * (1 + hosts.length)
  checkDescriptors(own, descriptorBudget(), reserve(own))
  const each = Math.ceil(connections / instances.length)
  const routes = await Promise.all(instances.map((endpoint) => routesFor(endpoint, undefined, each, timeoutMs, share)))
  const locations = hosts.map(async ([name, endpoint]) => {
    return { name, endpoint, routeOf: await routesFor(endpoint, name, connections, timeoutMs, share) }
  })
  return {
    placeOf(index) {
      const instance = index % instances.length
      return { instance, route: routes[instance]!(Math.floor(index / instances.length)) }
    },
    hosts: await Promise.all(locations),
  }
}

/** @param host name of a further host; `undefined` for the target */
async function routesFor(
  endpoint: Endpoint,
  host: string | undefined,
  connections: number,
  timeoutMs: number,
  share: Share,
): Promise<(index: number) => Route> {
  const addresses = await resolve(endpoint, host)
  const reachable = await firstReachable(endpoint, host, addresses, timeoutMs)
  if (reachable === undefined) return () => ({ address: undefined, localAddress: undefined })
  // Addresses of one family only: if `localhost` resolves to ::1 and 127.0.0.1, the target may listen on only one of them.
  const family = addresses.filter((address) => address.includes(':') === reachable.includes(':'))
  const isLoopback = reachable.startsWith('127.') || reachable === '::1'
  if (isLoopback) return spread([reachable], connections, portRange())
  return spread(family, Math.ceil(connections / share.count), portRange())
}

/** @throws {PreflightError} if the process may not open enough descriptors. @param ofOthers connections of runs in parallel */
export function checkDescriptors(own: number, { limit, reserved }: DescriptorBudget, ofOthers = 0): void {
  const connections = own + ofOthers
  const needed = connections + reserved
  if (needed <= limit) return
  const others = ofOthers === 0 ? '' : `, ${formatCount(ofOthers)} of them of runs in parallel,`
  throw new PreflightError(
    `${formatCount(connections)} connections${others} need ${formatCount(needed)} file descriptors, but this process may open only ${formatCount(limit)}.\n` +
      `Fix: run ulimit -n ${needed} in the shell that starts it (ulimit -Hn prints the hard limit), use several generators, definePerfConfig({ generators: 4 }), or lower vus`,
  )
}

/**
 * Spreads connections over the addresses of a host and, if there are many, over source addresses. From one source address,
 * each connection to the same address and port needs an ephemeral port of its own; in the loopback network, every address
 * can be a source.
 *
 * @throws {PreflightError} if there are too few addresses
 */
export function spread(addresses: readonly string[], connections: number, ports: PortRange): (index: number) => Route {
  const each = Math.ceil(connections / Math.max(1, addresses.length))
  const sources = sourcesFor(each, ports, loopbackSources(addresses[0] ?? ''))
  if (sources === undefined)
    throw new PreflightError(
      `${formatCount(connections)} connections to ${addresses[0]} need more than the ${formatCount(portsPerSource(ports))} local ports that are available ` +
        `(${ports.setting} is ${ports.first}–${ports.last}).\nFix: widen the range with ${ports.widen}, or lower vus`,
    )
  return (index) => ({
    address: addresses[index % addresses.length],
    localAddress: sources[Math.floor(index / addresses.length) % sources.length],
  })
}

async function resolve(endpoint: Endpoint, host: string | undefined): Promise<readonly string[]> {
  try {
    return await addressesOf(endpoint)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new PreflightError(
      `the host of ${endpoint.origin} cannot be resolved (${code ?? message}).\nFix: correct the host name in ${host === undefined ? 'baseUrl' : `hosts.${host}`}`,
      { cause: error },
    )
  }
}

/** First address that accepts a connection, else the first address. */
async function firstReachable(
  endpoint: Endpoint,
  host: string | undefined,
  addresses: readonly string[],
  timeoutMs: number,
): Promise<string | undefined> {
  for (const address of addresses) if (await canConnect(endpoint, host, address, timeoutMs)) return address
  if (addresses.length === 0) await canConnect(endpoint, host, undefined, timeoutMs)
  return addresses[0]
}

async function canConnect(
  endpoint: Endpoint,
  host: string | undefined,
  address: string | undefined,
  timeoutMs: number,
): Promise<boolean> {
  const socket = connect(endpoint, { address, localAddress: undefined }, () => {})
  try {
    await once(socket, endpoint.isSecure ? 'secureConnect' : 'connect', {
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    })
    return true
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const problem = endpoint.isSecure ? tlsProblem(code, message) : undefined
    if (problem !== undefined) throw handshakeError(endpoint, host, problem)
    return false
  } finally {
    socket.on('error', () => {})
    socket.destroy()
  }
}

function handshakeError(
  { origin, servername }: Endpoint,
  host: string | undefined,
  { finding, fix }: TlsProblem,
): PreflightError {
  const name = servername === undefined ? '' : ` (requested name: ${servername})`
  // The TLS options of the run are for its target.
  const own = host === undefined ? fix : fix.replaceAll(/\btls: \{[^}]*\}/g, `hosts: { ${host}: { baseUrl, $& } }`)
  return new PreflightError(`the TLS handshake with ${origin} failed: ${finding}${name}.\nFix: ${own}`)
}
