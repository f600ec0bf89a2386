import type { DrivenVu } from '../load/drivers.ts'
import type { ThinkTime } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import type { Vu } from '../load/vu.ts'
import { now } from '../machine/clock.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import type { FirstError, Span } from './iteration-times.ts'
import type { RunningExecution } from './workload.ts'

/**
 * A virtual user, whatever its protocol: its identity, its random numbers, and the counts of its iterations. A subclass
 * sends the requests of an iteration one after another, and calls `end()` when the last one has ended.
 */
export abstract class VirtualUserBase<D> implements DrivenVu {
  readonly vu: Vu<D>
  isBusy = false
  abstract readonly failedAttempts: number
  abstract readonly settleMs: number
  /** Number of iterations that began before the current one; -1 before the first. */
  iteration = -1
  readonly #execution: RunningExecution<VirtualUserBase<D>>
  readonly #fork: () => Random
  #random: Random | undefined
  #countedUntilMs = 0
  #beganMs = 0
  #span: Span | undefined
  #error: FirstError | undefined
  /** Whether the iteration began while at most a tenth of the VUs were busy. */
  #isLight = false

  /** @param fork creates the VU's stream of random numbers when the first one is needed */
  constructor(id: number, data: D, fork: () => Random, execution: RunningExecution<VirtualUserBase<D>>) {
    this.vu = { id, data, vars: {} }
    this.#fork = fork
    this.#execution = execution
  }

  get id(): number {
    return this.vu.id
  }

  /** Begins an iteration. @param intendedMs intended start since the start of the run */
  begin(intendedMs: number): void {
    this.isBusy = true
    this.#beganMs = now()
    this.#isLight = this.#execution.iterationBegan()
    this.#countedUntilMs = this.#execution.countedUntilMs(intendedMs)
    this.#error = undefined
    this.iteration++
    this.#span = this.beginSpan(intendedMs, this.#beganMs)
    this.sendFirst(intendedMs)
  }

  /** Draws a think time in milliseconds. */
  draw({ minMs, maxMs }: ThinkTime): number {
    return maxMs === minMs ? minMs : minMs + this.random.next() * (maxMs - minMs)
  }

  /** Sends the first request of an iteration. */
  protected abstract sendFirst(intendedMs: number): void

  get random(): Random {
    return (this.#random ??= this.#fork())
  }

  /** Latest time since the start of the run at which requests of the iteration are counted. */
  get countedUntilMs(): number {
    return this.#countedUntilMs
  }

  /** First error of the iteration. */
  get error(): FirstError | undefined {
    return this.#error
  }

  /** Records an error of the iteration. */
  protected hadError(kind: ErrorKind, detail: string): void {
    this.#error ??= { kind, detail }
  }

  /**
   * Begins to time the iteration, or a group in it.
   *
   * @param intendedMs its intended start since the start of the run
   * @returns `undefined` if the run does not count iterations
   */
  protected beginSpan(intendedMs: number, begunMs: number, group?: string): Span | undefined {
    const { iterationTimes, startMs } = this.#execution
    if (iterationTimes === undefined) return undefined
    const countedMs = Math.min(intendedMs, this.#countedUntilMs)
    return iterationTimes.begin({ dueMs: startMs + intendedMs, begunMs, countedMs }, group)
  }

  /** Counts an iteration in progress as unfinished, because the run has ended. */
  cut(nowMs: number): void {
    this.#span?.cut(nowMs)
  }

  /**
   * Ends the iteration.
   *
   * @param doneMs when its last request had ended, if a think time followed
   */
  protected end(endMs: number, doneMs = endMs): void {
    this.isBusy = false
    this.#span?.end(doneMs, this.#error)
    this.#execution.tally.countIteration(endMs - this.#beganMs, this.#error !== undefined, this.#isLight)
    this.#execution.iterationEnded(this, endMs)
  }
}
