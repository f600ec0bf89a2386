import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { connect, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Problems } from '../../options/problems.ts'

/** Ports that other programs on this machine may use. */
const PORTS_LEFT_TO_OTHERS = 1000

/** The range of ports that the system uses for outgoing connections, both ends included. */
export interface PortRange {
  readonly first: number
  readonly last: number
  /** Name of the setting that defines the range. */
  readonly setting: string
  /** Command that widens the range. */
  readonly widen: string
}

/** Reads the range of this system from the settings of Linux or macOS; for other systems it is that of IANA. */
export function portRange(): PortRange {
  try {
    if (process.platform === 'darwin') {
      const args = ['-n', 'net.inet.ip.portrange.first', 'net.inet.ip.portrange.last']
      const [first, last] = execFileSync('sysctl', args, { encoding: 'utf8' }).trim().split(/\s+/).map(Number)
      return {
        first: first!,
        last: last!,
        setting: 'net.inet.ip.portrange',
        widen: 'sudo sysctl -w net.inet.ip.portrange.first=1024',
      }
    }
    const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number)
    return {
      first: first!,
      last: last!,
      setting: 'net.ipv4.ip_local_port_range',
      widen: 'sudo sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
    }
  } catch {
    return { first: 49_152, last: 65_535, setting: 'the range of ephemeral ports', widen: 'see your system’s manual' }
  }
}

/** Number of connections that one source address can have to one address and port. */
export function portsPerSource({ first, last }: PortRange): number {
  return Math.max(1, last - first + 1 - PORTS_LEFT_TO_OTHERS)
}

/**
 * Number of these connections that are fast to open. The system searches for a free port from a random one on, first among
 * those of one parity or in one half of the range: the fuller that part, the longer the search. On Linux, 10,000
 * connections from one address took 180 µs each in `connect()`, from four addresses 40 µs; beyond half the range it takes
 * milliseconds.
 */
export function quickPortsPerSource(range: PortRange): number {
  return Math.ceil(portsPerSource(range) / 8)
}

/**
 * Source addresses for a target on loopback: on Linux all of 127.0.0.0/8, on macOS those that an interface has. For any
 * other target the list is empty, and the system chooses.
 */
export function loopbackSources(target: string): (count: number) => readonly string[] {
  if (!target.startsWith('127.')) return () => []
  if (process.platform === 'linux')
    return (count) => Array.from({ length: count }, (_, at) => `127.0.${at >> 7}.${(at & 127) + 1}`)
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const found = own.flatMap(({ address }) => (address.startsWith('127.') ? [address] : []))
  return (count) => found.slice(0, count)
}

/** Adds the source addresses from which this machine cannot connect to `problems`. */
export async function checkSources(problems: Problems, addresses: readonly string[]): Promise<void> {
  const areOwn = await Promise.all(addresses.map(isOwnAddress))
  const others = addresses.filter((_, at) => !areOwn[at])
  if (others.length > 0)
    problems.add(
      'sourceAddresses',
      others,
      'must be addresses of this machine',
      "sourceAddresses: ['127.0.0.1', '127.0.0.2'], or add the address to a network interface",
    )
}

/** Whether a socket can be bound to an address, which also holds for those of a routed range that no interface lists. */
function isOwnAddress(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
    const finish = (isOwn: boolean) => {
      socket.close()
      resolve(isOwn)
    }
    socket.on('error', () => finish(false))
    socket.bind({ address, port: 0 }, () => finish(true))
  })
}

/**
 * The address at which a host accepts connections on a port. It is found by connecting once before the load, so that a
 * name with several addresses (`localhost`) is not looked up and tried again for every socket. If no address accepts, it
 * is the first address of the name, or `undefined`; the handshakes then fail and report why.
 */
export async function findAddress(host: string, port: number): Promise<string | undefined> {
  if (isIP(host)) return host
  return new Promise((resolve) => {
    let first: string | undefined
    const socket = connect({ host, port, timeout: 2000 })
    const finish = (address: string | undefined) => {
      socket.destroy()
      resolve(address)
    }
    socket.on('lookup', (_error, address) => (first ??= address))
    socket.on('connect', () => finish(socket.remoteAddress ?? first))
    socket.on('timeout', () => finish(first))
    socket.on('error', () => finish(first))
  })
}
