/** Number of iterations over which the time of one is averaged: enough for a steady mean, few enough to follow a ramp. */
const AVERAGED = 1_000

/** What the pace of a closed model depends on. */
interface VuService {
  readonly isBusy: boolean
  /** Consecutive failed connection attempts; 0 as soon as one succeeds, also between two iterations. */
  readonly failedAttempts: number
  /** Whether a response of the latest iteration was good. */
  readonly hadGoodResponse: boolean
}

/**
 * Iterations that the VUs of a closed model would have begun if the target had served them. A VU whose connection attempts
 * fail slowly, that pauses so that a target that is down is not flooded, or that waits for a time-out in every iteration
 * begins fewer iterations than a VU that works: without these, the users that a target does not serve would hardly count.
 *
 * ```
 * works            ●────●────●────●────●────●────●
 * cannot connect   ✗─────────✗──────────────✗          begun
 *                       ○         ○    ○               withheld, and counted as dropped
 * ```
 *
 * Of a VU that could not connect, the time from the first failed attempt to the end of the last one counts: after that, the
 * target may have accepted connections. Of a VU without any good response, all its time counts; a slow response or time-out
 * of a VU that also got good responses does not. If no VU works, the time of an iteration is unknown, and nothing is added:
 * all that was due is an error.
 */
export class WithheldIterations {
  readonly #onWithheld: (dueMs: number) => void
  /** Mean time between the beginnings of two iterations of a VU of which the first got a good response; NaN before. */
  #cycleMs = Number.NaN
  #cycles = 0
  /** When the current or latest iteration of a VU began, by id. */
  readonly #beganMs: Float64Array
  /** 1 if a response of the VU's latest iteration was good, by id. */
  readonly #hadGood: Uint8Array
  /** When a VU began the first iteration that could not connect, by id; NaN if it can connect. */
  readonly #failingSinceMs: Float64Array
  /** Iterations begun or withheld since then. */
  readonly #counted: Float64Array
  /** When a VU began the first iteration of its part in the load, by id; NaN before, and once it got a good response. */
  readonly #unservedSinceMs: Float64Array
  /** Iterations begun or withheld since then. */
  readonly #unserved: Float64Array
  /** When a VU left that was busy, by id; NaN for the others. */
  readonly #leftMs: Float64Array
  /** 1 if the VU's part in the load has begun, by id. */
  readonly #hasBegun: Uint8Array

  /** @param onWithheld called for each one, with the instant at which it was due */
  constructor(vus: number, onWithheld: (dueMs: number) => void) {
    const instants = () => new Float64Array(vus).fill(Number.NaN)
    this.#onWithheld = onWithheld
    this.#beganMs = instants()
    this.#hadGood = new Uint8Array(vus)
    this.#failingSinceMs = instants()
    this.#counted = new Float64Array(vus)
    this.#unservedSinceMs = instants()
    this.#unserved = new Float64Array(vus)
    this.#leftMs = instants()
    this.#hasBegun = new Uint8Array(vus)
  }

  /** Called when a VU begins an iteration. */
  began(vu: number, atMs: number, { failedAttempts }: VuService): void {
    const beforeMs = this.#beganMs[vu]!
    this.#beganMs[vu] = atMs
    if (this.#hasBegun[vu] === 0) {
      this.#hasBegun[vu] = 1
      this.#unservedSinceMs[vu] = atMs
      this.#unserved[vu] = 0
    }
    this.#unserved[vu]!++
    if (!Number.isNaN(this.#failingSinceMs[vu]!)) {
      // The pause since the failed attempt is not the pace of a VU that can connect.
      if (failedAttempts === 0) this.#failingSinceMs[vu] = Number.NaN
      else this.#counted[vu]!++
    } else if (!Number.isNaN(beforeMs) && this.#hadGood[vu] === 1) this.#average(atMs - beforeMs)
  }

  /** Called when an iteration has ended, also after its VU has left. */
  ended(vu: number, endMs: number, { failedAttempts, hadGoodResponse }: VuService): void {
    this.#hadGood[vu] = hadGoodResponse ? 1 : 0
    if (hadGoodResponse) this.#unservedSinceMs[vu] = Number.NaN
    const leftMs = this.#leftMs[vu]!
    if (!Number.isNaN(leftMs)) this.#endPart(vu, leftMs)
    else if (failedAttempts === 0) this.#failingSinceMs[vu] = Number.NaN
    else this.#countUnconnected(vu, endMs)
  }

  /** Called at the end of a VU's part in the load. */
  left(vu: number, atMs: number, { isBusy, failedAttempts }: VuService): void {
    if (failedAttempts > 0) this.#countUnconnected(vu, atMs)
    this.#beganMs[vu] = Number.NaN
    this.#failingSinceMs[vu] = Number.NaN
    // The response in flight may be the first good one.
    if (isBusy) this.#leftMs[vu] = atMs
    else this.#endPart(vu, atMs)
  }

  #endPart(vu: number, atMs: number): void {
    const sinceMs = this.#unservedSinceMs[vu]!
    if (!Number.isNaN(sinceMs)) this.#count(sinceMs, this.#unserved[vu]!, atMs)
    this.#leftMs[vu] = Number.NaN
    this.#hasBegun[vu] = 0
  }

  #average(cycleMs: number): void {
    if (this.#cycles < AVERAGED) this.#cycles++
    if (this.#cycles === 1) this.#cycleMs = cycleMs
    else this.#cycleMs += (cycleMs - this.#cycleMs) / this.#cycles
  }

  #countUnconnected(vu: number, untilMs: number): void {
    const beganMs = this.#beganMs[vu]!
    // The VU began before this load.
    if (Number.isNaN(beganMs)) return
    if (Number.isNaN(this.#failingSinceMs[vu]!)) {
      this.#failingSinceMs[vu] = beganMs
      this.#counted[vu] = 1
    }
    const missing = this.#count(this.#failingSinceMs[vu]!, this.#counted[vu]!, untilMs)
    this.#counted[vu]! += missing
    this.#unserved[vu]! += missing
  }

  /** @returns the number of iterations withheld in a time in which a number of them began */
  #count(sinceMs: number, begun: number, untilMs: number): number {
    if (!(this.#cycleMs > 0)) return 0
    const missing = Math.max(0, Math.floor((untilMs - sinceMs) / this.#cycleMs) - begun)
    for (let nth = missing; nth > 0; nth--) this.#onWithheld(untilMs - nth * this.#cycleMs)
    return missing
  }
}
