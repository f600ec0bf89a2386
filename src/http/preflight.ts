import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { descriptorLimit } from '../machine/descriptor-limit.ts'
import { tlsProblem, type TlsProblem } from '../machine/tls.ts'
import { formatCount } from '../stats/units.ts'
import { addressesOf, connect, type Endpoint, type Route } from './endpoint.ts'
import { PreflightError } from './preflight-error.ts'

/** Where one connection goes. */
export interface Place {
  /** Which of the target's instances. */
  readonly instance: number
  readonly route: Route
}

/** Descriptors left to everything else the process opens meanwhile. */
const SPARE_DESCRIPTORS = 64

/**
 * Says where each connection goes, having checked what would otherwise fail a thousand times under load: hosts' names,
 * descriptors, ports, and certificates. Instances are taken in turns. A target that refuses connections is no error
 * here: that is measured.
 *
 * @throws {PreflightError} with what to do about it
 */
export async function placesFor(
  instances: readonly Endpoint[],
  connections: number,
  timeoutMs: number,
): Promise<(index: number) => Place> {
  checkDescriptors(connections, descriptorLimit(), openDescriptors())
  const each = Math.ceil(connections / instances.length)
  const routes = await Promise.all(instances.map((endpoint) => routesFor(endpoint, each, timeoutMs)))
  return (index) => {
    const instance = index % instances.length
    return { instance, route: routes[instance]!(Math.floor(index / instances.length)) }
  }
}

async function routesFor(
  endpoint: Endpoint,
  connections: number,
  timeoutMs: number,
): Promise<(index: number) => Route> {
  const addresses = await resolve(endpoint)
  const reachable = await firstReachable(endpoint, addresses, timeoutMs)
  if (reachable === undefined) return () => ({ address: undefined, localAddress: undefined })
  // Of one family: where `localhost` means both ::1 and 127.0.0.1, only one of them may listen.
  const family = addresses.filter((address) => address.includes(':') === reachable.includes(':'))
  return spread(
    reachable.startsWith('127.') || reachable === '::1' ? [reachable] : family,
    connections,
    ephemeralPorts(),
  )
}

/** @throws {PreflightError} if the process may not open so many */
export function checkDescriptors(connections: number, limit: number, alreadyOpen: number): void {
  const needed = connections + alreadyOpen + SPARE_DESCRIPTORS
  if (needed <= limit) return
  throw new PreflightError(
    `${formatCount(connections)} connections need ${formatCount(needed)} descriptors, and this process may open ${formatCount(limit)}. ` +
      `Raise the limit in the shell that starts it: ulimit -n ${needed} (the hard limit: ulimit -Hn), or lower vus.`,
  )
}

/**
 * Gives connections source addresses so that none of them needs more ports than there are. One source address reaches
 * one port of one address as often as there are ephemeral ports; of the loopback network every address is ours.
 *
 * @throws {PreflightError} if the addresses do not suffice
 */
export function spread(addresses: readonly string[], connections: number, ports: number): (index: number) => Route {
  // Some ports are in use by others, or still wait for a former connection to be over.
  const perSource = Math.floor(ports * 0.9)
  if (connections <= perSource * addresses.length)
    return (index) => ({ address: addresses[index % addresses.length], localAddress: undefined })
  const [first] = addresses
  if (addresses.length === 1 && first!.startsWith('127.') && process.platform === 'linux')
    return (index) => ({ address: first, localAddress: `127.0.0.${1 + Math.floor(index / perSource)}` })
  throw new PreflightError(
    `${formatCount(connections)} connections to ${first} need more than the ${formatCount(ports)} local ports there are. ` +
      `Widen the range: sysctl -w net.ipv4.ip_local_port_range="1024 65535" (Linux) or net.inet.ip.portrange.first=1024 (macOS), or lower vus.`,
  )
}

async function resolve(endpoint: Endpoint): Promise<readonly string[]> {
  try {
    return await addressesOf(endpoint)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new PreflightError(`the host of ${endpoint.origin} cannot be resolved (${code ?? message}): check baseUrl`, {
      cause: error,
    })
  }
}

/** The first address that takes a connection; the first of all where none does. */
async function firstReachable(
  endpoint: Endpoint,
  addresses: readonly string[],
  timeoutMs: number,
): Promise<string | undefined> {
  for (const address of addresses) if (await canConnect(endpoint, address, timeoutMs)) return address
  if (addresses.length === 0) await canConnect(endpoint, undefined, timeoutMs)
  return addresses[0]
}

async function canConnect(endpoint: Endpoint, address: string | undefined, timeoutMs: number): Promise<boolean> {
  const socket = connect(endpoint, { address, localAddress: undefined }, () => {})
  try {
    await once(socket, endpoint.isSecure ? 'secureConnect' : 'connect', {
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    })
    return true
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const problem = endpoint.isSecure ? tlsProblem(code, message) : undefined
    if (problem !== undefined) throw handshakeError(endpoint, problem)
    return false
  } finally {
    socket.on('error', () => {})
    socket.destroy()
  }
}

function handshakeError({ origin, servername }: Endpoint, { finding, fix }: TlsProblem): PreflightError {
  const name = servername === undefined ? '' : ` (name asked for: ${servername})`
  return new PreflightError(`the TLS handshake with ${origin} failed: ${finding}${name}.\nFix: ${fix}`)
}

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return SPARE_DESCRIPTORS
  }
}

/** How many ports one source address has for outgoing connections. */
function ephemeralPorts(): number {
  try {
    const [low, high] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number)
    return high! - low! + 1
  } catch {
    // The range the IANA suggests, which macOS uses.
    return 16_384
  }
}
