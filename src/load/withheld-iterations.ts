/** Number of iterations over which the time of one is averaged: enough for a steady mean, few enough to follow a ramp. */
const AVERAGED = 1_000

/**
 * Iterations that the VUs of a closed model would have begun while they could not connect. A VU whose connection attempts
 * fail slowly, or pause so that a target that is down is not flooded, begins fewer iterations than a VU that works: without
 * these, the users that a target rejects would hardly count.
 *
 * ```
 * works            ●────●────●────●────●────●────●
 * cannot connect   ✗─────────✗──────────────✗          begun
 *                       ○         ○    ○               withheld, and counted as dropped
 * ```
 *
 * Only the time from the first failed attempt to the end of the last one counts: after that, the target may have accepted
 * connections. If no VU works, the time of an iteration is unknown, and nothing is added: all that was due is an error.
 */
export class WithheldIterations {
  readonly #onWithheld: (dueMs: number) => void
  /** Mean time between the beginnings of two iterations of a VU that can connect; NaN before the first. */
  #cycleMs = Number.NaN
  #cycles = 0
  /** When the current or latest iteration of a VU began, by id. */
  readonly #beganMs: Float64Array
  /** When a VU began the first iteration that could not connect, by id; NaN if it can connect. */
  readonly #failingSinceMs: Float64Array
  /** Iterations begun or withheld since then. */
  readonly #counted: Float64Array

  /** @param onWithheld called for each one, with the instant at which it was due */
  constructor(vus: number, onWithheld: (dueMs: number) => void) {
    this.#onWithheld = onWithheld
    this.#beganMs = new Float64Array(vus).fill(Number.NaN)
    this.#failingSinceMs = new Float64Array(vus).fill(Number.NaN)
    this.#counted = new Float64Array(vus)
  }

  /**
   * Called when a VU begins an iteration.
   *
   * @param isConnected whether no connection attempt has failed since the latest one that succeeded, which may have been
   * between two iterations
   */
  began(vu: number, atMs: number, isConnected: boolean): void {
    const beforeMs = this.#beganMs[vu]!
    if (isConnected && !Number.isNaN(this.#failingSinceMs[vu]!)) {
      this.#failingSinceMs[vu] = Number.NaN
      // The pause since the failed attempt is not the pace of a VU that can connect.
      this.#beganMs[vu] = atMs
      return
    }
    if (!Number.isNaN(this.#failingSinceMs[vu]!)) this.#counted[vu]!++
    else if (!Number.isNaN(beforeMs)) this.#average(atMs - beforeMs)
    this.#beganMs[vu] = atMs
  }

  /** Called when an iteration has ended. @param isConnected whether the VU has a connection, or could open one */
  ended(vu: number, endMs: number, isConnected: boolean): void {
    if (isConnected) this.#failingSinceMs[vu] = Number.NaN
    else this.#count(vu, endMs)
  }

  /** Called at the end of a VU's part in the load. @param isConnected as for {@link ended} */
  left(vu: number, atMs: number, isConnected: boolean): void {
    if (!isConnected) this.#count(vu, atMs)
    this.#beganMs[vu] = Number.NaN
    this.#failingSinceMs[vu] = Number.NaN
  }

  #average(cycleMs: number): void {
    if (this.#cycles < AVERAGED) this.#cycles++
    if (this.#cycles === 1) this.#cycleMs = cycleMs
    else this.#cycleMs += (cycleMs - this.#cycleMs) / this.#cycles
  }

  #count(vu: number, untilMs: number): void {
    const beganMs = this.#beganMs[vu]!
    // The VU began before this load.
    if (Number.isNaN(beganMs)) return
    if (Number.isNaN(this.#failingSinceMs[vu]!)) {
      this.#failingSinceMs[vu] = beganMs
      this.#counted[vu] = 1
    }
    if (!(this.#cycleMs > 0)) return
    const sinceMs = this.#failingSinceMs[vu]!
    const missing = Math.floor((untilMs - sinceMs) / this.#cycleMs) - this.#counted[vu]!
    for (let nth = missing; nth > 0; nth--) this.#onWithheld(untilMs - nth * this.#cycleMs)
    if (missing > 0) this.#counted[vu]! += missing
  }
}
