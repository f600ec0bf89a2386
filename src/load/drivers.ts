import { nextTurn, now } from '../machine/clock.ts'
import { durationOf, isOpen, maxVusOf, meanOf } from './describe.ts'
import { Fifo } from './fifo.ts'
import { IterationStock } from './iteration-stock.ts'
import type { ClosedLoad, Load, OpenLoad, SharedIterations, ThinkTime } from './load.ts'
import type { Pacer } from './pacer.ts'
import type { Random } from './random.ts'
import { ArrivalSchedule, vuChanges, type VuChange } from './schedule.ts'
import { amongVus, positionOf, shareOf, type Claim, type Share } from './share.ts'
import { WithheldIterations } from './withheld-iterations.ts'

/** A VU, as used by drivers. */
export interface DrivenVu {
  readonly id: number
  readonly isBusy: boolean
  /** Consecutive failed connection attempts; 0 as soon as one succeeds. */
  readonly failedAttempts: number
  /** Whether a response of the latest iteration was good. */
  readonly hadGoodResponse: boolean
  /** Pause needed on its connection until it is known that the target does not close it. Mostly 0. */
  readonly settleMs: number
  /**
   * Begins an iteration.
   *
   * @param intendedMs when it was due, from the start of the run
   * @param iterationInTest number of the iteration in the whole run, from 0: no other iteration has it, on any generator
   */
  begin(intendedMs: number, iterationInTest: number): void
  /** Draws a think time, in milliseconds. */
  draw(thinkTime: ThinkTime): number
  /** Called if the run has ended, at `nowMs` (`performance.now()`), before the VU's iteration has. */
  cut?(nowMs: number): void
}

/** What the drivers of a run share. Instants are milliseconds from the start of the run, unless stated otherwise. */
export interface DriverContext<V extends DrivenVu> {
  /** VUs of the share, in order of their ids. */
  readonly vus: readonly V[]
  readonly share: Share
  /** Claims iterations of `sharedIterations`; needed if several generators divide the load. */
  readonly claim: Claim | undefined
  /**
   * Number of the driver's first iteration in the whole run. The iterations of a load are numbered from 0, and those of its
   * warm-up after them, because they may be more or fewer than planned.
   */
  readonly firstIteration: number
  /** Number of iterations that the drivers of a generator have numbered one after another. */
  readonly numbered: { count: number }
  /** Free VUs, in the order in which they became free. */
  readonly idle: Fifo<V>
  readonly pacer: Pick<Pacer, 'at'>
  /** When the run began (`performance.now()`). */
  readonly startMs: () => number
  readonly random: Random
  readonly maxQueueTimeMs: number
  /** Mean think time between the steps of an iteration. */
  readonly stepThinkMs: number
  /** Called if a VU was free when an iteration was due, with the delay of its begin. */
  onScheduled(delayMs: number): void
  /**
   * Called for an iteration that never began, with the instant at which it was due. Closed models: also for those that a VU
   * would have begun while it could not connect, or got no good response.
   */
  onDropped(dueMs: number): void
  /** Called when no iterations are left before the end of the load. */
  onExhausted(): void
  /** Called if iterations could not be claimed, so that the run cannot be completed. */
  onClaimFailed(error: unknown): void
}

/** Scheduler of the VUs' iterations. A run has one for its warm-up, and then one for its load. */
export interface Driver<V extends DrivenVu> {
  /** Number of active VUs of the share. */
  readonly activeVus: number
  /** Resolves when everything is counted after {@link stop}; absent if it is at once. */
  readonly settled?: Promise<void> | undefined
  start(): void
  /** Called when a VU has ended its iteration, at `endMs` (`performance.now()`). */
  freed(vu: V, endMs: number): void
  /**
   * Stops beginning iterations.
   *
   * @param isInterrupted whether the run is stopped early: iterations that wait are then ignored instead of dropped
   */
  stop(isInterrupted?: boolean): void
}

/** @param offsetMs start of the load, from the start of the run */
export function driverFor<V extends DrivenVu>(load: Load, offsetMs: number, all: DriverContext<V>): Driver<V> {
  if (isOpen(load)) return new ArrivalDriver(load, offsetMs, all)
  return load.kind === 'sharedIterations' ? new SharedDriver(load, offsetMs, all) : new VuDriver(load, offsetMs, all)
}

