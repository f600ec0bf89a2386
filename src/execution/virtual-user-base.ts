import type { DrivenVu } from '../load/drivers.ts'
import type { ThinkTime } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import type { Vu } from '../load/vu.ts'
import { now } from '../machine/clock.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import type { RequestSeries } from './request-scope.ts'
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
  protected iteration = -1
  /** Intended start of the current request, in milliseconds since the start of the run. */
  protected intendedMs = 0
  /** When the request counts: its intended start, but the end of the warm-up for an iteration that began in it. */
  protected countedMs = 0
  protected hasError = false
  readonly #execution: RunningExecution<VirtualUserBase<D>>
  readonly #fork: () => Random
  #random: Random | undefined
  #countedUntilMs = 0
  #beganMs = 0
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
    this.hasError = false
    this.iteration++
    this.sendFirst(intendedMs)
  }

  /** Draws a think time in milliseconds. */
  draw({ minMs, maxMs }: ThinkTime): number {
    return maxMs === minMs ? minMs : minMs + this.random.next() * (maxMs - minMs)
  }

  /** Sends the first request of an iteration. */
  protected abstract sendFirst(intendedMs: number): void

  protected get random(): Random {
    return (this.#random ??= this.#fork())
  }

  /** @param intendedMs intended start of the next request since the start of the run */
  protected setIntendedStart(intendedMs: number): void {
    this.intendedMs = intendedMs
    this.countedMs = Math.min(intendedMs, this.#countedUntilMs)
  }

  protected countSent({ timeline }: RequestSeries): void {
    const window = timeline.at(this.countedMs)
    window.offered++
    window.sent++
    this.#execution.tally.offered++
    this.#execution.tally.sent++
  }

  /**
   * Counts an ended request for live figures.
   *
   * @param ending the status, or the kind of error instead of a response
   * @returns its latency in milliseconds
   */
  protected countEnded(step: string, ending: number | ErrorKind | 'responded', endMs: number): number {
    const { tally, startMs } = this.#execution
    const latencyMs = endMs - startMs - this.intendedMs
    tally.completed++
    tally.responseTimes.record(step, ending, latencyMs * 1000)
    return latencyMs
  }

  /** Ends the iteration. */
  protected end(endMs: number): void {
    this.isBusy = false
    this.#execution.tally.countIteration(endMs - this.#beganMs, this.hasError, this.#isLight)
    this.#execution.iterationEnded(this, endMs)
  }
}
