import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { ProcessTrees } from '../src/capacity/process-cpu.ts'

/** CPU utilization of the machine in one interval, as ratios (0–1) of all its cores. */
export interface CpuUsage {
  readonly atMs: number
  /** Utilization by the monitored process and its descendants. */
  readonly ours: number
  /** Utilization by all other processes, and by other virtual machines on the same cores (steal). */
  readonly others: number
}

interface Reading {
  readonly atMs: number
  readonly idleSec: number
  readonly oursSec: number
}

/** Monitors, second by second, how much of the machine other processes use, to explain an invalid run by them. */
export class CpuNoiseMonitor implements AsyncDisposable {
  readonly usages: CpuUsage[] = []
  readonly #trees: ProcessTrees
  readonly #timer: NodeJS.Timeout
  #last: Reading | undefined
  #reading: Promise<void> = Promise.resolve()

  /** @param pid root of the process tree that counts as ours */
  constructor(pid: number, intervalMs = 1_000) {
    this.#trees = new ProcessTrees([pid])
    this.#timer = setInterval(() => {
      this.#reading = this.#reading.then(() => this.#read())
    }, intervalMs)
  }

  /** Mean and maximum utilization by others since a time of `performance.now()`; NaN if there is no sample. */
  othersSince(sinceMs: number): { readonly mean: number; readonly max: number } {
    const ratios = this.usages.filter(({ atMs }) => atMs > sinceMs).map(({ others }) => others)
    if (ratios.length === 0) return { mean: Number.NaN, max: Number.NaN }
    return { mean: ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length, max: Math.max(...ratios) }
  }

  async #read(): Promise<void> {
    const oursSec = await this.#trees.read().then(
      ({ totalSec }) => totalSec,
      () => undefined,
    )
    if (oursSec === undefined) return
    const now = { atMs: performance.now(), idleSec: idleSec(), oursSec }
    const usage = this.#last && usageBetween(this.#last, now, cpus().length)
    if (usage !== undefined) this.usages.push(usage)
    this.#last = now
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#reading
  }
}

/** Utilization between two readings. CPU time that was neither idle nor ours belongs to others. */
export function usageBetween(before: Reading, after: Reading, cores: number): CpuUsage {
  const totalSec = ((after.atMs - before.atMs) / 1000) * cores
  const ours = Math.max(0, after.oursSec - before.oursSec) / totalSec
  const idle = Math.max(0, after.idleSec - before.idleSec) / totalSec
  return { atMs: after.atMs, ours, others: Math.min(1, Math.max(0, 1 - idle - ours)) }
}

/** Total seconds that the cores were idle or waited for a disk. */
function idleSec(): number {
  if (process.platform !== 'linux') return cpus().reduce((sum, { times }) => sum + times.idle, 0) / 1000
  const fields = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.split(/\s+/).map(Number)
  return (fields[4]! + fields[5]!) / 100
}