/** Open model: iterations begin when due, on the VU that has been free for longest, or as soon as one becomes free. */
class ArrivalDriver<V extends DrivenVu> implements Driver<V> {
  readonly activeVus: number
  settled: Promise<void> | undefined
  readonly #all: DriverContext<V>
  readonly #schedule: ArrivalSchedule
  readonly #offsetMs: number
  /** Iterations that are due and wait for a free VU. */
  readonly #waiting = new Fifo<number>()
  /** Share of the arrivals. */
  readonly #arrivals: Share
  /** Number of iterations that have begun or were dropped, which happens in order of their arrivals. */
  #handled = 0
  /** When the next iteration is due, in milliseconds from the start of the load. */
  #nextMs: number | undefined
  #isStopped = false

  constructor(load: OpenLoad, offsetMs: number, all: DriverContext<V>) {
    this.activeVus = shareOf(all.share, load.vus)
    this.#all = all
    this.#offsetMs = offsetMs
    this.#arrivals = amongVus(all.share, load.vus)
    this.#schedule = new ArrivalSchedule(load, all.random, this.#arrivals)
  }

  start(): void {
    this.#nextMs = this.#schedule.next()
    this.#awaitNext()
  }

  freed(vu: V, endMs: number): void {
    for (let dueMs = this.#waiting.shift(); dueMs !== undefined; dueMs = this.#waiting.shift()) {
      if (endMs - this.#all.startMs() - dueMs <= this.#all.maxQueueTimeMs) {
        vu.begin(dueMs, this.#nextNumber())
        return
      }
      this.#drop(dueMs)
    }
    this.#all.idle.push(vu)
  }

  stop(isInterrupted = false): void {
    this.#isStopped = true
    if (isInterrupted) this.#waiting.clear()
    else this.settled = this.#dropAll()
  }

  #awaitNext(): void {
    if (this.#nextMs !== undefined) this.#all.pacer.at(this.#all.startMs() + this.#offsetMs + this.#nextMs, this.#due)
  }

  readonly #due = (at: number): void => {
    if (this.#isStopped) return
    this.#nextMs = this.#schedule.next()
    this.#begin(at - this.#all.startMs())
    this.#awaitNext()
  }

  #begin(dueMs: number): void {
    const vu = this.#all.idle.shift()
    if (vu === undefined) {
      // The oldest has waited for longest. No response that is still useful comes after so many others.
      if (this.#waiting.size === MAX_WAITING) this.#drop(this.#waiting.shift()!)
      this.#waiting.push(dueMs)
      return
    }
    this.#all.onScheduled(now() - this.#all.startMs() - dueMs)
    vu.begin(dueMs, this.#nextNumber())
  }

  #drop(dueMs: number): void {
    this.#handled++
    this.#all.onDropped(dueMs)
  }

  /** Number of the next arrival that begins. No arrival waits when one begins at once, so all begin in their order. */
  #nextNumber(): number {
    const { index, count } = this.#arrivals
    return this.#all.firstIteration + index + this.#handled++ * count
  }

  /**
   * Drops the iterations that wait. If the generator is so late that the load ended first, those that were due by then are
   * dropped as well instead of lost.
   */
  async #dropAll(): Promise<void> {
    const overdueMs = now() - this.#all.startMs() - this.#offsetMs
    await dropEach(this.#all, () => {
      const waitingMs = this.#waiting.shift()
      if (waitingMs !== undefined) return waitingMs
      const dueMs = this.#nextMs
      if (dueMs === undefined || dueMs > overdueMs) return undefined
      this.#nextMs = this.#schedule.next()
      return this.#offsetMs + dueMs
    })
  }
}

/** Iterations that may wait for a free VU. Those of a load far above the capacity would exhaust the memory. */
const MAX_WAITING = 2_000_000
/** Dropped iterations that are counted before the event loop may read responses. */
const DROPPED_PER_TURN = 100_000

