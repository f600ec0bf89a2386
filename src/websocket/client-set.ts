/** A set of client numbers, one bit each: 1.25 KB for 10,000 clients. */
export class ClientSet {
  readonly #words: Uint32Array
  #size = 0

  /** @param capacity client numbers go from 0 to `capacity - 1` */
  constructor(capacity: number) {
    this.#words = new Uint32Array((capacity + 31) >>> 5)
  }

  get size(): number {
    return this.#size
  }

  has(client: number): boolean {
    return (this.#words[client >>> 5]! & (1 << (client & 31))) !== 0
  }

  /** @returns false where it was in already */
  add(client: number): boolean {
    if (this.has(client)) return false
    this.#words[client >>> 5]! |= 1 << (client & 31)
    this.#size++
    return true
  }

  clone(): ClientSet {
    const copy = new ClientSet(this.#words.length * 32)
    copy.#words.set(this.#words)
    copy.#size = this.#size
    return copy
  }

  /** The clients in this set and not in `other`, ascending. */
  *without(other: ClientSet | undefined): Generator<number> {
    const theirs = other === undefined ? undefined : other.#words
    for (let at = 0; at < this.#words.length; at++) {
      let word = this.#words[at]! & ~(theirs?.[at] ?? 0)
      while (word !== 0) {
        const bit = 31 - Math.clz32(word & -word)
        yield at * 32 + bit
        word &= word - 1
      }
    }
  }

  [Symbol.iterator](): Generator<number> {
    return this.without(undefined)
  }
}
