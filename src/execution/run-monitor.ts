import type { Pacer } from '../load/pacer.ts'
import { now } from '../machine/clock.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { ABORT_CHECK_MS, type AbortWatch, type GivenUp } from './abort-watch.ts'
import type { SnapshotMaker } from './request-snapshots.ts'

/** Time of the first snapshot: watch mode shows figures before a full second has passed. */
const FIRST_SNAPSHOT_MS = 300

/** Requests in flight and VUs taking part at one moment. */
export interface Gauges {
  readonly inFlight: number
  readonly vus: number
}

interface MonitorDeps {
  readonly pacer: Pick<Pacer, 'at'>
  readonly snapshots: SnapshotMaker
  readonly abortWatch: AbortWatch
  readonly gaugesNow: () => Gauges
  readonly onSnapshot: ((snapshot: RunSnapshot) => void) | undefined
  /** Called if the run must stop. */
  readonly onGivenUp: (found: GivenUp) => void
  /** Called if the scenario's `abortWhen` threw. */
  readonly onBroken: (error: unknown) => void
}

/** Monitor of a running load: emits a snapshot every second and evaluates `abortWhen`. */
export class RunMonitor {
  /** Gauges at the end of each second of the load. */
  readonly gauges: Gauges[] = []
  readonly #deps: MonitorDeps
  #startMs = Number.NaN
  #isOver = false

  constructor(deps: MonitorDeps) {
    this.#deps = deps
  }

  /**
   * Makes a snapshot before the load begins, so that its code is compiled. The first one of a process takes milliseconds,
   * in which nothing could be sent.
   */
  prime(): void {
    this.#deps.snapshots.make('running', 0, 0)
  }

  /** @param startMs start of the run on the machine clock */
  start(startMs: number): void {
    this.#startMs = startMs
    this.#deps.snapshots.startMs = startMs
    this.#at(FIRST_SNAPSHOT_MS, () => this.#emit('running', this.#deps.gaugesNow()))
    this.#everySecond(1)
    this.#checkForAbort(ABORT_CHECK_MS)
  }

  /** Stops monitoring at the end of the load. Requests may be in flight; the VUs must still be active. */
  stop(): void {
    this.#isOver = true
    // The gauges of the last second, which is partial, or whose snapshot is due at this very instant.
    if (now() - this.#startMs > this.gauges.length * 1000) this.gauges.push(this.#deps.gaugesNow())
  }

  /** Emits the last snapshot, once the run has ended. */
  tellLast(): void {
    this.#emit('ended', this.#deps.gaugesNow())
  }

  #everySecond(second: number): void {
    this.#at(second * 1000, () => {
      const gauges = this.#deps.gaugesNow()
      this.gauges.push(gauges)
      const snapshot = this.#emit('running', gauges)
      this.#abortIf(() => this.#deps.abortWatch.checkSnapshot(snapshot))
      this.#everySecond(second + 1)
    })
  }

  #checkForAbort(ms: number): void {
    this.#at(ms, () => {
      this.#abortIf(() => this.#deps.abortWatch.check(ms))
      this.#checkForAbort(ms + ABORT_CHECK_MS)
    })
  }

  #at(ms: number, task: () => void): void {
    this.#deps.pacer.at(this.#startMs + ms, () => {
      if (!this.#isOver) task()
    })
  }

  #emit(state: RunSnapshot['state'], { inFlight, vus }: Gauges): RunSnapshot {
    const snapshot = this.#deps.snapshots.make(state, inFlight, vus)
    this.#deps.onSnapshot?.(snapshot)
    return snapshot
  }

  #abortIf(task: () => GivenUp | undefined): void {
    try {
      const found = task()
      if (found !== undefined) this.#deps.onGivenUp(found)
    } catch (error) {
      this.#deps.onBroken(error)
    }
  }
}
