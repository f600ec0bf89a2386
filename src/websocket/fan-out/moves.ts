import { wrongReturn } from '../../execution/checked-function.ts'
import { clearInterval, setInterval } from '../../machine/clock.ts'
import { expectsResponse, type Message, type Outgoing } from '../message.ts'
import { nowUs } from '../sockets/clock.ts'
import type { DeliveryTracker } from './delivery-tracker.ts'
import type { Join } from './failed-joins.ts'
import { namesOf, type PlannedMove } from './read-moves.ts'

const SWEEP_MS = 20

/** Result of `isSubscribed` or `isDone`: whether, or for which groups, a message acknowledges. */
export type Acknowledgement = boolean | string | readonly string[]

/** Validates the result of `isSubscribed` or `isDone`. @throws {ScenarioError} if it is invalid */
export function acknowledgement(returned: unknown, hasGroups: boolean): Acknowledgement {
  if (typeof returned === 'boolean') return returned
  if (returned === undefined || returned === null) return false
  const names = namesOf(returned)
  const valid = 'true, false, the name of a group or a list of names'
  if (names === undefined) throw wrongReturn('isSubscribed', returned, valid, 'message')
  if (!hasGroups) throw wrongReturn('isSubscribed', returned, 'true or false, as the run has no groups')
  return names
}

export interface MovesOptions {
  /** Moves in order of time. */
  readonly planned: readonly PlannedMove[]
  readonly ledger: DeliveryTracker
  /** `isSubscribed` of the run, for moves that join and have no `isDone`. */
  readonly acknowledged: ((message: Message, client: number) => Acknowledgement) | undefined
  readonly joinDelayMs: number
  readonly subscribeTimeoutMs: number
  /** Additional time before a client has joined, in a feed: earlier publications may still be in flight to other clients. */
  readonly lingerMs: number
  readonly isSubscribed: (client: number) => boolean
  /** Whether the client is or was subscribed; one that never was cannot move. */
  readonly wasSubscribed: (client: number) => boolean
  readonly send: (client: number, message: Outgoing) => void
  readonly onMove: (move: PlannedMove) => void
  /** Describes a message to a client, shortened and without secrets. */
  readonly describe: (client: number, message: Message) => string
  /** Removes secrets of a client from a text of the target. */
  readonly mask: (client: number, text: string) => string
}

/** A move that is not done: groups that a client is joining and leaving. */
interface Pending {
  readonly joining: Set<string>
  readonly leaving: Set<string>
  readonly acknowledged: ((message: Message) => Acknowledgement) | undefined
  readonly fromUs: number
  /** Instant at which the move ends without an acknowledgement; infinite for a client without a connection. */
  readonly endsUs: number
  /** Messages to which the protocol has not responded yet. */
  readonly open: Set<Outgoing>
  /** Description of the first message that is no publication. */
  response: string | undefined
  /** Reason for which the target rejected one of the messages. */
  rejection: string | undefined
}

/** Span in which a client was joining or leaving a group without an acknowledgement, on the clock of `nowUs()`. */
export interface OpenSpan {
  readonly group: string
  readonly fromUs: number
  readonly untilUs: number
}

