/** Distinct frames that are remembered: publications in flight at the same time, each the same bytes for all clients. */
const REMEMBERED = 4

interface Known<T> {
  readonly data: Buffer
  readonly value: T
}

/**
 * Decoder that decodes a frame once for all connections that receive the same bytes. A fan-out sends them to thousands of
 * clients, and comparing costs a tenth of parsing.
 */
export class FrameMemo<T> {
  readonly #decode: (data: Buffer) => T
  readonly #known: Known<T>[] = []
  #oldest = 0

  constructor(decode: (data: Buffer) => T) {
    this.#decode = decode
  }

  /** @throws errors of the given `decode` */
  decode(data: Buffer): T {
    for (const known of this.#known) if (known.data.equals(data)) return known.value
    const value = this.#decode(data)
    this.#known[this.#oldest] = { data, value }
    this.#oldest = (this.#oldest + 1) % REMEMBERED
    return value
  }
}
