import { clearTimeout, now, setTimeout } from '../machine/clock.ts'

/** Entry of the list of deadlines. */
export interface Timed {
  deadlineMs: number
  earlier: Timed | undefined
  later: Timed | undefined
  /** Called when the deadline has passed, after its removal. */
  expire(): void
}

/** Longest delay of a Node timer: a longer one fires immediately. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Deadlines with the same timeout, so that they expire in the order in which they were set, and one timer for the first one
 * is enough. Setting and clearing take constant time.
 */
export class Deadlines {
  readonly #timeoutMs: number
  #first: Timed | undefined
  #last: Timed | undefined
  #timer: NodeJS.Timeout | undefined
  #isExpiring = false

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /**
   * Sets a deadline, or replaces the one already set.
   *
   * @param nowMs current time (`performance.now()`); never less than in an earlier call
   */
  set(timed: Timed, nowMs: number): void {
    this.clear(timed)
    timed.deadlineMs = nowMs + this.#timeoutMs
    timed.earlier = this.#last
    timed.later = undefined
    if (this.#last === undefined) this.#first = timed
    else this.#last.later = timed
    this.#last = timed
    // While others expire, one that remains may be due before this one: the timer is set after all of them.
    if (this.#timer === undefined && !this.#isExpiring) this.#watch(this.#timeoutMs)
  }

  /**
   * Sets the deadline of something that began before others whose deadlines are set already.
   *
   * @param beganMs when it began (`performance.now()`); its own deadline of that time was cleared only just now
   */
  setSince(timed: Timed, beganMs: number): void {
    this.clear(timed)
    timed.deadlineMs = beganMs + this.#timeoutMs
    let earlier = this.#last
    while (earlier !== undefined && earlier.deadlineMs > timed.deadlineMs) earlier = earlier.earlier
    const later = earlier === undefined ? this.#first : earlier.later
    timed.earlier = earlier
    timed.later = later
    if (earlier === undefined) this.#first = timed
    else earlier.later = timed
    if (later === undefined) this.#last = timed
    else later.earlier = timed
    if (this.#timer === undefined && !this.#isExpiring) this.#watch(timed.deadlineMs - now())
  }

  clear(timed: Timed): void {
    if (timed.earlier === undefined) {
      if (this.#first !== timed) return
      this.#first = timed.later
    } else timed.earlier.later = timed.later
    if (timed.later === undefined) this.#last = timed.earlier
    else timed.later.earlier = timed.earlier
    timed.earlier = undefined
    timed.later = undefined
  }

  /** Clears all deadlines. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#first = undefined
    this.#last = undefined
  }

  #watch(delayMs: number): void {
    const timerMs = Math.min(LONGEST_TIMER_MS, Math.max(1, Math.ceil(delayMs)))
    this.#timer = setTimeout(() => this.#expireDue(), timerMs)
  }

  #expireDue(): void {
    this.#timer = undefined
    this.#isExpiring = true
    try {
      for (let first = this.#first; first !== undefined && first.deadlineMs <= now(); first = this.#first) {
        this.clear(first)
        first.expire()
      }
    } finally {
      this.#isExpiring = false
      if (this.#first !== undefined) this.#watch(this.#first.deadlineMs - now())
    }
  }
}