/** Clients that join and leave groups during the run. */
export class Moves {
  readonly #options: MovesOptions
  readonly #pending = new Map<number, Pending[]>()
  /** Clients that have joined and are not members yet, see `lingerMs`. */
  #lingering: { readonly client: number; readonly group: string; readonly untilUs: number }[] = []
  #next = 0
  #made = 0
  #unacknowledged = 0
  readonly #openSpans: OpenSpan[] = []
  readonly #joins: Join[] = []
  #rejected = 0
  #rejectedSample: string | undefined
  #startUs = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: MovesOptions) {
    this.#options = options
  }

  /** Moves made so far. */
  get made(): number {
    return this.#made
  }

  /** Moves that were not acknowledged in time, and then presumed done. */
  get unacknowledged(): number {
    return this.#unacknowledged
  }

  /** Spans of these moves, in which deliveries of the group to the client were not judged. */
  get openSpans(): readonly OpenSpan[] {
    return this.#openSpans
  }

  /** Joins so far, in order of their instants. */
  get joins(): readonly Join[] {
    return this.#joins
  }

  /** Moves that the target rejected, and the first of them; `undefined` if there were none. */
  get rejected(): { readonly count: number; readonly sample: string } | undefined {
    return this.#rejectedSample === undefined ? undefined : { count: this.#rejected, sample: this.#rejectedSample }
  }

  /** Whether a move of a connected client is not done. */
  get isAnyPending(): boolean {
    for (const all of this.#pending.values()) if (all.some(({ endsUs }) => Number.isFinite(endsUs))) return true
    return false
  }

  /** Whether messages to a client may acknowledge a move. */
  isMoving(client: number): boolean {
    return this.#pending.size > 0 && this.#pending.has(client)
  }

  start(startUs: number): void {
    if (this.#options.planned.length === 0) return
    this.#startUs = startUs
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Called at the end of the run: counts moves that are not done as unacknowledged, also of clients that did not reconnect. */
  close(): void {
    const atUs = nowUs()
    for (const [client, all] of this.#pending)
      for (const pending of all)
        if (pending.acknowledged !== undefined || !Number.isFinite(pending.endsUs))
          this.#neverAcknowledged(client, pending, atUs)
    this.#pending.clear()
  }

  /** @returns whether the message acknowledges a move. @throws errors of the scenario's function */
  heard(client: number, message: Message): boolean {
    let isAcknowledgement = false
    for (const pending of this.#pending.get(client)!) {
      if (this.#isRejection(client, pending, message)) {
        isAcknowledgement = true
        continue
      }
      const response = acknowledgement(pending.acknowledged?.(message), true)
      if (response === false) continue
      pending.response ??= this.#options.describe(client, message)
      const isNamed = (group: string) => response === true || response.includes(group)
      const [left, joined] = [[...pending.leaving].filter(isNamed), [...pending.joining].filter(isNamed)]
      isAcknowledgement ||= left.length + joined.length > 0
      for (const group of left) this.#left(client, group, pending, true)
      for (const group of joined) this.#joined(client, group, pending)
    }
    this.#forgetDone(client)
    return isAcknowledgement
  }

  /** Called with a message to a moving client that acknowledges nothing and has no publication. */
  heardOther(client: number, message: Message): void {
    const all = this.#pending.get(client) ?? []
    for (const pending of all) pending.response ??= this.#options.describe(client, message)
  }

  /**
   * Whether the message rejects one that the client sent. The client has then joined as far as it can: the deliveries are
   * due, and missing unless they arrive all the same.
   */
  #isRejection(client: number, pending: Pending, { responseTo, failure }: Message): boolean {
    if (responseTo === undefined || !pending.open.delete(responseTo) || failure === undefined) return false
    if (pending.rejection === undefined) {
      pending.rejection = this.#options.mask(client, failure)
      this.#rejected++
      const [joined, left] = [[...pending.joining], [...pending.leaving]].map((names) =>
        names.map((name) => JSON.stringify(name)).join(', '),
      )
      this.#rejectedSample ??= `client ${client} ${joined === '' ? `leaves ${left}` : `joins ${joined}`}: ${pending.rejection}`
    }
    // Other messages of the move may still be acknowledged.
    if (pending.open.size === 0) this.#finish(client, pending)
    return true
  }

  /** Called when the client is subscribed again, to the groups that it is in or joins. */
  resubscribed(client: number): void {
    for (const pending of this.#pending.get(client) ?? []) this.#finish(client, pending)
    this.#pending.delete(client)
  }

  #sweep(): void {
    const atUs = nowUs()
    const { planned } = this.#options
    for (; this.#next < planned.length; this.#next++) {
      const move = planned[this.#next]!
      if (this.#startUs + move.atMs * 1000 > atUs) break
      this.#make(move, atUs)
    }
    for (const [client, all] of this.#pending) {
      for (const pending of all) {
        if (pending.endsUs > atUs) continue
        if (pending.acknowledged !== undefined) this.#neverAcknowledged(client, pending, atUs)
        this.#finish(client, pending)
      }
      this.#forgetDone(client)
    }
    while (this.#lingering.length > 0 && this.#lingering[0]!.untilUs <= atUs) {
      const { client, group } = this.#lingering.shift()!
      this.#options.ledger.join(client, this.#options.ledger.group(group), atUs)
    }
  }

  #make(move: PlannedMove, atUs: number): void {
    const { client, join, leave, send, acknowledged } = move
    const { ledger, joinDelayMs, subscribeTimeoutMs, isSubscribed, wasSubscribed, onMove } = this.#options
    if (!wasSubscribed(client)) return
    this.#made++
    onMove(move)
    // A move that changes nothing, such as out of a group that the client is not in, leaves its deliveries judged.
    for (const name of join) if (!ledger.group(name).has(client)) ledger.beginMove(client, ledger.group(name), atUs)
    for (const name of leave) if (ledger.group(name).has(client)) ledger.beginMove(client, ledger.group(name), atUs)
    const isNamed = (group: string) => join.includes(group) || leave.includes(group)
    this.#lingering = this.#lingering.filter((joined) => joined.client !== client || !isNamed(joined.group))
    const isConnected = isSubscribed(client)
    const byDefault = this.#options.acknowledged
    const heard =
      acknowledged ??
      (join.length === 0 || byDefault === undefined ? undefined : (message: Message) => byDefault(message, client))
    const waitMs = heard === undefined ? joinDelayMs : subscribeTimeoutMs
    // A client without a connection moves with the subscription of its next one.
    const endsUs = isConnected ? atUs + waitMs * 1000 : Number.POSITIVE_INFINITY
    const pending: Pending = {
      ...{ joining: new Set(join), leaving: new Set(leave), acknowledged: heard, fromUs: atUs, endsUs },
      ...{ open: new Set(send.filter(expectsResponse)), response: undefined, rejection: undefined },
    }
    const all = this.#pending.get(client)
    if (all === undefined) this.#pending.set(client, [pending])
    else all.push(pending)
    if (isConnected) for (const message of send) this.#options.send(client, message)
  }

  #neverAcknowledged(client: number, { joining, leaving, fromUs }: Pending, untilUs: number): void {
    this.#unacknowledged++
    for (const group of [...joining, ...leaving])
      if (this.#options.ledger.group(group).isMoving(client)) this.#openSpans.push({ group, fromUs, untilUs })
  }

  #finish(client: number, pending: Pending): void {
    for (const group of pending.leaving) this.#left(client, group, pending, false)
    for (const group of pending.joining) this.#joined(client, group, pending)
  }

  #left(client: number, group: string, pending: Pending, isAcknowledged: boolean): void {
    pending.leaving.delete(group)
    if (this.#isLatest(client, group, pending))
      this.#options.ledger.leave(client, this.#options.ledger.group(group), isAcknowledged)
  }

  #joined(client: number, group: string, pending: Pending): void {
    const { ledger, lingerMs } = this.#options
    pending.joining.delete(group)
    if (!this.#isLatest(client, group, pending)) return
    const fromUs = nowUs() + lingerMs * 1000
    const { response, rejection } = pending
    this.#joins.push({ client, group, fromUs, response, rejection })
    if (lingerMs > 0) this.#lingering.push({ client, group, untilUs: fromUs })
    else ledger.join(client, ledger.group(group), fromUs)
  }

  /**
   * Whether no later move of the client names the group: the target processes moves in the order in which they were sent,
   * so that the last one decides. Earlier moves, which are then done too, do not name it any more.
   */
  #isLatest(client: number, group: string, pending: Pending): boolean {
    const all = this.#pending.get(client)!
    const at = all.indexOf(pending)
    for (const { joining, leaving } of all.slice(0, at)) {
      joining.delete(group)
      leaving.delete(group)
    }
    return !all.slice(at + 1).some(({ joining, leaving }) => joining.has(group) || leaving.has(group))
  }

  #forgetDone(client: number): void {
    const all = this.#pending.get(client)
    if (all === undefined) return
    const rest = all.filter(({ joining, leaving }) => joining.size + leaving.size > 0)
    if (rest.length === 0) this.#pending.delete(client)
    else if (rest.length < all.length) this.#pending.set(client, rest)
  }
}
