import { afterEach, beforeEach, vi } from 'vitest'
import type { DueTask, Pacer } from '../load/pacer.ts'

/** A pacer for tests. Its time, which `performance.now()` returns, advances only with {@link goTo}. */
export class VirtualPacer implements Pick<Pacer, 'start' | 'at' | 'close'>, Disposable {
  nowMs = 0
  /** Delay with which tasks are called. */
  lateMs = 0
  readonly #due: { readonly dueMs: number; readonly task: DueTask }[] = []
  readonly #clock = vi.spyOn(performance, 'now').mockImplementation(() => this.nowMs)

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.#due.length = 0
  }

  at(dueMs: number, task: DueTask): void {
    this.#due.push({ dueMs, task })
  }

  /** Calls all tasks due by `ms`, in order of time, and sets the time to `ms`. */
  goTo(ms: number): void {
    for (let next = this.#takeUntil(ms); next !== undefined; next = this.#takeUntil(ms)) {
      this.nowMs = Math.max(this.nowMs, next.dueMs + this.lateMs)
      next.task(next.dueMs)
    }
    this.nowMs = Math.max(this.nowMs, ms)
  }

  [Symbol.dispose](): void {
    this.#clock.mockRestore()
  }

  #takeUntil(ms: number) {
    const first = this.#due.reduce((least, { dueMs }) => Math.min(least, dueMs), Number.POSITIVE_INFINITY)
    const at = this.#due.findIndex(({ dueMs }) => dueMs === first)
    return first + this.lateMs > ms ? undefined : this.#due.splice(at, 1)[0]
  }
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
