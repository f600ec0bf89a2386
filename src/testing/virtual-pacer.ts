import { afterEach, beforeEach, vi } from 'vitest'
import type { DueTask, Pacer } from '../load/pacer.ts'

interface Due {
  readonly dueMs: number
  /** Number of earlier calls of `at`: of tasks due together, the first one scheduled is called first. */
  readonly order: number
  readonly task: DueTask
}

/** A pacer for tests. Its time, which `performance.now()` returns, advances only with {@link goTo} and {@link step}. */
export class VirtualPacer implements Pick<Pacer, 'start' | 'at' | 'close'>, Disposable {
  nowMs = 0
  /** Delay with which tasks are called. */
  lateMs = 0
  #order = 0
  /** A binary heap. */
  readonly #due: Due[] = []
  readonly #clock = vi.spyOn(performance, 'now').mockImplementation(() => this.nowMs)

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.#due.length = 0
  }

  at(dueMs: number, task: DueTask): void {
    const entry = { dueMs, order: this.#order++, task }
    let at = this.#due.length
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(entry, this.#due[parent]!); parent = (at - 1) >> 1) {
      this.#due[at] = this.#due[parent]!
      at = parent
    }
    this.#due[at] = entry
  }

  /** Calls all tasks due by `ms`, in order of time, and sets the time to `ms`. */
  goTo(ms: number): void {
    while (this.step(ms));
    this.nowMs = Math.max(this.nowMs, ms)
  }

  /** Calls the next task due by `ms` at its time. @returns whether there was one */
  step(ms: number): boolean {
    const first = this.#due[0]
    if (first === undefined || first.dueMs + this.lateMs > ms) return false
    this.#removeFirst()
    this.nowMs = Math.max(this.nowMs, first.dueMs + this.lateMs)
    first.task(first.dueMs)
    return true
  }

  [Symbol.dispose](): void {
    this.#clock.mockRestore()
  }

  #removeFirst(): void {
    const due = this.#due
    const last = due.pop()!
    if (due.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= due.length) break
      if (child + 1 < due.length && isBefore(due[child + 1]!, due[child]!)) child++
      if (isBefore(last, due[child]!)) break
      due[at] = due[child]!
      at = child
    }
    due[at] = last
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}

/** Creates a pacer for each test of a file. Its clock starts at `startMs`, so that times of the clock and of a run differ. */
export function eachTestOnVirtualTime(startMs: number, take: (pacer: VirtualPacer) => void): void {
  let pacer: VirtualPacer
  beforeEach(() => {
    pacer = new VirtualPacer()
    pacer.nowMs = startMs
    take(pacer)
  })
  afterEach(() => pacer[Symbol.dispose]())
}
