import { now } from '../machine/clock.ts'
import { WakeupTimer } from './wakeup-timer.ts'

/** A scheduled function. @param dueMs the instant at which it was due, not the one at which it is called */
export type DueTask = (dueMs: number) => void

interface Entry {
  readonly dueMs: number
  readonly task: DueTask
}

/** Time after which due tasks yield to sockets: responses must be read even if more is due than can be sent. */
const LONGEST_TURN_MS = 2

/**
 * The end of each wait is spent polling the clock, because a sleeping thread wakes up late. Polling takes at most this
 * ratio of the wait, and so of one core.
 */
const LONGEST_POLL_MS = 0.2
const POLL_RATIO = 0.05

/** Calls tasks at their instants (`performance.now()`), mostly to a few hundredths of a millisecond. */
export class Pacer {
  readonly #heap: Entry[] = []
  readonly #wakeupTimer = new WakeupTimer(() => this.#wake())
  #waitsForMs = Number.POSITIVE_INFINITY
  #isRunning = false

  start(): Promise<void> {
    return this.#wakeupTimer.start()
  }

  at(dueMs: number, task: DueTask): void {
    push(this.#heap, { dueMs, task })
    if (!this.#isRunning && dueMs < this.#waitsForMs) this.#wait()
  }

  /** Discards all scheduled tasks. */
  close(): Promise<void> {
    this.#heap.length = 0
    return this.#wakeupTimer.close()
  }

  #wake(): void {
    const untilMs = Math.min(this.#waitsForMs, now() + LONGEST_POLL_MS)
    while (now() < untilMs);
    this.#run()
  }

  #run(): void {
    this.#isRunning = true
    const yieldAtMs = now() + LONGEST_TURN_MS
    try {
      for (let nowMs = 0; nowMs < yieldAtMs && this.#heap.length > 0;) {
        nowMs = now()
        if (this.#heap[0]!.dueMs > nowMs) break
        const { dueMs, task } = pop(this.#heap)
        task(dueMs)
      }
    } finally {
      this.#isRunning = false
      this.#wait()
    }
  }

  #wait(): void {
    const next = this.#heap[0]
    this.#waitsForMs = next?.dueMs ?? Number.POSITIVE_INFINITY
    if (next === undefined) return
    const waitMs = Math.max(0, next.dueMs - now())
    this.#wakeupTimer.wakeAt(next.dueMs - Math.min(LONGEST_POLL_MS, waitMs * POLL_RATIO))
  }
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (heap[parent]!.dueMs <= entry.dueMs) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = entry
}

function pop(heap: Entry[]): Entry {
  const first = heap[0]!
  const last = heap.pop()!
  const { length } = heap
  if (length === 0) return first
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= length) break
    if (child + 1 < length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child++
    if (heap[child]!.dueMs >= last.dueMs) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
  return first
}
