import type { Labels, SeriesName } from './series-name.ts'

const FIRST_CAPACITY = 4

/**
 * Values of a series in all scrapes. Stores only changes, in typed arrays: most series rarely change, and half an hour of
 * scrapes must not fill the generator's heap. Scrapes are numbered from 0.
 */
export class Series implements SeriesName {
  readonly name: string
  readonly labels: Labels
  #scrapes = new Uint32Array(FIRST_CAPACITY)
  #values = new Float64Array(FIRST_CAPACITY)
  #length = 0
  #last = Number.NaN
  /** Value in the current scrape, and the attempt that read it. */
  #offered = Number.NaN
  #offeredIn = 0
  /** First and last scrape of each period in which the target exposed the value NaN, in turn. */
  readonly #undefined: number[] = []

  constructor({ name, labels }: SeriesName) {
    this.name = name
    this.labels = labels
  }

  /**
   * Sets the value in the current scrape. It counts once that scrape is settled.
   *
   * @param attempt number of the scrape, including failed ones
   * @returns `false` if that scrape already has a different value
   */
  offer(attempt: number, value: number): boolean {
    if (this.#offeredIn === attempt) return Object.is(value, this.#offered)
    this.#offeredIn = attempt
    this.#offered = value
    return true
  }

  /** Ends a scrape: a series that it does not contain has no value instead of its last one. */
  settle(attempt: number, scrape: number): void {
    const isExposed = this.#offeredIn === attempt
    if (isExposed && Number.isNaN(this.#offered)) {
      if (this.#undefined.at(-1) === scrape - 1) this.#undefined[this.#undefined.length - 1] = scrape
      else this.#undefined.push(scrape, scrape)
    }
    this.add(scrape, isExposed ? this.#offered : Number.NaN)
  }

  /** Whether the target exposed the value NaN in one of these scrapes: the series exists, but its value is unknown. */
  isUndefinedBetween(first: number, last: number): boolean {
    for (let at = 0; at < this.#undefined.length; at += 2)
      if (this.#undefined[at]! <= last && this.#undefined[at + 1]! >= first) return true
    return false
  }

  /** Whether the value is infinite in one of these scrapes. Its growth may still be 0: infinity never grows. */
  isInfiniteBetween(first: number, last: number): boolean {
    const isInfinite = (value: number) => Math.abs(value) === Number.POSITIVE_INFINITY
    if (isInfinite(this.at(first))) return true
    for (let index = this.#changeAt(first) + 1; index < this.#length && this.#scrapes[index]! <= last; index++)
      if (isInfinite(this.#values[index]!)) return true
    return false
  }

  /** Adds the value in a scrape; NaN if it is unknown or there is none. Scrapes are added in ascending order. */
  add(scrape: number, value: number): void {
    if (Object.is(value, this.#last)) return
    if (this.#length === this.#scrapes.length) this.#grow()
    this.#scrapes[this.#length] = scrape
    this.#values[this.#length] = value
    this.#length++
    this.#last = value
  }

  /** Value in a scrape; NaN if there is none. */
  at(scrape: number): number {
    const index = this.#changeAt(scrape)
    return index === -1 ? Number.NaN : this.#values[index]!
  }

  /** Changes up to a scrape, with the scrape of each. NaN while the series was missing. */
  *changes(last: number): Generator<{ readonly scrape: number; readonly value: number }> {
    for (let index = 0; index < this.#length && this.#scrapes[index]! <= last; index++)
      yield { scrape: this.#scrapes[index]!, value: this.#values[index]! }
  }

  /**
   * Growth between two existing scrapes. A value below the previous one means that the process restarted: the new value
   * counts as growth, as in Prometheus' `increase()`. A new series grows from 0. A series that was missing in the first
   * scrape grows from 0 if it comes back with less than before, else from the value with which it comes back.
   */
  growth(from: number, to: number): { readonly delta: number; readonly resets: number; readonly seen: boolean } {
    let [delta, resets] = [0, 0]
    const start = this.#changeAt(from)
    let previous = this.at(from)
    let seen = !Number.isNaN(previous)
    let before = seen ? Number.NaN : this.#lastBefore(start)
    for (let index = start + 1; index < this.#length && this.#scrapes[index]! <= to; index++) {
      const value = this.#values[index]!
      if (Number.isNaN(value)) continue
      const isReset = value < previous
      if (isReset) resets++
      if (!Number.isNaN(previous)) delta += isReset ? value : value - previous
      else if (!(value >= before)) delta += value
      before = Number.NaN
      previous = value
      seen = true
    }
    return { delta, resets, seen }
  }

  /** Last value up to a change; NaN if there is none. */
  #lastBefore(change: number): number {
    for (let index = change; index >= 0; index--) if (!Number.isNaN(this.#values[index]!)) return this.#values[index]!
    return Number.NaN
  }

  /** Index of the last change up to a scrape; -1 if there is none. */
  #changeAt(scrape: number): number {
    let [low, high] = [0, this.#length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#scrapes[middle]! <= scrape) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #grow(): void {
    const capacity = this.#scrapes.length * 2
    const [scrapes, values] = [new Uint32Array(capacity), new Float64Array(capacity)]
    scrapes.set(this.#scrapes)
    values.set(this.#values)
    this.#scrapes = scrapes
    this.#values = values
  }
}
