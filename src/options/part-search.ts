/** Number of characters by which parts are searched for. */
const LENGTH = 6
const PLACES = 65_536
const BASE = 0x01000193
/** `BASE ** LENGTH`, to remove the first character from a hash. */
const FIRST = Array.from({ length: LENGTH }).reduce<number>((power) => Math.imul(power, BASE), 1)

/**
 * Finds which of many strings may occur in a text in one pass (Rabin–Karp): a search for each of them would read the text
 * as many times.
 */
export class PartSearch<T extends { readonly part: string }> {
  readonly #items: readonly T[]
  /** Indexes of items by the hash of the beginning of their part. */
  readonly #byHash = new Map<number, number[]>()
  /** Whether there is an item with the hash. */
  readonly #has = new Uint8Array(PLACES)
  /** Indexes of items with a part that is too short to search for. */
  readonly #short: number[] = []

  constructor(items: readonly T[]) {
    this.#items = items
    for (const [index, { part }] of items.entries()) {
      if (part.length < LENGTH) {
        this.#short.push(index)
        continue
      }
      let hash = 0
      for (let at = 0; at < LENGTH; at++) hash = (Math.imul(hash, BASE) + part.charCodeAt(at)) | 0
      const place = placeOf(hash)
      this.#has[place] = 1
      this.#byHash.set(place, [...(this.#byHash.get(place) ?? []), index])
    }
  }

  /** The items whose part may occur, in their order: all whose part occurs, and few others. */
  candidates(text: string): readonly T[] {
    const has = this.#has.slice()
    const found = [...this.#short]
    let hash = 0
    for (let at = 0; at < text.length; at++) {
      const removed = at < LENGTH ? 0 : Math.imul(text.charCodeAt(at - LENGTH), FIRST)
      hash = (Math.imul(hash, BASE) + text.charCodeAt(at) - removed) | 0
      const place = placeOf(hash)
      if (has[place] === 0) continue
      has[place] = 0
      found.push(...this.#byHash.get(place)!)
    }
    return found.toSorted((one, other) => one - other).map((index) => this.#items[index]!)
  }
}

function placeOf(hash: number): number {
  return (hash ^ (hash >>> 16)) & (PLACES - 1)
}
