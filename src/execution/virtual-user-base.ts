import type { DrivenVu } from '../load/drivers.ts'
import type { ThinkTime } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import type { AssignedRows } from '../load/rows/assigned-rows.ts'
import type { Vu } from '../load/vu.ts'
import { now } from '../machine/clock.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import type { FirstError, Span } from './iteration-times.ts'
import { ScenarioError } from './scenario-error.ts'
import type { RunningExecution } from './workload.ts'

/**
 * A virtual user, whatever its protocol: its identity, its random numbers, and the counts of its iterations. A subclass
 * sends the requests of an iteration one after another, and calls `end()` when the last one has ended.
 */
export abstract class VirtualUserBase<D> implements DrivenVu {
  readonly vu: Vu<D>
  isBusy = false
  hadGoodResponse = false
  abstract readonly failedAttempts: number
  abstract readonly settleMs: number
  /** Number of iterations that began before the current one; -1 before the first. */
  iteration = -1
  /** Number of the current iteration in the whole run; -1 before the first. */
  iterationInTest = -1
  /** Journey of the current iteration; `undefined` in a run without a mix. */
  protected journey: string | undefined
  readonly #execution: RunningExecution<VirtualUserBase<D>>
  /** Rows of its iterations; `undefined` if the VU keeps one row. */
  readonly #rows: AssignedRows<D> | undefined
  readonly #fork: () => Random
  #random: Random | undefined
  #countedUntilMs = 0
  #beganMs = 0
  #span: Span | undefined
  #error: FirstError | undefined
  /** Whether the iteration began while at most a tenth of the VUs were busy. */
  #isLight = false

  /** @param fork creates the VU's stream of random numbers when the first one is needed */
  constructor(id: number, rows: AssignedRows<D>, fork: () => Random, execution: RunningExecution<VirtualUserBase<D>>) {
    this.#rows = rows.isPerIteration ? rows : undefined
    this.vu = rows.isPerIteration ? new VuOfIterations<D>(id) : { id, data: rows.at(id), vars: {} }
    this.#fork = fork
    this.#execution = execution
  }

  get id(): number {
    return this.vu.id
  }

  begin(intendedMs: number, iterationInTest: number): void {
    this.isBusy = true
    this.#beganMs = now()
    this.#isLight = this.#execution.iterationBegan()
    this.#countedUntilMs = this.#execution.countedUntilMs(intendedMs)
    this.#error = undefined
    this.hadGoodResponse = false
    this.iteration++
    this.iterationInTest = iterationInTest
    this.#span = this.beginSpan(intendedMs, this.#beganMs)
    if (this.#rows === undefined || this.#takeRow(this.#rows)) this.sendFirst(intendedMs)
  }

  #takeRow(rows: AssignedRows<D>): boolean {
    try {
      ;(this.vu as VuOfIterations<D>).row = { data: rows.at(this.iterationInTest) }
      return true
    } catch (error) {
      this.#execution.scenarioFailed(error)
      return false
    }
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
    return iterationTimes.begin({ dueMs: startMs + intendedMs, begunMs, countedMs }, group, this.journey)
  }

  /** Counts an iteration in progress as unfinished, because the run has ended. */
  cut(nowMs: number): void {
    this.#span?.cut(nowMs)
  }

  /** Ends the time of the iteration, after which its VU may still be busy. */
  protected endTime(doneMs: number): void {
    this.#span?.end(doneMs, this.#error)
  }

  /**
   * Ends the iteration.
   *
   * @param doneMs when its last request had ended, if a think time followed
   */
  protected end(endMs: number, doneMs = endMs): void {
    this.isBusy = false
    this.endTime(doneMs)
    this.#execution.tally.countIteration(endMs - this.#beganMs, this.#error !== undefined, this.#isLight)
    this.#execution.iterationEnded(this, endMs)
  }
}

/** A VU whose row is that of its current iteration. */
class VuOfIterations<D> implements Vu<D> {
  readonly id: number
  readonly vars: Record<string, unknown> = {}
  /** `undefined` before the first iteration. */
  row: { readonly data: D } | undefined

  constructor(id: number) {
    this.id = id
  }

  get data(): D {
    if (this.row !== undefined) return this.row.data
    throw new ScenarioError(
      "vu.data was read before the first iteration of the VU, but rows are assigned with assignment: 'per-iteration'\n" +
        "Fix: set assignment: 'per-vu', or read vu.data only in the functions of an iteration",
    )
  }
}
