/** Number of characters by which parts are searched for. */
export const MIN_PART_LENGTH = 6
const PLACES = 65_536
const BASE = 0x01000193
/** `BASE ** MIN_PART_LENGTH`, to remove the first character from a hash. */
const FIRST = Array.from({ length: MIN_PART_LENGTH }).reduce<number>((power) => Math.imul(power, BASE), 1)

/** Items by the characters after those that they share: secrets often begin alike, such as `sk_live_`. */
interface Branch<T> {
  /** Compared one by one: few, or all with parts that end here. */
  readonly items: readonly T[]
  readonly next: ReadonlyMap<number, Branch<T>>
}

/** Maximum number of items that are compared one by one. */
const FEW = 2

function branchOf<T extends { readonly part: string }>(items: readonly T[], length: number): Branch<T> {
  if (items.length <= FEW) return { items, next: new Map() }
  const byNext = Map.groupBy(items, ({ part }) => part.charCodeAt(length))
  // NaN: parts that end here.
  const ended = byNext.get(Number.NaN) ?? []
  byNext.delete(Number.NaN)
  return { items: ended, next: new Map([...byNext].map(([code, some]) => [code, branchOf(some, length + 1)])) }
}

/**
 * Finds every place of many strings in a text in one pass (Rabin–Karp): a search for each of them would read the text as
 * many times.
 */
export class PartSearch<T extends { readonly part: string }> {
  /** Items by the hash of the beginning of their part. */
  readonly #byHash: ReadonlyMap<number, Branch<T>>
  /** Whether there is an item whose hash has these lower bits: most indexes of a text need no look-up in the map. */
  readonly #has = new Uint8Array(PLACES)

  /** @param items each with a part of at least {@link MIN_PART_LENGTH} characters */
  constructor(items: readonly T[]) {
    const byHash = Map.groupBy(items, ({ part }) => hashOf(part))
    for (const hash of byHash.keys()) this.#has[placeOf(hash)] = 1
    // Beginnings with the same hash may differ.
    this.#byHash = new Map([...byHash].map(([hash, some]) => [hash, branchOf(some, 0)]))
  }

  /** Calls `visit` with every item whose part occurs, and with its index. Indexes do not decrease. */
  each(text: string, visit: (item: T, at: number) => void): void {
    const has = this.#has
    let hash = 0
    for (let at = 0; at < text.length; at++) {
      const removed = at < MIN_PART_LENGTH ? 0 : Math.imul(text.charCodeAt(at - MIN_PART_LENGTH), FIRST)
      hash = (Math.imul(hash, BASE) + text.charCodeAt(at) - removed) | 0
      if (has[placeOf(hash)] === 0) continue
      const start = at - MIN_PART_LENGTH + 1
      let branch = this.#byHash.get(hash)
      for (let next = start; branch !== undefined; branch = branch.next.get(text.charCodeAt(next++)))
        for (const item of branch.items) if (text.startsWith(item.part, start)) visit(item, start)
    }
  }
}

function hashOf(part: string): number {
  let hash = 0
  for (let at = 0; at < MIN_PART_LENGTH; at++) hash = (Math.imul(hash, BASE) + part.charCodeAt(at)) | 0
  return hash
}

function placeOf(hash: number): number {
  return (hash ^ (hash >>> 16)) & (PLACES - 1)
}
