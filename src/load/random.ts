import { hash } from 'node:crypto'

/**
 * Seeded random numbers: the same seed gives the same run. Each VU draws from its own {@link fork}, so that its behaviour
 * depends only on the seed and its id, not on the order in which responses arrive.
 *
 * The generator is Chris Doty-Humphrey's sfc32 (PractRand, http://pracrand.sourceforge.net) with 128 bits of state,
 * initialized with the SHA-256 of the seed. Not for secrets.
 */
export class Random {
  readonly #key: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed `1` and `'1'` are the same seed */
  constructor(seed: number | string) {
    this.#key = hash('sha256', String(seed))
    const word = (at: number) => Number.parseInt(this.#key.slice(at * 8, at * 8 + 8), 16) | 0
    this.#a = word(0)
    this.#b = word(1)
    this.#c = word(2)
  }

  #bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A number in [0, 1), with 53 random bits. */
  next(): number {
    return ((this.#bits() >>> 5) * 2 ** 26 + (this.#bits() >>> 6)) / 2 ** 53
  }

  /** An integer from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  /** A random item. @throws {RangeError} for an empty array */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('random.pick() received an empty array\nFix: pass at least one item')
    return items[Math.floor(this.next() * items.length)]!
  }

  /** An exponentially distributed number, by inversion. */
  exponential(mean: number): number {
    return -mean * Math.log1p(-this.next())
  }

  /** An independent generator that depends on this one's seed and the label, not on the numbers drawn so far. */
  fork(label: number | string): Random {
    return new Random(`${this.#key}/${label}`)
  }
}
