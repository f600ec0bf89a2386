import type { RunWindow } from '../run/window.ts'

export interface Reading<T> {
  /** `performance.now()` when it was taken. */
  readonly atMs: number
  readonly value: T
}

/** Reads something each second until it is stopped. A reading that fails is noted, not fatal: the load goes on. */
export class Sampler<T> {
  readonly readings: Reading<T>[] = []
  readonly failures: string[] = []
  readonly #read: () => Promise<T>
  readonly #timer: NodeJS.Timeout
  #busy: Promise<void> | undefined

  constructor(read: () => Promise<T>, intervalMs: number) {
    this.#read = read
    this.#timer = setInterval(() => void this.sample(), intervalMs)
    this.#timer.unref()
  }

  /** Takes a reading now, or waits for the one under way. */
  sample(): Promise<void> {
    this.#busy ??= this.#read()
      .then((value) => void this.readings.push({ atMs: performance.now(), value }))
      .catch((error: Error) => void this.failures.push(error.message))
      .finally(() => (this.#busy = undefined))
    return this.#busy
  }

  /** Readings within the window's spans, the first one after each span included so that short spans have one. */
  during({ spans }: RunWindow): readonly Reading<T>[] {
    return spans.flatMap(({ startMs, endMs }) => {
      const first = this.readings.findIndex(({ atMs }) => atMs >= startMs)
      if (first === -1) return []
      const after = this.readings.findIndex(({ atMs }) => atMs > endMs)
      return this.readings.slice(first, after === -1 ? undefined : Math.max(after, first + 1))
    })
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#busy
  }
}
