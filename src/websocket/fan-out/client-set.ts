/** Up to this number, clients are stored as a list: the group of a private channel has one member. */
const FEW = 32

/** A set of client numbers: a short list, or one bit for each client (1.25 KB for 10,000 clients). */
export class ClientSet {
  readonly #capacity: number
  #few: number[] = []
  /** Replaces `#few` if there are more clients. */
  #words: Uint32Array | undefined
  #size = 0

  /** @param capacity client numbers go from 0 to `capacity - 1` */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#size
  }

  has(client: number): boolean {
    if (this.#words === undefined) return this.#few.includes(client)
    return (this.#words[client >>> 5]! & (1 << (client & 31))) !== 0
  }

  /** @returns false if it was a member already */
  add(client: number): boolean {
    if (this.has(client)) return false
    this.#size++
    if (this.#words === undefined && this.#size <= FEW) this.#few.push(client)
    else this.#wordsOf()[client >>> 5]! |= 1 << (client & 31)
    return true
  }

  /** @returns false if it was not a member */
  delete(client: number): boolean {
    if (!this.has(client)) return false
    this.#size--
    if (this.#words === undefined) this.#few.splice(this.#few.indexOf(client), 1)
    else this.#words[client >>> 5]! &= ~(1 << (client & 31))
    return true
  }

  clone(): ClientSet {
    const copy = new ClientSet(this.#capacity)
    copy.#few = [...this.#few]
    copy.#words = this.#words?.slice()
    copy.#size = this.#size
    return copy
  }

  /** Yields the clients that are in this set and not in `other`, ascending. */
  *without(other: ClientSet | undefined): Generator<number> {
    if (this.#words === undefined) {
      for (const client of this.#few.toSorted((a, b) => a - b)) if (!other?.has(client)) yield client
      return
    }
    const theirs = other === undefined ? undefined : other.#words
    for (let at = 0; at < this.#words.length; at++) {
      let word = this.#words[at]! & ~(theirs?.[at] ?? 0)
      while (word !== 0) {
        const client = at * 32 + 31 - Math.clz32(word & -word)
        if (theirs !== undefined || !other?.has(client)) yield client
        word &= word - 1
      }
    }
  }

  [Symbol.iterator](): Generator<number> {
    return this.without(undefined)
  }

  #wordsOf(): Uint32Array {
    if (this.#words === undefined) {
      this.#words = new Uint32Array((this.#capacity + 31) >>> 5)
      for (const client of this.#few) this.#words[client >>> 5]! |= 1 << (client & 31)
      this.#few = []
    }
    return this.#words
  }
}
