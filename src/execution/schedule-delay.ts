import { Histogram } from '../stats/histogram.ts'

/** Schedule delays. The second with the largest total delay is kept separately. */
export class ScheduleDelay {
  readonly #others = new Histogram()
  #worst = new Histogram()
  #current = new Histogram()
  #second = 0

  /** @param atMs since the start of the measurement */
  record(ms: number, atMs: number): void {
    const second = Math.floor(atMs / 1000)
    if (second !== this.#second) this.#begin(second)
    this.#current.record(ms * 1000)
  }

  /** All delays. */
  get all(): Histogram {
    return Histogram.merged([this.#others, this.#worst, this.#current])
  }

  /** Delays of all seconds except the worst; empty if there was only one second. */
  get sustained(): Histogram {
    const [worst, other] = [this.#worst, this.#current].toSorted((a, b) => lateness(b) - lateness(a))
    return worst!.count === 0 ? this.#others : Histogram.merged([this.#others, other!])
  }

  #begin(second: number): void {
    if (lateness(this.#current) > lateness(this.#worst)) [this.#worst, this.#current] = [this.#current, this.#worst]
    this.#others.merge(this.#current)
    this.#current = new Histogram()
    this.#second = second
  }
}

function lateness(histogram: Histogram): number {
  return histogram.count === 0 ? 0 : histogram.meanUs * histogram.count
}
