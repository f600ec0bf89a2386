import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { CpuReading } from './cpu-utilization.ts'

/** Linux reports CPU time in hundredths of a second, independent of the kernel's tick (`man 5 proc`). */
const TICKS_PER_SEC = 100
const PS_LIMIT_MS = 5_000

interface Exited {
  readonly exited: readonly number[]
}

function isExited(reading: CpuReading | Exited): reading is Exited {
  return 'exited' in reading
}

interface ProcessCpu {
  readonly pid: number
  readonly parent: number
  /** User and system time; on Linux with that of children that have exited. */
  readonly cpuSec: number
}

/**
 * CPU seconds that processes and all their descendants have used so far. On Linux children that have exited are included,
 * once their parent has waited for them. On other systems their time is lost, so the figure is a lower bound.
 */
export class ProcessTrees {
  #roots: readonly number[]
  readonly #rootsNow: () => Promise<readonly number[]>
  /** Processes outside all trees, which are not read again each second. */
  #others: ReadonlySet<number> = new Set()

  /** @param rootsNow reads the current processes after one has exited. Default: the same ones */
  constructor(pids: readonly number[], rootsNow: () => Promise<readonly number[]> = async () => pids) {
    this.#roots = pids
    this.#rootsNow = rootsNow
  }

  /** @throws {Error} if one of the processes has exited and has no successor: its time would count as zero */
  async read(): Promise<CpuReading> {
    const reading = await this.#readOrExited()
    if (!isExited(reading)) return reading
    this.#roots = await this.#rootsNow()
    this.#others = new Set()
    const again = await this.#readOrExited()
    if (isExited(again)) throw new Error(`the target's process ${again.exited.join(' and ')} has exited`)
    return again
  }

  async #readOrExited(): Promise<CpuReading | Exited> {
    const processes = process.platform === 'linux' ? await this.#fromProc() : await fromPs()
    const byPid = new Map(processes.map((one) => [one.pid, one]))
    const exited = this.#roots.filter((pid) => !byPid.has(pid))
    if (exited.length > 0) return { exited }
    const children = Map.groupBy(processes, ({ parent }) => parent)
    const trees = this.#roots.map((pid) => descendantsOf(pid, byPid, children))
    const members = new Set(trees.flat().map(({ pid }) => pid))
    this.#others = new Set([...this.#others, ...processes.map(({ pid }) => pid).filter((pid) => !members.has(pid))])
    const instancesSec = trees.map((tree) => tree.reduce((sum, { cpuSec }) => sum + cpuSec, 0))
    return { totalSec: instancesSec.reduce((sum, seconds) => sum + seconds, 0), instancesSec, pids: this.#roots }
  }

  async #fromProc(): Promise<ProcessCpu[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
    const existing = new Set(pids)
    // A pid that was free may be reused by a process of the target.
    this.#others = new Set([...this.#others].filter((pid) => existing.has(pid)))
    const candidates = pids.filter((pid) => !this.#others.has(pid))
    const found = await Promise.all(
      candidates.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)),
    )
    return found.flatMap((stat) => (stat === undefined ? [] : [parseStat(stat)]))
  }
}

function descendantsOf(
  root: number,
  byPid: ReadonlyMap<number, ProcessCpu>,
  children: ReadonlyMap<number, readonly ProcessCpu[]>,
): readonly ProcessCpu[] {
  const found = new Map<number, ProcessCpu>()
  const queue = [byPid.get(root)]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (found.has(next.pid)) continue
    found.set(next.pid, next)
    queue.push(...(children.get(next.pid) ?? []))
  }
  return [...found.values()]
}

/**
 * Parses the fields after the command, which may itself contain spaces and parentheses: state, parent, … user and system
 * time, and those of children that have exited and were waited for.
 */
function parseStat(stat: string): ProcessCpu {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const cpuTicks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0)
  return { pid: Number.parseInt(stat, 10), parent: Number(fields[1]), cpuSec: cpuTicks / TICKS_PER_SEC }
}

async function fromPs(): Promise<ProcessCpu[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,time='], { timeout: PS_LIMIT_MS })
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, time] = line.trim().split(/\s+/)
    return time === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), cpuSec: secondsOf(time) }]
  })
}

/** Seconds of a time of `ps`: `[[days-]hours:]minutes:seconds`, with hundredths on macOS. */
export function secondsOf(time: string): number {
  const [clock = '', days = '0'] = time.split('-').toReversed()
  return clock.split(':').reduce((total, part) => total * 60 + Number(part), 0) + Number(days) * 86_400
}

/** Number of cores that the processes together may run on (their affinity); all cores of the machine if unknown. */
export async function coresOf(pids: readonly number[], allCores: number): Promise<number> {
  if (process.platform !== 'linux' || pids.length === 0) return allCores
  const masks = await Promise.all(pids.map(affinityOf))
  if (masks.some((mask) => mask === undefined)) return allCores
  const together = masks.reduce<bigint>((all, mask) => all | mask!, 0n)
  return Math.min(allCores, together.toString(2).replaceAll('0', '').length)
}

async function affinityOf(pid: number): Promise<bigint | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
  const mask = /^Cpus_allowed:\s*([\da-f,]+)/m.exec(status)?.[1]?.replaceAll(',', '')
  return mask === undefined ? undefined : BigInt(`0x${mask}`)
}
