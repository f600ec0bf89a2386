import { ClientSet } from './client-set.ts'

/** Span in which a group had members, on the clock of `nowUs()`. */
export interface OccupiedSpan {
  readonly fromUs: number
  /** Infinite while it has members. */
  untilUs: number
}

/** Span in which a group had members and none of them was connected, on the same clock. */
export interface UnattendedSpan extends OccupiedSpan {
  /** Its members then. */
  readonly members: ClientSet
}

/**
 * A group (a room, a channel, a topic) and its current members.
 *
 *     out ── beginMove ──> moving ── join ──> member
 *      ^                   ^    │               │
 *      └────── leave ──────┼────┘               │
 *                          └──── beginMove ─────┘
 *
 * A moving client has sent that it joins or leaves, which the target may not have processed yet: its deliveries are neither
 * expected nor unexpected.
 */
export class Group {
  /** Index from 0, in the order in which groups were first named. */
  readonly index: number
  /** Name of the group; `undefined` in a run without groups, where this one has all clients. */
  readonly name: string | undefined
  readonly #capacity: number
  readonly #members: ClientSet
  readonly #moving: ClientSet
  /** Clients presumed to have left, as nothing acknowledged it. */
  #presumedOut: ClientSet | undefined
  #snapshot: ClientSet | undefined
  #movingSnapshot: ClientSet | undefined
  readonly #occupied: OccupiedSpan[] = []
  /** Members without a connection. */
  #away: ClientSet | undefined
  readonly #unattended: UnattendedSpan[] = []

  constructor(index: number, name: string | undefined, capacity: number) {
    this.index = index
    this.name = name
    this.#capacity = capacity
    this.#members = new ClientSet(capacity)
    this.#moving = new ClientSet(capacity)
  }

  /** Spans in which the group had members, in order of time. */
  get occupied(): readonly OccupiedSpan[] {
    return this.#occupied
  }

  /** Spans in which none of its members was connected, in order of time. */
  get unattended(): readonly UnattendedSpan[] {
    return this.#unattended
  }

  has(client: number): boolean {
    return this.#members.has(client)
  }

  isMoving(client: number): boolean {
    return this.#moving.has(client)
  }

  /** Whether the client is a member, joining or leaving. */
  mayReach(client: number): boolean {
    return this.#members.has(client) || this.#moving.has(client)
  }

  /** @param isAway whether the client has lost its connection and is not subscribed again yet */
  join(client: number, atUs: number, isAway = false): void {
    this.#endMove(client)
    if (!this.#members.add(client)) return
    this.#snapshot = undefined
    if (this.#members.size === 1) this.#occupied.push({ fromUs: atUs, untilUs: Number.POSITIVE_INFINITY })
    if (isAway) this.lost(client, atUs)
    else this.#attend(atUs)
  }

  /** Called when a client has lost its connection. It stays a member. */
  lost(client: number, atUs: number): void {
    if (!this.#members.has(client)) return
    this.#away ??= new ClientSet(this.#capacity)
    this.#away.add(client)
    this.#attend(atUs)
  }

  /** Called when the client is subscribed again. */
  back(client: number, atUs: number): void {
    if (this.#away?.delete(client) === true) this.#attend(atUs)
  }

  leave(client: number, isAcknowledged: boolean): void {
    const wasIn = this.mayReach(client)
    this.#endMove(client)
    if (this.#members.delete(client)) this.#snapshot = undefined
    this.#away?.delete(client)
    if (isAcknowledged) this.#presumedOut?.delete(client)
    else if (wasIn) (this.#presumedOut ??= new ClientSet(this.#capacity)).add(client)
  }

  /** Whether the client is presumed to have left, as nothing acknowledged it. */
  isPresumedOut(client: number): boolean {
    return this.#presumedOut?.has(client) === true
  }

  /** @returns whether the client was a member */
  beginMove(client: number, atUs: number): boolean {
    if (this.#moving.add(client)) this.#movingSnapshot = undefined
    if (!this.#members.delete(client)) return false
    this.#snapshot = undefined
    if (this.#members.size === 0) this.#occupied.at(-1)!.untilUs = atUs
    this.#away?.delete(client)
    this.#attend(atUs)
    return true
  }

  /** Returns the current members, as a set that is shared until a client joins or leaves; do not change it. */
  members(): ClientSet {
    return (this.#snapshot ??= this.#members.clone())
  }

  /** Returns clients that are joining or leaving; `undefined` if there are none. */
  moving(): ClientSet | undefined {
    if (this.#moving.size === 0) return undefined
    return (this.#movingSnapshot ??= this.#moving.clone())
  }

  /** Begins or ends a span without a connected member. */
  #attend(atUs: number): void {
    if (this.#away === undefined) return
    const isUnattended = this.#members.size > 0 && this.#away.size === this.#members.size
    const last = this.#unattended.at(-1)
    const isOpen = last?.untilUs === Number.POSITIVE_INFINITY
    if (isUnattended === isOpen) return
    if (isOpen) last.untilUs = atUs
    else this.#unattended.push({ fromUs: atUs, untilUs: Number.POSITIVE_INFINITY, members: this.members() })
  }

  #endMove(client: number): void {
    if (this.#moving.delete(client)) this.#movingSnapshot = undefined
  }
}
