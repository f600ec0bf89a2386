import { clearTimeout, now, setTimeout } from '../machine/clock.ts'

/** Something that must be over by a deadline. */
export interface Timed {
  deadlineMs: number
  earlier: Timed | undefined
  later: Timed | undefined
  /** The deadline passed; it is no longer watched. */
  expire(): void
}

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Deadlines that all lie the same time after their start, so that they come in the order in which they were set: one
 * timer watches the first. Setting and clearing cost a few pointers, whatever the number.
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
   * Sets a deadline, or moves the one that was set.
   *
   * @param nowMs of `performance.now()`; never before that of an earlier call
   */
  set(timed: Timed, nowMs: number): void {
    this.clear(timed)
    timed.deadlineMs = nowMs + this.#timeoutMs
    timed.earlier = this.#last
    timed.later = undefined
    if (this.#last === undefined) this.#first = timed
    else this.#last.later = timed
    this.#last = timed
    // While others expire, the first of those left may be due long before this one: the timer is set when all are through.
    if (this.#timer === undefined && !this.#isExpiring) this.#watch(this.#timeoutMs)
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

  /** Nothing expires any more. */
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
