/** Of so many groups each client has a number in an array; beyond, only of those in which it received something. */
const GROUPS_AS_ARRAYS = 4

/** The highest sequence that each client received on its connection, by group: order is promised within one. */
export class HighestSequences {
  readonly #clients: number
  readonly #arrays: Float64Array[] = []
  readonly #maps: (Map<number, number> | undefined)[] = []

  constructor(clients: number) {
    this.#clients = clients
  }

  /** `-Infinity` if nothing was received. */
  of(client: number, group: number): number {
    if (group < GROUPS_AS_ARRAYS) return this.#arrays[group]?.[client] ?? Number.NEGATIVE_INFINITY
    return this.#maps[client]?.get(group) ?? Number.NEGATIVE_INFINITY
  }

  set(client: number, group: number, sequence: number): void {
    if (group < GROUPS_AS_ARRAYS) this.#arrayOf(group)[client] = sequence
    else (this.#maps[client] ??= new Map()).set(group, sequence)
  }

  /** Sequences of a new connection may start afresh. */
  forget(client: number): void {
    for (const array of this.#arrays) array[client] = Number.NEGATIVE_INFINITY
    this.#maps[client] = undefined
  }

  #arrayOf(group: number): Float64Array {
    while (this.#arrays.length <= group)
      this.#arrays.push(new Float64Array(this.#clients).fill(Number.NEGATIVE_INFINITY))
    return this.#arrays[group]!
  }
}
