import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { ProcessTrees } from '../src/capacity/process-cpu.ts'

/** What the machine did in one stretch of time, as shares (0–1) of all its cores. */
export interface MachineUse {
  readonly atMs: number
  /** Of the process watched and its descendants. */
  readonly ours: number
  /** Of all others, and of other virtual machines on the same cores (steal). */
  readonly others: number
}

interface Reading {
  readonly atMs: number
  readonly idleSec: number
  readonly oursSec: number
}

/** Tells a busy neighbour from a load generator that is at fault: who used this machine's cores, second by second. */
export class NeighbourWatch implements AsyncDisposable {
  readonly uses: MachineUse[] = []
  readonly #trees: ProcessTrees
  readonly #timer: NodeJS.Timeout
  #last: Reading | undefined
  #reading: Promise<void> = Promise.resolve()

  /** @param pid whose tree of processes is not a neighbour */
  constructor(pid: number, intervalMs = 1_000) {
    this.#trees = new ProcessTrees([pid])
    this.#timer = setInterval(() => {
      this.#reading = this.#reading.then(() => this.#read())
    }, intervalMs)
  }

  /** Mean and highest second of the others' share since an instant of `performance.now()`; NaN if nothing was seen. */
  othersSince(sinceMs: number): { readonly mean: number; readonly max: number } {
    const shares = this.uses.filter(({ atMs }) => atMs > sinceMs).map(({ others }) => others)
    if (shares.length === 0) return { mean: Number.NaN, max: Number.NaN }
    return { mean: shares.reduce((sum, share) => sum + share, 0) / shares.length, max: Math.max(...shares) }
  }

  async #read(): Promise<void> {
    const oursSec = await this.#trees.read().then(
      ({ totalSec }) => totalSec,
      () => undefined,
    )
    if (oursSec === undefined) return
    const now = { atMs: performance.now(), idleSec: idleSec(), oursSec }
    const use = this.#last && useBetween(this.#last, now, cpus().length)
    if (use !== undefined) this.uses.push(use)
    this.#last = now
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#reading
  }
}

/** Whatever was neither idle nor ours was the others'. */
export function useBetween(before: Reading, after: Reading, cores: number): MachineUse {
  const wholeSec = ((after.atMs - before.atMs) / 1000) * cores
  const ours = Math.max(0, after.oursSec - before.oursSec) / wholeSec
  const idle = Math.max(0, after.idleSec - before.idleSec) / wholeSec
  return { atMs: after.atMs, ours, others: Math.min(1, Math.max(0, 1 - idle - ours)) }
}

/** Seconds that the cores had nothing to do, or waited for a disk, so far. */
function idleSec(): number {
  if (process.platform !== 'linux') return cpus().reduce((sum, { times }) => sum + times.idle, 0) / 1000
  const fields = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.split(/\s+/).map(Number)
  return (fields[4]! + fields[5]!) / 100
}
