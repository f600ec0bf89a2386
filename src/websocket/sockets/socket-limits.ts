import type { Problems } from '../../options/problems.ts'
import { formatCount } from '../../stats/units.ts'
import { portsPerSource, quickPortsPerSource, type PortRange } from './source-addresses.ts'

/** Descriptors of a generator process that are not sockets of the load: files, pipes, connections of the test itself. */
const DESCRIPTORS_FOR_OTHERS = 200

export interface Limits {
  /** What one process may hold open. */
  readonly descriptors: number
  readonly ports: PortRange
  /** Source addresses at hand, as many as asked for where there are so many. */
  readonly sources: (count: number) => readonly string[]
}

/** How so many sockets are to be held. */
export interface SocketLayout {
  /** 1: in this process. More: in so many others. */
  readonly processes: number
  /** Source addresses to spread over; empty for the system's choice. */
  readonly sources: readonly string[]
}

/**
 * Finds how many processes and source addresses a number of sockets needs, by the limits of this machine. What cannot be
 * had is added to `problems`, with the command that raises the limit.
 *
 * @param wanted.processes as the scenario says; as many as descriptors need where undefined
 * @param wanted.sources as the scenario says
 */
export function layOut(
  problems: Problems,
  { sockets, instances }: { readonly sockets: number; readonly instances: number },
  wanted: { readonly processes: number | undefined; readonly sources: readonly string[] | undefined },
  limits: Limits,
): SocketLayout {
  const perProcess = Math.max(1, limits.descriptors - DESCRIPTORS_FOR_OTHERS)
  const needed = Math.ceil(sockets / perProcess)
  const processes = wanted.processes ?? needed
  if (processes < needed) {
    const each = Math.ceil(sockets / processes) + DESCRIPTORS_FOR_OTHERS
    problems.add(
      'processes',
      processes,
      `must be at least ${needed} for ${formatCount(sockets)} sockets: each process would need ` +
        `${formatCount(each)} descriptors and may open ${formatCount(limits.descriptors)}; raise that with ulimit -n ${each}`,
      `processes: ${needed}`,
    )
  }
  return { processes, sources: sourcesFor(problems, Math.ceil(sockets / instances), wanted.sources, limits) }
}

function sourcesFor(
  problems: Problems,
  connections: number,
  wanted: readonly string[] | undefined,
  { ports, sources }: Limits,
): readonly string[] {
  const quick = quickPortsPerSource(ports)
  if (wanted === undefined && connections <= quick) return []
  const found = wanted ?? sources(Math.ceil(connections / quick))
  const perSource = portsPerSource(ports)
  const needed = Math.ceil(connections / perSource)
  if (found.length >= needed || (wanted === undefined && needed === 1)) return found
  problems.add(
    'sourceAddresses',
    found.length === 0 ? undefined : found,
    `must name at least ${needed} addresses of this machine for ${formatCount(connections)} sockets to one address and ` +
      `port: each has ${formatCount(perSource)} ports to spare (${ports.setting} is ${ports.first}–${ports.last}; ` +
      `widen it with ${ports.widen})`,
    `sourceAddresses: ['192.0.2.10', '192.0.2.11']`,
  )
  return found
}
