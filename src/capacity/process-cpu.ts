import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Linux reports CPU time to user space in hundredths of a second, whatever the kernel's own tick (`man 5 proc`). */
const TICKS_PER_SEC = 100

interface ProcessCpu {
  readonly pid: number
  readonly parent: number
  readonly cpuSec: number
}

/**
 * CPU seconds, user and system, that the processes and all their descendants have used so far. A descendant that ended
 * takes its share along, so short-lived children make this an under-estimate.
 *
 * @throws {Error} where none of the processes is alive
 */
export async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  const processes = process.platform === 'linux' ? await fromProc() : await fromPs()
  const children = Map.groupBy(processes, ({ parent }) => parent)
  const roots = processes.filter(({ pid }) => pids.includes(pid))
  if (roots.length === 0) throw new Error(`none of the target's processes (${pids.join(', ')}) is alive`)
  const seen = new Set<number>()
  let total = 0
  const queue = [...roots]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next.pid)) continue
    seen.add(next.pid)
    total += next.cpuSec
    queue.push(...(children.get(next.pid) ?? []))
  }
  return total
}

async function fromProc(): Promise<ProcessCpu[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)))
  return found.flatMap((stat) => (stat === undefined ? [] : [parseStat(stat)]))
}

/** Fields after the command, which may itself hold spaces and parentheses: state, parent, … user and system time. */
function parseStat(stat: string): ProcessCpu {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const cpuTicks = Number(fields[11]) + Number(fields[12])
  return { pid: Number.parseInt(stat, 10), parent: Number(fields[1]), cpuSec: cpuTicks / TICKS_PER_SEC }
}

async function fromPs(): Promise<ProcessCpu[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,time='])
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, time] = line.trim().split(/\s+/)
    return time === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), cpuSec: secondsOf(time) }]
  })
}

/** `[[days-]hours:]minutes:seconds`, the seconds with hundredths on macOS. */
function secondsOf(time: string): number {
  const [clock = '', days = '0'] = time.split('-').toReversed()
  return clock.split(':').reduce((total, part) => total * 60 + Number(part), 0) + Number(days) * 86_400
}

/** The cores a process may run on (its affinity), else all of the machine's. */
export async function coresOf(pid: number | undefined, allCores: number): Promise<number> {
  if (process.platform !== 'linux' || pid === undefined) return allCores
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
  const mask = /^Cpus_allowed:\s*([\da-f,]+)/m.exec(status)?.[1]?.replaceAll(',', '')
  if (mask === undefined) return allCores
  const bits = BigInt(`0x${mask}`).toString(2).replaceAll('0', '').length
  return Math.min(allCores, bits)
}
