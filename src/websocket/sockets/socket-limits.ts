import type { DescriptorBudget } from '../../machine/descriptors.ts'
import { portsPerSource, sourcesFor, type PortRange } from '../../machine/ports.ts'
import type { Problems } from '../../options/problems.ts'
import { formatBytes, formatCount } from '../../stats/units.ts'

/** Processes that one generator starts at most: beyond that, they take each other's time and memory. */
export const MOST_PROCESSES = 64

/** Memory that a socket takes at least, without TLS and compression, as `npm run bench:ws` measures it for 10,000 sockets. */
const BYTES_PER_SOCKET = 12_000
/** Memory of a process that holds sockets, without them. */
const BYTES_PER_PROCESS = 50_000_000

export interface Limits {
  /** Memory for sockets and processes of the generator. */
  readonly memoryBytes: number
  /** Of each process. */
  readonly descriptors: DescriptorBudget
  readonly ports: PortRange
  /** Returns source addresses: as many as requested or, if there are fewer, all. */
  readonly sources: (count: number) => readonly string[]
}

/** Distribution of sockets over processes and source addresses. */
export interface SocketLayout {
  /** 1 for this process; more for as many other processes. */
  readonly processes: number
  /** Source addresses to spread over; empty if the system chooses. */
  readonly sources: readonly string[]
}

/** Numbers of sockets to be distributed. */
interface LaidOutSockets {
  /** The option that states their number. */
  readonly option: string
  /** Sockets of this generator. */
  readonly sockets: number
  /** Sockets of all generators that share the ports of this machine. @default `sockets` */
  readonly onMachine?: number
  /** Instances of the target. */
  readonly instances: number
}

/**
 * Computes how many processes and source addresses a number of sockets needs. If the limits of this machine do not allow
 * it, this is added to `problems`, with the command that raises the limit.
 *
 * @param wanted.processes of the scenario; `undefined` for as many as the limit of descriptors requires
 * @param wanted.sources of the scenario
 */
export function planSockets(
  problems: Problems,
  { option, sockets, onMachine = sockets, instances }: LaidOutSockets,
  wanted: { readonly processes: number | undefined; readonly sources: readonly string[] | undefined },
  limits: Limits,
): SocketLayout {
  const { limit, reserved } = limits.descriptors
  const perProcess = Math.max(1, limits.descriptors.connections)
  const needed = Math.ceil(sockets / perProcess)
  // A reduced scale may leave fewer sockets than processes.
  const processes = Math.min(wanted.processes ?? Math.max(1, needed), Math.max(1, sockets))
  if (needed > MOST_PROCESSES) {
    const most = MOST_PROCESSES * perProcess
    problems.addWithFix(
      'processes',
      wanted.processes,
      `must be at least ${formatCount(needed)} for ${formatCount(sockets)} sockets, as each process may open ` +
        `${formatCount(limit)} descriptors, and at most ${MOST_PROCESSES} on one machine`,
      `open at most ${formatCount(most)} sockets from this machine, raise its limit with ulimit -n, or add generators`,
    )
    return { processes: 1, sources: [] }
  }
  if (processes < needed) {
    const each = Math.ceil(sockets / processes) + reserved
    problems.add(
      'processes',
      processes,
      `must be at least ${needed} for ${formatCount(sockets)} sockets: each process would need ` +
        `${formatCount(each)} descriptors and may open ${formatCount(limit)}; raise that with ulimit -n ${each}`,
      `processes: ${needed}`,
    )
  }
  checkMemory(problems, { option, sockets: onMachine, processes }, limits)
  return { processes, sources: checkedSources(problems, Math.ceil(onMachine / instances), wanted.sources, limits) }
}

function checkedSources(
  problems: Problems,
  connections: number,
  wanted: readonly string[] | undefined,
  { ports, sources }: Limits,
): readonly string[] {
  const perSource = portsPerSource(ports)
  const needed = Math.ceil(connections / perSource)
  const enough =
    wanted === undefined ? sourcesFor(connections, ports, sources) : wanted.length >= needed ? wanted : undefined
  if (enough !== undefined) return enough
  problems.add(
    'sourceAddresses',
    wanted,
    `must name at least ${needed} addresses of this machine for ${formatCount(connections)} sockets to one address and ` +
      `port: each has ${formatCount(perSource)} ports to spare (${ports.setting} is ${ports.first}–${ports.last}; ` +
      `widen it with ${ports.widen})`,
    `sourceAddresses: ['192.0.2.10', '192.0.2.11']`,
  )
  return []
}

/** With more sockets than fit into the memory, the system would kill a process, of this run or another. */
function checkMemory(
  problems: Problems,
  { option, sockets, processes }: { readonly option: string; readonly sockets: number; readonly processes: number },
  { memoryBytes }: Limits,
): void {
  const forProcesses = processes > 1 ? processes * BYTES_PER_PROCESS : 0
  const most = Math.max(0, Math.floor((memoryBytes - forProcesses) / BYTES_PER_SOCKET))
  if (sockets <= most) return
  problems.addWithFix(
    option,
    undefined,
    `must not need more than ${formatCount(most)} sockets, and needs ${formatCount(sockets)}: each takes at least ` +
      `${BYTES_PER_SOCKET / 1000} KB of the generator's memory, and ${formatBytes(memoryBytes)} are available`,
    `open at most ${formatCount(most)} sockets from this machine, give it more memory, or add generators on other machines`,
  )
}
