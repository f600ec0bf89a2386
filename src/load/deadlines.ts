import { clearTimeout, now, setTimeout } from '../machine/clock.ts'

/** Something that must be over by a deadline. */
export interface Timed {
  deadlineMs: number
  earlier: Timed | undefined
  later: Timed | undefined
  /** The deadline passed; it is no longer watched. */
  expire(): void
}

/**
 * Deadlines that all lie the same time after their start, so that they come in the order in which they were set: one
 * timer watches the first. Setting and clearing cost a few pointers, whatever the number.
 */
export class Deadlines {
  readonly #timeoutMs: number
  #first: Timed | undefined
  #last: Timed | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** @param nowMs of `performance.now()` */
  set(timed: Timed, nowMs: number): void {
    timed.deadlineMs = nowMs + this.#timeoutMs
    timed.earlier = this.#last
    timed.later = undefined
    if (this.#last === undefined) this.#first = timed
    else this.#last.later = timed
    this.#last = timed
    if (this.#timer === undefined) this.#watch(this.#timeoutMs)
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

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #watch(delayMs: number): void {
    this.#timer = setTimeout(() => this.#expireDue(), Math.max(1, Math.ceil(delayMs)))
  }

  #expireDue(): void {
    this.#timer = undefined
    const nowMs = now()
    while (this.#first !== undefined && this.#first.deadlineMs <= nowMs) {
      const timed = this.#first
      this.clear(timed)
      timed.expire()
    }
    if (this.#first !== undefined && this.#timer === undefined) this.#watch(this.#first.deadlineMs - nowMs)
  }
}
