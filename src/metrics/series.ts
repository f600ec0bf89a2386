import type { Labels, SeriesName } from './series-name.ts'

const FIRST_CAPACITY = 4

/**
 * One series through all scrapes. Only changes are kept, in typed arrays: most series of most targets stand still, and
 * half an hour of scrapes must not fill the generator's heap with objects. Scrapes are numbered from 0.
 */
export class Series implements SeriesName {
  readonly name: string
  readonly labels: Labels
  #scrapes = new Uint32Array(FIRST_CAPACITY)
  #values = new Float64Array(FIRST_CAPACITY)
  #length = 0
  #last = Number.NaN
  /** What the scrape that is being read says, and which one that is. */
  #offered = Number.NaN
  #offeredIn = 0

  constructor({ name, labels }: SeriesName) {
    this.name = name
    this.labels = labels
  }

  /**
   * Takes a value of the scrape that is being read. It counts once that scrape is settled.
   *
   * @param attempt tells scrapes apart, those that fail included
   * @returns whether that scrape had no other value for it before
   */
  offer(attempt: number, value: number): boolean {
    if (this.#offeredIn === attempt) return Object.is(value, this.#offered)
    this.#offeredIn = attempt
    this.#offered = value
    return true
  }

  /** The scrape was read: a series that it does not have any more is gone, and not at its last value. */
  settle(attempt: number, scrape: number): void {
    this.add(scrape, this.#offeredIn === attempt ? this.#offered : Number.NaN)
  }

  /** Notes its value in a scrape; NaN if it has none. Scrapes come in ascending order. */
  add(scrape: number, value: number): void {
    if (Object.is(value, this.#last)) return
    if (this.#length === this.#scrapes.length) this.#grow()
    this.#scrapes[this.#length] = scrape
    this.#values[this.#length] = value
    this.#length++
    this.#last = value
  }

  /** Its value in a scrape; NaN if it had none. */
  at(scrape: number): number {
    const index = this.#changeAt(scrape)
    return index === -1 ? Number.NaN : this.#values[index]!
  }

  /** Its values up to a scrape, with the scrape of each; those that stood still once. NaN while it was gone. */
  *changes(last: number): Generator<{ readonly scrape: number; readonly value: number }> {
    for (let index = 0; index < this.#length && this.#scrapes[index]! <= last; index++)
      yield { scrape: this.#scrapes[index]!, value: this.#values[index]! }
  }

  /**
   * Growth from one scrape to another, both of which there were. A value below the one before means that its process
   * started again: what it holds then counts as growth, as in Prometheus' `increase()`. A series that appears for the
   * first time grows from 0, and so does one that was missing in the first scrape and comes back with less than it had; one
   * that comes back with as much or more grows from that.
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

  /** Its last value up to a change; NaN if it had none. */
  #lastBefore(change: number): number {
    for (let index = change; index >= 0; index--) if (!Number.isNaN(this.#values[index]!)) return this.#values[index]!
    return Number.NaN
  }

  /** Index of the change in force at a scrape; -1 if there is none yet. */
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
