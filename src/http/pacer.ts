/** Called when its instant has come. @param dueMs the instant it was due, not the one at which it is called */
export type DueTask = (dueMs: number) => void

interface Entry {
  readonly dueMs: number
  readonly task: DueTask
}

/** Timers of Node fire up to this much later than asked for. */
const TIMER_LATENESS_MS = 1.5

/**
 * Calls tasks at their instants, to a fraction of a millisecond: a timer waits until shortly before, and the event loop
 * goes round without sleeping for the rest. Instants are milliseconds of `performance.now()`.
 */
export class Pacer {
  readonly #heap: Entry[] = []
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #waitsForMs = Number.POSITIVE_INFINITY
  #isRunning = false

  at(dueMs: number, task: DueTask): void {
    push(this.#heap, { dueMs, task })
    if (!this.#isRunning && dueMs < this.#waitsForMs) this.#wait()
  }

  /** Forgets everything that is due. */
  stop(): void {
    this.#heap.length = 0
    this.#cancel()
  }

  #run(): void {
    this.#cancel()
    this.#isRunning = true
    try {
      while (this.#heap.length > 0 && this.#heap[0]!.dueMs <= performance.now()) {
        const { dueMs, task } = pop(this.#heap)
        task(dueMs)
      }
    } finally {
      this.#isRunning = false
    }
    this.#wait()
  }

  #wait(): void {
    this.#cancel()
    const next = this.#heap[0]
    if (next === undefined) return
    this.#waitsForMs = next.dueMs
    const waitMs = next.dueMs - performance.now() - TIMER_LATENESS_MS
    if (waitMs >= 1) this.#timer = setTimeout(() => this.#run(), Math.floor(waitMs))
    else this.#immediate = setImmediate(() => this.#run())
  }

  #cancel(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#waitsForMs = Number.POSITIVE_INFINITY
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
