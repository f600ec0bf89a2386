import { clearInterval, now, setInterval } from '../machine/clock.ts'
import type { Failure, Reading, Samples } from './samples.ts'

/**
 * Takes a reading at an interval until it is stopped, one at a time. A failed reading is recorded and does not stop the
 * load. `read` must have a time limit.
 */
export class Sampler<T> implements Samples<T> {
  readonly readings: Reading<T>[] = []
  readonly failures: Failure[] = []
  readonly #read: () => Promise<T>
  readonly #timer: NodeJS.Timeout
  #busy: Promise<void> | undefined

  constructor(read: () => Promise<T>, intervalMs: number) {
    this.#read = read
    this.#timer = setInterval(() => void this.sample(), intervalMs)
    this.#timer.unref()
  }

  sample(): Promise<void> {
    this.#busy ??= this.#read()
      .then((value) => void this.readings.push({ atMs: now(), value }))
      .catch((error: Error) => void this.failures.push({ atMs: now(), message: error.message }))
      .finally(() => (this.#busy = undefined))
    return this.#busy
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#busy
  }
}
