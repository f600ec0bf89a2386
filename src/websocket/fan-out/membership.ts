import { wrongReturn } from '../../execution/checked-function.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { isOwn, type Share } from '../../load/share.ts'
import type { Vu } from '../../load/vu.ts'
import type { Message, Outgoing } from '../message.ts'
import { nowUs } from '../sockets/clock.ts'
import type { DeliveryTracker } from './delivery-tracker.ts'
import type { FanOutPlan, Move } from './fan-out-options.ts'
import { GroupNames } from './group-names.ts'
import { acknowledgement, Moves, type Acknowledgement } from './moves.ts'
import { namesOf, readMove, type PlannedMove } from './read-moves.ts'

const NO_GROUPS: readonly string[] = []

/** Dependencies of {@link Membership}. */
export interface MembershipParts<D> {
  readonly plan: Pick<
    FanOutPlan<D>,
    | 'group'
    | 'moves'
    | 'isSubscribed'
    | 'joinDelayMs'
    | 'subscribeTimeoutMs'
    | 'publish'
    | 'lateThresholdMs'
    | 'warmupMs'
    | 'durationMs'
  >
  /** VUs of all generators, in order of their ids: each generator has to know the groups of the whole run. */
  readonly vus: readonly Vu<D>[]
  /** Clients that this generator has. */
  readonly share: Share
  readonly ledger: DeliveryTracker
  readonly isSubscribed: (client: number) => boolean
  readonly wasSubscribed: (client: number) => boolean
  readonly send: (client: number, message: Outgoing) => void
  readonly describe: (client: number, message: Message) => string
  readonly mask: (client: number, text: string) => string
}

/** Groups of each client of the share, from the client's point of view. */
export class Membership<D> {
  readonly #names: GroupNames
  readonly hasGroups: boolean
  readonly moves: Moves
  /** Moves that are due after the end of the scaled run; they are not made. */
  readonly movesAfterEnd: number
  readonly #ledger: DeliveryTracker
  /** Groups by client; clients with the same groups share one list. */
  readonly #groups: (readonly string[])[]
  /** Groups whose subscription is not acknowledged yet, by client, if the target acknowledges each group separately. */
  readonly #awaited = new Map<number, Set<string>>()

  /** @throws errors of `group` and `moves`, and {@link ScenarioError} if they return an invalid value */
  constructor(parts: MembershipParts<D>) {
    const { plan, vus, share, ledger } = parts
    const { group, moves, isSubscribed } = plan
    this.#ledger = ledger
    this.hasGroups = group !== undefined || moves !== undefined
    const known = new Map<string, readonly string[]>()
    this.#groups =
      group === undefined
        ? []
        : vus.map((vu) => {
            const names = checkedNames(group(vu), vu.id)
            const key = JSON.stringify(names)
            if (!known.has(key)) known.set(key, names)
            return known.get(key)!
          })
    const plannedMs = plan.warmupMs + plan.durationMs
    const planned = vus.flatMap((vu) => movesOf(moves, vu).map((move) => readMove(vu.id, move, plannedMs)))
    this.#names = new GroupNames([...known.values()].flat().concat(planned.flatMap(({ join }) => join)))
    for (const { client, leave } of planned)
      this.#names.check(
        leave,
        `the moves function returned an invalid move for VU ${client}: it leaves`,
        'leave a group that the function group returns, or that another move joins',
      )
    for (const name of this.names) ledger.group(name)
    const own = planned.filter(({ client }) => isOwn(share, client))
    const inTime = own.filter(({ atMs }) => atMs < plannedMs)
    this.movesAfterEnd = own.length - inTime.length
    // A closure over all VUs would keep those of other generators.
    const movingVus = new Map<number, Vu<D>>()
    for (const { client } of inTime) movingVus.set(client, vus[client]!)
    this.moves = new Moves({
      planned: inTime.toSorted((a, b) => a.atMs - b.atMs),
      ledger,
      acknowledged:
        isSubscribed &&
        ((message: Message, client: number) => this.#checked(isSubscribed(message, movingVus.get(client)!))),
      joinDelayMs: plan.joinDelayMs,
      subscribeTimeoutMs: plan.subscribeTimeoutMs,
      lingerMs: plan.publish === undefined ? plan.lateThresholdMs : 0,
      isSubscribed: parts.isSubscribed,
      wasSubscribed: parts.wasSubscribed,
      send: parts.send,
      describe: parts.describe,
      mask: parts.mask,
      onMove: (move) => this.#moved(move),
    })
  }

  /** Names of the run's groups, in the order in which they first occur; empty without groups. */
  get names(): readonly string[] {
    return this.#names.all
  }

  /** Returns the groups that a client is in or joins. */
  of(client: number): readonly string[] {
    return this.#groups[client] ?? NO_GROUPS
  }

  /** Called when a new connection of the client is open. */
  opened(client: number): void {
    this.#awaited.delete(client)
  }

  /**
   * @returns whether the client is now subscribed to all of its groups
   * @throws {ScenarioError} if the value is not an acknowledgement
   */
  acknowledges(returned: Acknowledgement | undefined, client: number): boolean | undefined {
    if (returned === undefined || returned === null) return undefined
    const response = this.#checked(returned)
    if (typeof response === 'boolean') return response
    const names = namesOf(response)!
    const awaited = this.#awaited.get(client) ?? new Set(this.of(client))
    this.#awaited.set(client, awaited)
    for (const name of names) awaited.delete(name)
    if (names.length === 0 || awaited.size > 0) return false
    this.#awaited.delete(client)
    return true
  }

  /** Called when the client is subscribed for the first time. */
  subscribed(client: number): void {
    if (!this.hasGroups) this.#ledger.join(client, this.#ledger.group(undefined))
    const atUs = nowUs()
    for (const name of this.of(client)) this.#ledger.join(client, this.#ledger.group(name), atUs)
  }

  /** Validates the result of `isSubscribed`. @throws {ScenarioError} if it is invalid */
  #checked(returned: Acknowledgement): Acknowledgement {
    const response = acknowledgement(returned, this.hasGroups)
    if (typeof response !== 'boolean')
      this.#names.check(
        namesOf(response)!,
        'isSubscribed: the function returned',
        'return the groups that the message acknowledges, by their names in the option group; false for a message that acknowledges none of them',
      )
    return response
  }

  #moved({ client, join, leave }: PlannedMove): void {
    this.#groups[client] = [...new Set([...this.of(client).filter((name) => !leave.includes(name)), ...join])]
  }
}

function movesOf<D>(moves: FanOutPlan<D>['moves'], vu: Vu<D>): readonly Move[] {
  if (moves === undefined) return []
  const planned: unknown = moves(vu)
  if (Array.isArray(planned)) return planned as readonly Move[]
  throw wrongReturn('moves', planned, 'a list of moves, empty for a VU that does not move', 'VU')
}

function checkedNames(value: unknown, client: number): readonly string[] {
  const names = value === undefined ? undefined : namesOf(value)
  if (names !== undefined) return names
  throw new ScenarioError(
    `the group function returned a value of type ${typeof value} for VU ${client}; it must return the name of a group or a list of names, none of them empty\n` +
      'Fix: write, for example, group: (vu) => [`room ${vu.id % 10}`]',
  )
}
