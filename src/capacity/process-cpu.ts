import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Invalidity } from '../evidence/verdict.ts'
import { now } from '../machine/clock.ts'
import { searchListeners, socketsOf, type Listeners } from '../machine/listeners.ts'
import type { CpuReading } from './cpu-utilization.ts'

/** Linux reports CPU time in hundredths of a second, independent of the kernel's tick (`man 5 proc`). */
const TICKS_PER_SEC = 100
const PS_LIMIT_MS = 5_000
/** Time between two searches of all processes, which read all of their descriptors. */
const FULL_SEARCH_INTERVAL_MS = 10_000
const OUTSIDE =
  "make the command of the target run the server itself or as a child, e.g. with 'exec' in its shell, or name its container in PERF_TARGET_CONTAINER"

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
 * CPU seconds that processes and all their descendants have used so far. On Linux, this includes children that have exited,
 * once their parent has waited for them, and a process that listens on the port of an instance, with its descendants, even
 * outside the tree: a daemon leaves the tree of its parent. On other systems both are left out, so the figure is a lower
 * bound.
 */
export class ProcessTrees {
  #roots: readonly number[]
  readonly #rootsNow: () => Promise<readonly number[]>
  readonly #ports: readonly number[]
  /** Processes that listen on the port of each instance. */
  #listeners: readonly Listeners[] = []
  /** Whether listeners have to be searched: before the first reading, and once one has exited. */
  #isSearchDue = true
  #nextFullSearchMs = 0
  /** Processes in the last reading. */
  #members: ReadonlySet<number> = new Set()
  /** Processes outside all trees, which are not read again each second. */
  #others: ReadonlySet<number> = new Set()

  /**
   * @param rootsNow reads the current processes after one has exited. Default: the same ones
   * @param ports the port of each instance, if known
   */
  constructor(
    pids: readonly number[],
    rootsNow: () => Promise<readonly number[]> = async () => pids,
    ports: readonly number[] = [],
  ) {
    this.#roots = pids
    this.#rootsNow = rootsNow
    this.#ports = ports
  }

  /**
   * Searches the processes that listen on the ports again: one that was not read is not included in the readings.
   * @returns the reason why the readings may lack the CPU of the target; `undefined` if there is none
   */
  async doubt(): Promise<Invalidity | undefined> {
    const listeners = await searchListeners(this.#ports)
    // Processes that were forked since the last reading are descendants as well.
    if (isExited(await this.#readOrExited())) return undefined
    const members = this.#members
    for (const [at, { pids, isHidden }] of listeners.entries()) {
      const other = pids.find((pid) => !members.has(pid) && existsSync(`/proc/${pid}`))
      // If the sockets of a member cannot be read, it may be the hidden process.
      const isOutside = isHidden && [...members].every((pid) => socketsOf(pid) !== undefined)
      if (other === undefined && !isOutside) continue
      const which = other === undefined ? 'a process of another user' : `process ${other}`
      return {
        reason: 'metric-unreliable',
        finding:
          `${which} listens on port ${this.#ports[at]} of the target and was not sampled: ` +
          `it is no descendant of the started process ${this.#roots[at]}`,
        fix: OUTSIDE,
      }
    }
    return undefined
  }

  /** @throws {Error} if one of the processes has exited and has no successor: its time would count as zero */
  async read(): Promise<CpuReading> {
    const reading = await this.#readOrExited()
    if (!isExited(reading)) return reading
    this.#roots = await this.#rootsNow()
    await this.#search(await this.#candidates())
    // A successor may have run before as one of them.
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
    const own = new Set(this.#roots.flatMap((pid) => descendantsOf([pid], byPid, children)).map(({ pid }) => pid))
    const daemons = this.#daemons.map((pids) => pids.filter((pid) => !own.has(pid)))
    const trees = this.#roots.map((pid, at) => descendantsOf([pid, ...(daemons[at] ?? [])], byPid, children))
    const members = new Set(trees.flat().map(({ pid }) => pid))
    this.#members = members
    // A daemon that has exited may have a successor, which is included from the next reading on.
    this.#isSearchDue ||= daemons.flat().some((pid) => !members.has(pid))
    // The search reads only processes that are new, and those of the trees.
    if (!this.#isSearchDue)
      this.#others = new Set([...this.#others, ...processes.map(({ pid }) => pid).filter((pid) => !members.has(pid))])
    const instancesSec = trees.map((tree) => tree.reduce((sum, { cpuSec }) => sum + cpuSec, 0))
    const totalSec = instancesSec.reduce((sum, seconds) => sum + seconds, 0)
    const read = [...this.#roots, ...daemons.flat().filter((pid) => members.has(pid))]
    return { totalSec, instancesSec, pids: read }
  }

  get #daemons(): readonly (readonly number[])[] {
    return this.#listeners.map(({ pids }) => pids)
  }

  /**
   * Searches listeners among some processes, and among all if it does not find them there: at most once in some seconds, as
   * a target may replace a daemon again and again. A port keeps a listener that has exited until it has a successor.
   */
  async #search(pids: readonly number[]): Promise<void> {
    let found = await searchListeners(this.#ports, pids)
    if (found.some(({ isHidden }) => isHidden) && now() >= this.#nextFullSearchMs) {
      this.#nextFullSearchMs = now() + FULL_SEARCH_INTERVAL_MS
      this.#others = new Set()
      found = await searchListeners(this.#ports)
    }
    this.#listeners = found.map((one, at) => (one.pids.length > 0 ? one : (this.#listeners[at] ?? one)))
    this.#isSearchDue = false
  }

  /** All processes but those outside the trees. */
  async #candidates(): Promise<readonly number[]> {
    if (process.platform !== 'linux') return []
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
    const existing = new Set(pids)
    // A pid that was free may be reused by a process of the target.
    this.#others = new Set([...this.#others].filter((pid) => existing.has(pid)))
    return pids.filter((pid) => !this.#others.has(pid))
  }

  async #fromProc(): Promise<ProcessCpu[]> {
    if (this.#isSearchDue) await this.#search(await this.#candidates())
    const candidates = await this.#candidates()
    const found = await Promise.all(
      candidates.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)),
    )
    return found.flatMap((stat) => (stat === undefined ? [] : [parseStat(stat)]))
  }
}

function descendantsOf(
  roots: readonly number[],
  byPid: ReadonlyMap<number, ProcessCpu>,
  children: ReadonlyMap<number, readonly ProcessCpu[]>,
): readonly ProcessCpu[] {
  const found = new Map<number, ProcessCpu>()
  const queue = roots.flatMap((pid) => byPid.get(pid) ?? [])
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
