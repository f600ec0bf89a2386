import type { Pacer } from '../load/pacer.ts'
import { now } from '../machine/clock.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { ABORT_CHECK_MS, type AbortWatch, type GivenUp } from './abort-watch.ts'
import type { SnapshotMaker } from './request-snapshots.ts'

/** In watch mode, shows the first figures before a full second has passed. */
const FIRST_LOOK_MS = 300

/** What is in flight, and how many VUs are at work. */
export interface Gauges {
  readonly inFlight: number
  readonly vus: number
}

interface LookoutParts {
  readonly pacer: Pick<Pacer, 'at'>
  readonly snapshots: SnapshotMaker
  readonly abortWatch: AbortWatch
  readonly gaugesNow: () => Gauges
  readonly onSnapshot: ((snapshot: RunSnapshot) => void) | undefined
  /** The run is to stop. */
  readonly onGivenUp: (found: GivenUp) => void
  /** The scenario's `abortWhen` threw. */
  readonly onBroken: (error: unknown) => void
}

/** Monitors a running load: emits a snapshot every second and evaluates `abortWhen`. */
export class RunMonitor {
  /** One for each second that the load was on, taken at its end. */
  readonly gauges: Gauges[] = []
  readonly #parts: LookoutParts
  #startMs = Number.NaN
  #isOver = false

  constructor(parts: LookoutParts) {
    this.#parts = parts
  }

  /**
   * Has the code of a look compiled before the load begins: the first look of a process takes milliseconds, in which
   * nothing is sent.
   */
  prime(): void {
    this.#parts.snapshots.make('running', 0, 0)
  }

  /** @param startMs when the run began, of `performance.now()` */
  start(startMs: number): void {
    this.#startMs = startMs
    this.#parts.snapshots.startMs = startMs
    this.#at(FIRST_LOOK_MS, () => this.#tell('running', this.#parts.gaugesNow()))
    this.#everySecond(1)
    this.#lookForAbort(ABORT_CHECK_MS)
  }

  /** The load ends; what is in flight may still end. To be called while its VUs are still at work. */
  stop(): void {
    this.#isOver = true
    // The second in which it ends has its look now; that of a load of whole seconds was due at this very instant.
    if (now() - this.#startMs > this.gauges.length * 1000) this.gauges.push(this.#parts.gaugesNow())
  }

  /** The run has ended: tells how it stands at last. */
  tellLast(): void {
    this.#tell('ended', this.#parts.gaugesNow())
  }

  #everySecond(second: number): void {
    this.#at(second * 1000, () => {
      const gauges = this.#parts.gaugesNow()
      this.gauges.push(gauges)
      const snapshot = this.#tell('running', gauges)
      this.#giveUpIf(() => this.#parts.abortWatch.checkSnapshot(snapshot))
      this.#everySecond(second + 1)
    })
  }

  #lookForAbort(ms: number): void {
    this.#at(ms, () => {
      this.#giveUpIf(() => this.#parts.abortWatch.check())
      this.#lookForAbort(ms + ABORT_CHECK_MS)
    })
  }

  #at(ms: number, look: () => void): void {
    this.#parts.pacer.at(this.#startMs + ms, () => {
      if (!this.#isOver) look()
    })
  }

  #tell(state: RunSnapshot['state'], { inFlight, vus }: Gauges): RunSnapshot {
    const snapshot = this.#parts.snapshots.make(state, inFlight, vus)
    this.#parts.onSnapshot?.(snapshot)
    return snapshot
  }

  #giveUpIf(look: () => GivenUp | undefined): void {
    try {
      const found = look()
      if (found !== undefined) this.#parts.onGivenUp(found)
    } catch (error) {
      this.#parts.onBroken(error)
    }
  }
}