/** Counts dropped iterations; responses that arrive meanwhile are still read in time. @param next instant of the next one */
async function dropEach<V extends DrivenVu>(all: DriverContext<V>, next: () => number | undefined): Promise<void> {
  for (let count = 1; ; count++) {
    const dueMs = next()
    if (dueMs === undefined) return
    all.onDropped(dueMs)
    if (count % DROPPED_PER_TURN === 0) await nextTurn()
  }
}

/** Pauses of a VU whose connection attempts fail, so that a target that is down is not flooded with attempts. */
const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 2_000

function backoffMs({ failedAttempts }: DrivenVu): number {
  return failedAttempts === 0 ? 0 : Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failedAttempts - 1))
}

/** A change of the number of VUs precedes iterations that are due at the same instant, whichever VUs the generator has. */
const TIE_MS = 1e-6

/**
 * Closed model: each VU begins again after its response and its think time. VUs that start together would keep sending
 * together if their responses take equally long, so their first iterations are spread evenly over one think time.
 *
 * ```
 * VU 0  ●───think───●───think───●
 * VU 1     ●───think───●───think───●
 * VU 2        ●───think───●───think───●
 * ```
 */
class VuDriver<V extends DrivenVu> implements Driver<V> {
  activeVus = 0
  readonly #all: DriverContext<V>
  readonly #load: Exclude<ClosedLoad, SharedIterations>
  readonly #offsetMs: number
  /** 1 if a VU, by id, is active. */
  readonly #isActive: Uint8Array
  /** 1 if a VU, by id, is waiting for the end of its think time. */
  readonly #isThinking: Uint8Array
  /** One think time, over which VUs that start together spread their first iterations. */
  readonly #staggerMs: number
  readonly #withheld: WithheldIterations
  /** End of the load (`performance.now()`). */
  #endMs = Number.POSITIVE_INFINITY
  #isStopped = false
  #isInterrupted = false

  constructor(load: Exclude<ClosedLoad, SharedIterations>, offsetMs: number, all: DriverContext<V>) {
    this.#load = load
    this.#offsetMs = offsetMs
    this.#all = all
    this.#withheld = new WithheldIterations(maxVusOf(load), (atMs) => all.onDropped(atMs - all.startMs()))
    this.#isActive = new Uint8Array(maxVusOf(load))
    this.#isThinking = new Uint8Array(maxVusOf(load))
    this.#staggerMs = load.isStaggered === false ? 0 : meanOf(load.thinkTime) + all.stepThinkMs
  }

  start(): void {
    this.#endMs = this.#all.startMs() + this.#offsetMs + durationOf(this.#load)
    this.#awaitChanges(vuChanges(this.#load, this.#all.share))
  }

  freed(vu: V, endMs: number): void {
    if (!this.#isInterrupted) this.#withheld.ended(vu.id, Math.min(endMs, this.#endMs), vu)
    if (this.#isStopped || this.#isActive[vu.id] !== 1) return
    const pauseMs = Math.max(vu.draw(this.#load.thinkTime) + backoffMs(vu), vu.settleMs)
    if (pauseMs > 0) this.#wake(vu, endMs + pauseMs)
    else this.#begin(vu, endMs)
  }

  stop(isInterrupted = false): void {
    this.#isStopped = true
    this.#isInterrupted = isInterrupted
    if (isInterrupted) return
    const endMs = Math.min(now(), this.#endMs)
    for (const vu of this.#all.vus) if (this.#isActive[vu.id] === 1) this.#leave(vu, endMs)
  }

  #leave(vu: V, atMs: number): void {
    this.#withheld.left(vu.id, atMs, vu)
  }

  #awaitChanges(changes: Iterator<VuChange>): void {
    const { value, done } = changes.next()
    if (done === true) return
    const dueMs = this.#all.startMs() + this.#offsetMs + value.atMs
    this.#all.pacer.at(dueMs - TIE_MS, () => {
      if (this.#isStopped) return
      const isStart = value.change === 'start'
      this.activeVus += isStart ? 1 : -1
      this.#isActive[value.vu] = isStart ? 1 : 0
      const vu = this.#all.vus[positionOf(this.#all.share, value.vu)]!
      if (!isStart) this.#leave(vu, dueMs)
      if (isStart && !vu.isBusy && this.#isThinking[vu.id] === 0) {
        const delayMs = value.startedRatio * Math.max(0, this.#staggerMs - value.overMs)
        this.#wake(vu, dueMs + delayMs)
      }
      this.#awaitChanges(changes)
    })
  }

  #wake(vu: V, atMs: number): void {
    this.#isThinking[vu.id] = 1
    this.#all.pacer.at(atMs, (dueMs) => {
      this.#isThinking[vu.id] = 0
      if (!this.#isStopped && this.#isActive[vu.id] === 1) this.#begin(vu, dueMs)
    })
  }

  #begin(vu: V, atMs: number): void {
    const { share, numbered, firstIteration, startMs } = this.#all
    this.#withheld.began(vu.id, atMs, vu)
    vu.begin(atMs - startMs(), firstIteration + share.index + numbered.count++ * share.count)
  }
}

/** Closed model with a fixed number of iterations, each taken by a free VU. */
class SharedDriver<V extends DrivenVu> implements Driver<V> {
  readonly activeVus: number
  settled: Promise<void> | undefined
  readonly #all: DriverContext<V>
  readonly #offsetMs: number
  readonly #stock: IterationStock
  /** VUs that wait for claimed iterations. */
  readonly #waiting = new Fifo<V>()
  #isStopped = false

