/**
 * How long a connection may have been idle and still be used without further questions: shorter than any keep-alive
 * time-out that servers have.
 */
const UNQUESTIONED_MS = 100

/** A target that closes its connections after each response without announcing it has done so by then. */
export const SETTLE_MS = 5

/** By so much another connection must have outlived this one's idle time. */
const PROOF_MARGIN_MS = 5

/** Closes that far apart in time, after the same idle time, are no coincidence: not the one end of a target that was stopped. */
const APART_MS = 250

/** A connection that no VU uses any more, left open to see when the target closes it. */
export interface Probe {
  /** When its last response ended, of `performance.now()`. */
  readonly usedMs: number
  close(): void
}

/**
 * After how much idle time connections to one endpoint are replaced rather than used again. A request that meets the
 * target's own close of an idle connection is lost, and nobody can tell whether it was done: it must not be sent again.
 * So the race is never run: what the target announces (`Keep-Alive: timeout=5`) is kept to, and without an announcement a
 * connection is used after an idle time only if another one has survived that idle time. The first to have been idle
 * for longer than any other is left open as a probe, and its VU opens a new one.
 *
 * ```
 *   response     replaced: unproven       closed by the target
 *   probe  ●─────────────┊──────────────────────────╳  limit
 *   VU 1     ●───────────● used again: proven       ┊
 *   VU 2        ●───────────────────────────────────● replaced: the limit less a margin is over
 * ```
 *
 * A close only counts as a limit if no connection has been idle for twice as long: a target that restarts closes all
 * connections, however long they were idle. A limit that a connection outlives twice over is forgotten.
 */
export class KeepAlive {
  /** A connection idle for less is used again; the only thing that is looked at for most requests. */
  unquestionedMs = 0
  /** The target sent something on a connection that no request had been written to. */
  speaksFirst = false
  #isSettled = false
  #isDistrusted = false
  #provenMs = 0
  #limitMs = Number.POSITIVE_INFINITY
  #limitSeenMs = 0
  #isConfirmed = false
  #announcedMs: number | undefined
  #probe: Probe | undefined

  /** The idle time after which the target was seen, more than once, to close connections, or else what it announces. */
  get limitMs(): number | undefined {
    return this.#isConfirmed ? this.#limitMs : this.#announcedMs
  }

  /** How long to leave a connection alone after its response; 0 once connections were seen to outlive theirs. */
  get settleMs(): number {
    return this.#isSettled && !this.#isDistrusted ? 0 : SETTLE_MS
  }

  /** The target announces how long it keeps connections. */
  announced(ms: number): void {
    if (ms === this.#announcedMs) return
    this.#announcedMs = Math.min(ms, this.#announcedMs ?? ms)
    this.#settle()
  }

  /** The target sent more than a response: from now on, what else comes is waited for after each one. */
  distrust(): void {
    this.#isDistrusted = true
    this.#setUnquestioned()
  }

  /**
   * Whether a connection has been idle for so long that the target may be closing it.
   *
   * @param idleMs since its last response
   * @param announcedMs what its last response announced
   */
  isPastLimit(idleMs: number, announcedMs: number): boolean {
    return idleMs >= beforeLimit(Math.min(this.#limitMs, announcedMs))
  }

  /** Whether another connection has survived that idle time, or the target announces that all do. */
  isProven(idleMs: number, announcedMs: number, nowMs: number): boolean {
    if (announcedMs < Number.POSITIVE_INFINITY || idleMs < UNQUESTIONED_MS) return true
    if (this.#probe !== undefined) this.survived(nowMs - this.#probe.usedMs)
    return idleMs + PROOF_MARGIN_MS <= this.#provenMs
  }

  /** A connection is still open after so much idle time. */
  survived(idleMs: number): void {
    if (idleMs <= this.#provenMs) return
    this.#provenMs = idleMs
    if (this.#limitMs < idleMs / 2) {
      this.#limitMs = Number.POSITIVE_INFINITY
      this.#isConfirmed = false
      this.#setUnquestioned()
    }
    if (!this.#isSettled && idleMs >= SETTLE_MS) this.#settle()
  }

  /** Whether a connection that is replaced is of use as a probe. */
  get wantsProbe(): boolean {
    return this.#probe === undefined && !this.#isConfirmed
  }

  watch(probe: Probe): void {
    this.#probe = probe
  }

  /** The target closed the probe. */
  probeClosed(nowMs: number): void {
    const idleMs = nowMs - this.#probe!.usedMs
    this.#probe = undefined
    this.closed(idleMs, nowMs)
  }

  /** The target closed a connection that had been idle for so long since its last response. */
  closed(idleMs: number, nowMs: number): void {
    if (idleMs < this.#provenMs / 2) return
    const isKnown = this.#limitMs < Number.POSITIVE_INFINITY
    const isSame = isKnown && Math.abs(idleMs - this.#limitMs) <= SETTLE_MS + this.#limitMs / 10
    if (isSame && nowMs - this.#limitSeenMs > APART_MS) this.#isConfirmed = true
    if (idleMs < this.#limitMs) {
      this.#limitMs = idleMs
      if (!isSame) {
        this.#limitSeenMs = nowMs
        this.#isConfirmed = false
      }
    }
    this.#settle()
  }

  close(): void {
    this.#probe?.close()
    this.#probe = undefined
  }

  #settle(): void {
    this.#isSettled = true
    this.#setUnquestioned()
  }

  #setUnquestioned(): void {
    this.unquestionedMs = this.settleMs > 0 ? 0 : Math.min(UNQUESTIONED_MS, beforeLimit(this.#limitMs))
  }
}

/** Far enough before the target's own close that a request arrives before it. */
function beforeLimit(limitMs: number): number {
  return limitMs - Math.min(1000, Math.max(20, limitMs / 20))
}
