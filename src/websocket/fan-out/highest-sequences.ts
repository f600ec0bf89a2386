/** Groups with an array of one number for each client. For further groups, clients store only those in which they received messages. */
const GROUPS_AS_ARRAYS = 4

/** The highest sequence that each client received on its connection, by group, as order is defined only within one. */
export class HighestSequences {
  readonly #clients: number
  readonly #arrays: Float64Array[] = []
  readonly #maps: (Map<number, number> | undefined)[] = []

  constructor(clients: number) {
    this.#clients = clients
  }

  /** Returns the highest sequence, or `-Infinity` if the client received nothing. */
  of(client: number, group: number): number {
    if (group < GROUPS_AS_ARRAYS) return this.#arrays[group]?.[client] ?? Number.NEGATIVE_INFINITY
    return this.#maps[client]?.get(group) ?? Number.NEGATIVE_INFINITY
  }

  set(client: number, group: number, sequence: number): void {
    if (group < GROUPS_AS_ARRAYS) this.#arrayOf(group)[client] = sequence
    else (this.#maps[client] ??= new Map()).set(group, sequence)
  }

  /** Resets a client with a new connection, as its sequences may start again. */
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