  constructor(load: SharedIterations, offsetMs: number, all: DriverContext<V>) {
    this.activeVus = shareOf(all.share, load.vus)
    this.#offsetMs = offsetMs
    this.#all = all
    this.#stock = new IterationStock(load, all, {
      onGranted: () => this.#beginWaiting(),
      onFailed: (error) => all.onClaimFailed(error),
    })
  }

  start(): void {
    for (const vu of this.#all.vus.slice(0, this.activeVus)) if (!vu.isBusy) this.#next(vu, this.#offsetMs)
    // There may be no iteration for this generator.
    this.#all.pacer.at(this.#all.startMs() + this.#offsetMs, () => this.#endIfExhausted())
  }

  freed(vu: V, endMs: number): void {
    const pauseMs = Math.max(backoffMs(vu), vu.settleMs)
    if (pauseMs > 0 && !this.#stock.isExhausted) {
      this.#all.pacer.at(endMs + pauseMs, (dueMs) => this.#next(vu, dueMs - this.#all.startMs()))
      return
    }
    this.#next(vu, endMs - this.#all.startMs())
    this.#endIfExhausted()
  }

  stop(isInterrupted = false): void {
    this.#isStopped = true
    if (isInterrupted) return this.#stock.discard()
    const nowMs = now() - this.#all.startMs()
    const drop = (count: number) => {
      let left = count
      return dropEach(this.#all, () => (left-- > 0 ? nowMs : undefined))
    }
    const own = drop(this.#stock.takeAll())
    // oxlint-disable-next-line promise/always-return
    const rest = this.#stock.claimRest()?.then(drop, (error: unknown) => this.#all.onClaimFailed(error))
    // oxlint-disable-next-line promise/always-return
    this.settled = Promise.all([own, rest]).then(() => {})
  }

  #next(vu: V, atMs: number): void {
    if (this.#isStopped) return
    const iteration = this.#stock.take(this.#waiting.size)
    if (iteration !== undefined) vu.begin(atMs, this.#all.firstIteration + iteration)
    else if (!this.#stock.isExhausted) this.#waiting.push(vu)
  }

  /** A VU that waited is ready when it has an iteration: the wait for other generators is not the target's. */
  #beginWaiting(): void {
    const atMs = now() - this.#all.startMs()
    while (this.#waiting.size > 0) {
      const iteration = this.#stock.take(this.#waiting.size - 1)
      if (iteration === undefined) break
      this.#waiting.shift()!.begin(atMs, this.#all.firstIteration + iteration)
    }
    this.#endIfExhausted()
  }

  #endIfExhausted(): void {
    if (this.#stock.isExhausted && !this.#all.vus.some(({ isBusy }) => isBusy)) this.#all.onExhausted()
  }
}
