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

/** How long a request waits for the close of an idle connection that may be due. */
export const ASK_MS = 20

/** After that much time another request may wait. */
const ASK_EVERY_MS = 1_000

/** So many requests that waited in vain for a close seen once refute it. */
const OUTLIVED = 3

/**
 * After how much idle time connections to one endpoint are replaced rather than used again. A request that meets the
 * target's own close of an idle connection is lost, and it is not known whether it was done: it must not be sent again.
 * So the race is never run: what the target announces (`Keep-Alive: timeout=5`) is kept to, and without an announcement a
 * connection is used after an idle time only if another one has survived that idle time. If none has, one request waits
 * a moment on its own connection, which proves the idle time or shows the limit; others that are due meanwhile replace
 * theirs. At no time is there more than one connection for each VU, and at most one request in a second waits.
 *
 * ```
 *   response     due: unproven
 *   VU 1  ●────────────┊─waits─┊ still open: used, and proven until here
 *   VU 2    ●────────────┊ due meanwhile: replaced
 *   VU 3        ●────────────┊ used: VU 1's was open for longer
 *
 *   VU 1  ●──────────────────┊─waits─╳ closed by the target: the limit
 *   VU 2    ●───────────────┊ replaced: the limit less a margin is over
 *   VU 3              ●──────────────┊─waits─╳ closed again: the limit is confirmed, and no request waits any more
 * ```
 *
 * A close only counts as a limit if no connection has been idle for twice as long: a target that restarts closes all
 * connections, however long they were idle. A limit is forgotten if a connection clearly outlives it twice over, or if,
 * seen only once, three requests wait in vain for it.
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
  #outlived = 0
  #announcedMs: number | undefined
  #nextAskMs = 0

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
   * Whether a connection has been idle for so long that the target may be closing it, and is to be replaced.
   *
   * @param idleMs since its last response
   * @param announcedMs what its last response announced
   */
  isPastLimit(idleMs: number, announcedMs: number, nowMs: number): boolean {
    if (idleMs >= beforeLimit(announcedMs)) return true
    if (idleMs < beforeLimit(this.#limitMs) || isFarPast(this.#limitMs, idleMs)) return false
    return this.#isConfirmed || !this.mayAsk(idleMs, nowMs)
  }

  /** Whether another connection has survived that idle time, or the target announces that all do. */
  isProven(idleMs: number, announcedMs: number): boolean {
    if (idleMs >= beforeLimit(this.#limitMs)) return false
    const isTaken = announcedMs < Number.POSITIVE_INFINITY || idleMs < UNQUESTIONED_MS
    return isTaken || idleMs + PROOF_MARGIN_MS <= this.#provenMs
  }

  /** Whether a request that is due may wait for `ASK_MS`, and would learn something. */
  mayAsk(idleMs: number, nowMs: number): boolean {
    if (nowMs < this.#nextAskMs) return false
    if (idleMs < beforeLimit(this.#limitMs)) return true
    return nowMs - this.#limitSeenMs > APART_MS && idleMs + ASK_MS >= this.#limitMs + SETTLE_MS
  }

  /** A request waits on its connection from now on. */
  asks(nowMs: number): void {
    this.#nextAskMs = nowMs + ASK_EVERY_MS
  }

  /** The connection on which a request waited is still open after so much idle time. */
  outlived(idleMs: number): void {
    this.survived(idleMs)
    if (this.#isConfirmed || idleMs < this.#limitMs + SETTLE_MS) return
    if (++this.#outlived === OUTLIVED) this.#forget()
  }

  /** A connection is still open after so much idle time. */
  survived(idleMs: number): void {
    if (idleMs > this.#provenMs) this.#provenMs = idleMs
    if (isFarPast(this.#limitMs, idleMs)) this.#forget()
    if (!this.#isSettled && idleMs >= SETTLE_MS) this.#settle()
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
        this.#outlived = 0
      }
    }
    this.#settle()
  }

  #forget(): void {
    this.#limitMs = Number.POSITIVE_INFINITY
    this.#isConfirmed = false
    this.#outlived = 0
    this.#setUnquestioned()
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

/** No target that closes idle connections at that limit would have left one open for so long. */
function isFarPast(limitMs: number, idleMs: number): boolean {
  return idleMs > 2 * limitMs + APART_MS
}
