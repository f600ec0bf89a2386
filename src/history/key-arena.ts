/**
 * Memory that is kept to the end of the run. With ordinary buffers, V8 would scan the whole heap for every new megabyte,
 * which lowers the rate of the load; it does not count shared buffers.
 */
export function uncollected(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes)
}

const PAGE_SIZE = 1 << 20
const MAX_KEY_BYTES = 4096
/** Offset and length of a key are packed into one safe integer. */
const LENGTH_RANGE = MAX_KEY_BYTES + 1

/** The bytes of all keys, one after another, in pages of 1 MiB. */
export class KeyArena {
  readonly #pages: Buffer[]
  #used = PAGE_SIZE

  /** @param pages pages of another arena, to read their keys */
  constructor(pages: readonly Uint8Array[] = []) {
    this.#pages = pages.map((page) => Buffer.from(page.buffer, page.byteOffset, page.byteLength))
  }

  /** The used part of each page. */
  get pages(): readonly Uint8Array[] {
    return this.#pages.map((page, at) => (at === this.#pages.length - 1 ? page.subarray(0, this.#used) : page))
  }

  get byteLength(): number {
    return this.#pages.length * PAGE_SIZE
  }

  add(key: string): number {
    // UTF-8 needs at most three bytes per UTF-16 unit.
    const fits = key.length * 3 <= MAX_KEY_BYTES
    if (key === '' || (!fits && Buffer.byteLength(key) > MAX_KEY_BYTES)) {
      throw new RangeError(`a key must have 1 to ${MAX_KEY_BYTES} bytes, received ${Buffer.byteLength(key)}`)
    }
    if (this.#used > PAGE_SIZE - MAX_KEY_BYTES) {
      this.#pages.push(Buffer.from(uncollected(PAGE_SIZE)))
      this.#used = 0
    }
    const page = this.#pages.length - 1
    const start = this.#used
    const length = this.#pages[page]!.write(key, start, 'utf8')
    this.#used += length
    return (page * PAGE_SIZE + start) * LENGTH_RANGE + length
  }

  read(location: number): string {
    const length = location % LENGTH_RANGE
    const offset = (location - length) / LENGTH_RANGE
    const start = offset % PAGE_SIZE
    return this.#pages[(offset - start) / PAGE_SIZE]!.toString('utf8', start, start + length)
  }
}
