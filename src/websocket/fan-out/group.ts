import { ClientSet } from './client-set.ts'

/**
 * A group (a room, a channel, a topic) and its members at this moment.
 *
 *     out ── beginMove ──> moving ── join ──> member
 *      ^                   ^    │               │
 *      └────── leave ──────┼────┘               │
 *                          └──── beginMove ─────┘
 *
 * A client that is moving has sent that it joins or leaves, and the target may or may not have taken that in: nothing is
 * expected of its deliveries, and none is unexpected.
 */
export class Group {
  /** From 0, in the order in which groups were first named. */
  readonly index: number
  /** `undefined`: the run has no groups, and this one holds everybody. */
  readonly name: string | undefined
  readonly #capacity: number
  readonly #members: ClientSet
  readonly #moving: ClientSet
  /** Who is taken to have left, though nothing acknowledged it. */
  #presumedOut: ClientSet | undefined
  #snapshot: ClientSet | undefined
  #movingSnapshot: ClientSet | undefined

  constructor(index: number, name: string | undefined, capacity: number) {
    this.index = index
    this.name = name
    this.#capacity = capacity
    this.#members = new ClientSet(capacity)
    this.#moving = new ClientSet(capacity)
  }

  /** Whether the client is a member or on its way in or out. */
  mayReach(client: number): boolean {
    return this.#members.has(client) || this.#moving.has(client)
  }

  join(client: number): void {
    this.#endMove(client)
    if (this.#members.add(client)) this.#snapshot = undefined
  }

  leave(client: number, isAcknowledged: boolean): void {
    this.#endMove(client)
    if (this.#members.delete(client)) this.#snapshot = undefined
    if (isAcknowledged) this.#presumedOut?.delete(client)
    else (this.#presumedOut ??= new ClientSet(this.#capacity)).add(client)
  }

  /** Whether the client is taken to have left, and nothing acknowledged it. */
  isPresumedOut(client: number): boolean {
    return this.#presumedOut?.has(client) === true
  }

  /** @returns whether it was a member until now */
  beginMove(client: number): boolean {
    if (this.#moving.add(client)) this.#movingSnapshot = undefined
    if (!this.#members.delete(client)) return false
    this.#snapshot = undefined
    return true
  }

  /** The members at this moment; shared until somebody joins or leaves, and not to be changed. */
  members(): ClientSet {
    return (this.#snapshot ??= this.#members.clone())
  }

  /** Who is on the way in or out at this moment; `undefined` if nobody is. */
  moving(): ClientSet | undefined {
    if (this.#moving.size === 0) return undefined
    return (this.#movingSnapshot ??= this.#moving.clone())
  }

  #endMove(client: number): void {
    if (this.#moving.delete(client)) this.#movingSnapshot = undefined
  }
}
