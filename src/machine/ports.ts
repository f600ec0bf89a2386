import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

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

/**
 * Source addresses for connections to one address and port, as many as make connecting fast: empty if the system may choose.
 * `undefined` if they have too few ports for the connections.
 *
 * @param sources returns source addresses: as many as requested or, if there are fewer, all
 */
export function sourcesFor(
  connections: number,
  range: PortRange,
  sources: (count: number) => readonly string[],
): readonly string[] | undefined {
  const quick = quickPortsPerSource(range)
  if (connections <= quick) return []
  const found = sources(Math.ceil(connections / quick))
  const needed = Math.ceil(connections / portsPerSource(range))
  return found.length >= needed || needed === 1 ? found : undefined
}
