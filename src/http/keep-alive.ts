/** Idle time up to which a connection is reused without a check: shorter than the keep-alive time-out of any server. */
const UNQUESTIONED_MS = 100

/** Time after a response by which a target that closes every connection without announcing it has closed this one. */
export const SETTLE_MS = 5

/** Margin by which another connection must have outlived this one's idle time. */
const PROOF_MARGIN_MS = 5

/** Interval between two closes after the same idle time that confirms a limit: a stopping target closes all together. */
const APART_MS = 250

/** How long a request waits to see whether the target closes its idle connection. */
export const ASK_MS = 20

/** Interval after which another request may wait. */
const ASK_EVERY_MS = 1_000

/** Number of waits without a close that refute a limit seen only once. */
const OUTLIVED = 3

/**
 * Decides after how much idle time connections to one endpoint are replaced instead of reused. If the target closes an
 * idle connection while a request is on its way, the request is lost; whether it was executed is unknown, so it must not
 * be sent again. This race is avoided: an announced limit (`Keep-Alive: timeout=5`) is respected, and without one a
 * connection is reused after an idle time only if another connection has survived that idle time. If none has, one
 * request waits briefly on its connection, which proves the idle time or shows the limit; other requests due meanwhile
 * replace their connections. There is never more than one connection for each VU, and at most one request per second waits.
 *
 * ```
 *   response     due: unproven
 *   VU 1  ●────────────┊─waits─┊ still open: reused, and proven up to here
 *   VU 2    ●────────────┊ due meanwhile: replaced
 *   VU 3        ●────────────┊ reused: VU 1's was idle for longer
 *
 *   VU 1  ●──────────────────┊─waits─╳ closed by the target: the limit
 *   VU 2    ●───────────────┊ replaced: past the limit minus a margin
 *   VU 3              ●──────────────┊─waits─╳ closed again: the limit is confirmed, and no more requests wait
 * ```
 *
 * A close only counts as a limit if no connection has been idle for more than twice as long: a target that restarts closes
 * all connections, however long they were idle. A limit is discarded if a connection stays idle for more than twice as
 * long, or if it was seen only once and three requests waited for it without a close.
 */
export class KeepAlive {
  /** Idle time below which a connection is reused; most requests need only this check. */
  unquestionedMs = 0
  /** Whether the target sent bytes on a connection before any request was written to it. */
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

  /** Idle time after which the target has closed connections more than once, else the limit that it announces. */
  get limitMs(): number | undefined {
    return this.#isConfirmed ? this.#limitMs : this.#announcedMs
  }

  /** Pause on a connection after a response; 0 once connections were seen to stay open after theirs. */
  get settleMs(): number {
    return this.#isSettled && !this.#isDistrusted ? 0 : SETTLE_MS
  }

  /** Records how long the target announces to keep connections. */
  announced(ms: number): void {
    if (ms === this.#announcedMs) return
    this.#announcedMs = Math.min(ms, this.#announcedMs ?? ms)
    this.#settle()
  }

  /** Records that the target sent more than a response: from now on, a pause for surplus bytes follows each response. */
  distrust(): void {
    this.#isDistrusted = true
    this.#setUnquestioned()
  }

  /**
   * Whether a connection must be replaced because it has been idle for so long that the target may be closing it.
   *
   * @param idleMs time since its last response
   * @param announcedMs limit that its last response announced
   */
  isPastLimit(idleMs: number, announcedMs: number, nowMs: number): boolean {
    if (idleMs >= beforeLimit(announcedMs)) return true
    if (idleMs < beforeLimit(this.#limitMs) || isFarPast(this.#limitMs, idleMs)) return false
    return this.#isConfirmed || !this.mayAsk(idleMs, nowMs)
  }

  /** Whether another connection has survived that idle time, or the target announces a longer limit. */
  isProven(idleMs: number, announcedMs: number): boolean {
    if (idleMs >= beforeLimit(this.#limitMs)) return false
    const isAssumed = announcedMs < Number.POSITIVE_INFINITY || idleMs < UNQUESTIONED_MS
    return isAssumed || idleMs + PROOF_MARGIN_MS <= this.#provenMs
  }

  /** Whether a due request may wait for `ASK_MS`, and the wait would prove an idle time or show a limit. */
  mayAsk(idleMs: number, nowMs: number): boolean {
    if (nowMs < this.#nextAskMs) return false
    if (idleMs < beforeLimit(this.#limitMs)) return true
    return nowMs - this.#limitSeenMs > APART_MS && idleMs + ASK_MS >= this.#limitMs + SETTLE_MS
  }

  /** Records that a request begins to wait on its connection. */
  asks(nowMs: number): void {
    this.#nextAskMs = nowMs + ASK_EVERY_MS
  }

  /** Records that the connection on which a request waited is still open after this idle time. */
  outlived(idleMs: number): void {
    this.survived(idleMs)
    if (this.#isConfirmed || idleMs < this.#limitMs + SETTLE_MS) return
    if (++this.#outlived === OUTLIVED) this.#forget()
  }

  /** Records that a connection is still open after this idle time. */
  survived(idleMs: number): void {
    if (idleMs > this.#provenMs) this.#provenMs = idleMs
    if (isFarPast(this.#limitMs, idleMs)) this.#forget()
    if (!this.#isSettled && idleMs >= SETTLE_MS) this.#settle()
  }

  /** Records that the target closed a connection that had been idle for this long since its last response. */
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

/** Latest idle time at which a request still arrives before the target closes the connection. */
function beforeLimit(limitMs: number): number {
  return limitMs - Math.min(1000, Math.max(20, limitMs / 20))
}

/** Whether a connection was idle for so long that the target cannot have this limit. */
function isFarPast(limitMs: number, idleMs: number): boolean {
  return idleMs > 2 * limitMs + APART_MS
}
