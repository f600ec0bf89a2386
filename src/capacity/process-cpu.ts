import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { CpuReading } from './cpu-share.ts'

/** Linux reports CPU time to user space in hundredths of a second, whatever the kernel's own tick (`man 5 proc`). */
const TICKS_PER_SEC = 100
const PS_LIMIT_MS = 5_000

interface Ended {
  readonly ended: readonly number[]
}

function isEnded(reading: CpuReading | Ended): reading is Ended {
  return 'ended' in reading
}

interface ProcessCpu {
  readonly pid: number
  readonly parent: number
  /** User and system; on Linux with that of children that have ended. */
  readonly cpuSec: number
}

/**
 * CPU seconds that processes and all their descendants have used so far. On Linux children that have ended are included,
 * once their parent has taken note; elsewhere they take their share along, which makes it an under-estimate.
 */
export class ProcessTrees {
  #roots: readonly number[]
  readonly #rootsNow: () => Promise<readonly number[]>
  /** Processes known to belong to nobody here: they are not looked into again each second. */
  #others: ReadonlySet<number> = new Set()

  /** @param rootsNow says which processes there are once one has ended. Default: no others */
  constructor(pids: readonly number[], rootsNow: () => Promise<readonly number[]> = async () => pids) {
    this.#roots = pids
    this.#rootsNow = rootsNow
  }

  /** @throws {Error} if one of the processes has ended and no successor is known: its time would count as none */
  async read(): Promise<CpuReading> {
    const reading = await this.#readOrEnded()
    if (!isEnded(reading)) return reading
    this.#roots = await this.#rootsNow()
    this.#others = new Set()
    const again = await this.#readOrEnded()
    if (isEnded(again)) throw new Error(`the target's process ${again.ended.join(' and ')} has ended`)
    return again
  }

  async #readOrEnded(): Promise<CpuReading | Ended> {
    const processes = process.platform === 'linux' ? await this.#fromProc() : await fromPs()
    const byPid = new Map(processes.map((one) => [one.pid, one]))
    const ended = this.#roots.filter((pid) => !byPid.has(pid))
    if (ended.length > 0) return { ended }
    const children = Map.groupBy(processes, ({ parent }) => parent)
    const trees = this.#roots.map((pid) => descendantsOf(pid, byPid, children))
    const members = new Set(trees.flat().map(({ pid }) => pid))
    this.#others = new Set([...this.#others, ...processes.map(({ pid }) => pid).filter((pid) => !members.has(pid))])
    const instancesSec = trees.map((tree) => tree.reduce((sum, { cpuSec }) => sum + cpuSec, 0))
    return { totalSec: instancesSec.reduce((sum, seconds) => sum + seconds, 0), instancesSec, pids: this.#roots }
  }

  async #fromProc(): Promise<ProcessCpu[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
    const there = new Set(pids)
    // A number that was free for a while may come back as a process of the target's.
    this.#others = new Set([...this.#others].filter((pid) => there.has(pid)))
    const unknown = pids.filter((pid) => !this.#others.has(pid))
    const found = await Promise.all(
      unknown.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)),
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
 * Fields after the command, which may itself hold spaces and parentheses: state, parent, … user and system time, and
 * those of children that have ended and were waited for.
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

/** `[[days-]hours:]minutes:seconds`, the seconds with hundredths on macOS. */
export function secondsOf(time: string): number {
  const [clock = '', days = '0'] = time.split('-').toReversed()
  return clock.split(':').reduce((total, part) => total * 60 + Number(part), 0) + Number(days) * 86_400
}

/** How many cores processes may run on, taken together (their affinity), else all of the machine's. */
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
