import type { DeliveryCounts } from '../../evidence/fan-out-counts.ts'
import type { ClientTable, FanOutWindow, RecoveryTimes } from '../../evidence/fan-out-record.ts'
import { Histogram } from '../../stats/histogram.ts'
import { ClientSet } from './client-set.ts'
import { Group } from './group.ts'
import { HighestSequences } from './highest-sequences.ts'
import { Outages, type Skipped } from './outages.ts'
import { Publication, type PublicationDue } from './publication.ts'

/** Age after which the histogram of a publication is released, as a run of hours with losses must not keep them all. */
const SEAL_AFTER_US = 60_000_000
const NO_GROUPS: readonly string[] = []

/**
 * Account of every delivery: which clients expect which publication, and what was received. Pure: instants are arguments.
 * Takes two bits for each delivery; publications between which no client joined or left share the bits of `expected`.
 *
 *     expected   = members of the group when the publication was due
 *     optional   = joining or leaving then, or members at the time of receipt
 *     unexpected = all other clients
 *
 * A client that lost its connection stays a member: deliveries that it misses meanwhile are missing.
 */
export class DeliveryTracker {
  readonly #clients: number
  readonly #lateAfterUs: number
  readonly #underWayUs: number
  /** Number of publications, from the first on, that have been at the target for too long to be in flight. */
  #arrived = 0
  /** Deliveries withdrawn although only another generator knows whether they were in flight. */
  readonly #undecidedMoves: { publication: Publication; client: number; limitUs: number; receivedUs: number }[] = []
  /** Deliveries out of order, of publications of which only other generators know when they were sent. */
  readonly #undecidedRaces = new Map<string, { earlier: Publication; later: number; count: number }>()
  readonly #groups = new Map<string | undefined, Group>()
  /** Lanes by the group that messages name, in a run without groups. */
  readonly #lanes = new Map<string, number>()
  readonly #byId = new Map<string, Publication>()
  readonly #publications: Publication[] = []
  readonly #windows: FanOutWindow[] = []
  readonly #highest: HighestSequences
  readonly #late: Uint32Array
  readonly #duplicate: Uint32Array
  readonly #outOfOrder: Uint32Array
  readonly #unexpected: Uint32Array
  readonly #maxUs: Float64Array
  readonly #outages: Outages
  #sealed = 0
  #owed = 0
  #expected = 0
  #received = 0
  #optionalCount = 0
  #unexpectedCount = 0
  #certainUnexpectedCount = 0
  #unknownCount = 0
  #mislabelledCount = 0
  #racing = 0
  #rises = 0
  #ties = 0
  #unexpectedSample: string | undefined

  /** @param options.underWayMs how long a delivery may be in flight when its client leaves or loses its connection */
  constructor(options: { clients: number; lateThresholdMs: number; underWayMs: number }) {
    const { clients } = options
    this.#clients = clients
    this.#lateAfterUs = options.lateThresholdMs * 1000
    this.#underWayUs = options.underWayMs * 1000
    this.#outages = new Outages(this.#underWayUs)
    this.#highest = new HighestSequences(clients)
    this.#late = new Uint32Array(clients)
    this.#duplicate = new Uint32Array(clients)
    this.#outOfOrder = new Uint32Array(clients)
    this.#unexpected = new Uint32Array(clients)
    this.#maxUs = new Float64Array(clients)
  }

  /** Expected deliveries not received yet, including the warm-up, as in `expected` and `received`. */
  get owed(): number {
    return this.#owed
  }

  /** Whether an expected delivery of a counted publication has not been received yet. */
  get owesCounted(): boolean {
    return this.#publications.some(({ isCounted, missing }) => isCounted && missing > 0)
  }

  get expected(): number {
    return this.#expected
  }

  get received(): number {
    return this.#received
  }

  get publications(): readonly Publication[] {
    return this.#publications
  }

  /** Clients that lost their connection and are not subscribed again yet. */
  get awayCount(): number {
    return this.#outages.awayCount
  }

  /** Receipts of ids that no publication has; they are unexpected. */
  get unknown(): number {
    return this.#unknownCount
  }

  /** Receipts whose sequence was above the highest one before, and equal to it. */
  get sequences(): { readonly rises: number; readonly ties: number } {
    return { rises: this.#rises, ties: this.#ties }
  }

  /**
   * Unexpected deliveries for which a slow generator cannot be the cause: their publications are known, and their clients
   * had not joined the group, or the target had acknowledged that they left.
   */
  get certainUnexpected(): number {
    return this.#certainUnexpectedCount
  }

  /** Receipts that name another group than that of their publication; they are unexpected. */
  get mislabelled(): number {
    return this.#mislabelledCount
  }

  /** Description of the first unexpected delivery. */
  get unexpectedSample(): string | undefined {
    return this.#unexpectedSample
  }

  /** Whether the run has a group of this name. */
  hasGroup(name: string): boolean {
    return this.#groups.has(name)
  }

  get groups(): readonly Group[] {
    return [...this.#groups.values()]
  }

  group(name: string | undefined): Group {
    let group = this.#groups.get(name)
    if (group === undefined) this.#groups.set(name, (group = new Group(this.#groups.size, name, this.#clients)))
    return group
  }

  /** Returns the lane of a message, in which order is compared: the group of its publication or, without groups, the one it names. */
  laneOf({ group }: Publication, named: string | undefined): number {
    if (named === undefined || group.name !== undefined) return group.index
    let lane = this.#lanes.get(named)
    if (lane === undefined) this.#lanes.set(named, (lane = this.#lanes.size + 1))
    return lane
  }

  /** Adds a client to the group: it expects every later publication. @param atUs instant, by default before the run */
  join(client: number, group: Group, atUs = Number.NEGATIVE_INFINITY): void {
    group.join(client, atUs, this.#outages.isAway(client))
  }

  /** Removes a client from the group: later publications are unexpected. */
  leave(client: number, group: Group, isAcknowledged: boolean): void {
    group.leave(client, isAcknowledged)
  }

  /** Called when a client has sent that it joins or leaves the group. Until that is done, its deliveries are not judged. */
  beginMove(client: number, group: Group, atUs: number): void {
    if (!group.beginMove(client, atUs)) return
    // Only deliveries that may be in flight are withdrawn. Those that should have arrived by now stay expected.
    const limitUs = atUs - this.#underWayUs
    while (this.#arrived < this.#publications.length && hasArrived(this.#publications[this.#arrived]!, limitUs))
      this.#arrived++
    for (let at = this.#publications.length - 1; at >= this.#arrived; at--) {
      const publication = this.#publications[at]!
      if (publication.atTargetUs < limitUs) continue
      if (publication.group === group && publication.expected.has(client) && !publication.received.has(client)) {
        this.#withdraw(publication, client)
        if (publication.isUnknown) this.#undecidedMoves.push({ publication, client, limitUs, receivedUs: Number.NaN })
      }
    }
  }

  /** Decides what depended on facts of other generators, which are now known or never will be. */
  decide(): void {
    for (const publication of this.#publications) publication.isUnknown = false
    for (const { publication, client, limitUs, receivedUs } of this.#undecidedMoves.splice(0)) {
      const wasPending = publication.isFailed && publication.failedUs > limitUs + this.#underWayUs
      if (publication.atTargetUs < limitUs && !wasPending) this.#reinstate(publication, client, receivedUs)
    }
    for (const { earlier, later, count } of this.#undecidedRaces.values())
      if (this.#areRacing(earlier, later)) this.#racing += count
    this.#undecidedRaces.clear()
  }

  /** Called when a client has lost its connection. @param groups names of the groups that it is in */
  lost(client: number, atUs: number, groups: readonly string[] = NO_GROUPS): void {
    this.#outages.lost(client, atUs)
    for (const group of this.#groupsNamed(groups)) group.lost(client, atUs)
  }

  /** Called when a client has a new connection: the order of messages starts again, as they may be replayed. */
  reopened(client: number): void {
    this.#highest.forget(client)
  }

  /** Called when a client is subscribed again. @param groups names of the groups that it is in */
  back(client: number, atUs: number, groups: readonly string[] = NO_GROUPS): void {
    this.#outages.back(client, atUs)
    for (const group of this.#groupsNamed(groups)) group.back(client, atUs)
  }

  /** Adds a publication that is due. The current members of its group expect it. */
  publish(due: PublicationDue): Publication {
    const publication = new Publication(due, this.group(due.group), new ClientSet(this.#clients))
    this.#byId.set(due.id, publication)
    this.#add(publication)
    return publication
  }

  /** Adds a publication that no client received, with the instant and the expected clients of another one. */
  addLost(id: string, sequence: number, beside: Publication): void {
    const { intendedUs, second, group } = beside
    const publication = new Publication(
      { id, sequence, intendedUs, second, group: group.name },
      group,
      new ClientSet(this.#clients),
    )
    publication.expected = beside.expected
    publication.isSkipped = true
    this.#add(publication)
  }

  /** Takes into account, for the recovery of clients, that a feed skipped numbers. */
  skipped(skipped: Skipped): void {
    this.#outages.skipped(skipped)
  }

  find(id: string): Publication | undefined {
    return this.#byId.get(id)
  }

  /**
   * Counts a receipt of a publication.
   *
   * @param sequence sequence in the message
   * @param isCertain whether it is certainly this publication, or one of the same group
   * @param lane lane in which order is compared
   */
  receive(
    client: number,
    publication: Publication,
    sequence: number | undefined,
    atUs: number,
    isCertain = true,
    lane = publication.lane,
  ): void {
    if (!publication.expected.has(client)) return this.#receiveUnexpected(client, publication, atUs, isCertain)
    if (!publication.received.add(client)) return this.#countDuplicate(client, publication)
    if (this.#isOutOfOrder(client, publication, sequence, lane) && publication.isCounted) this.#outOfOrder[client]!++
    this.#countReceipt(client, publication, atUs)
  }

  /** Counts the first receipt of an expected delivery. */
  #countReceipt(client: number, publication: Publication, atUs: number): void {
    const lagUs = publication.isLagUnknown ? Number.POSITIVE_INFINITY : atUs - publication.intendedUs
    const isLate = lagUs > this.#lateAfterUs
    if (isLate) publication.late++
    else publication.onTime++
    publication.recordLag(lagUs)
    this.#owed--
    this.#received++
    if (!this.#outages.isEmpty) this.#outages.received(client, publication.intendedUs, atUs)
    if (publication.second === undefined) return
    const window = this.#windowAt(publication.second)
    window.received++
    if (isLate) this.#late[client]!++
    if (publication.isLagUnknown) return window.lag.recordInfinite()
    window.lag.record(lagUs)
    if (lagUs > this.#maxUs[client]!) this.#maxUs[client] = lagUs
  }

  /**
   * Counts a receipt of a publication that names another group: it is unexpected for every client.
   *
   * @param isCertain whether it is certainly this publication
   */
  receiveMislabelled(client: number, publication: Publication, named: string, isCertain: boolean, times = 1): void {
    if (!publication.isCounted) return
    this.#mislabelledCount += times
    this.#countUnexpected(client, publication, isCertain, times)
    this.#unexpectedSample ??=
      `client ${client} received publication #${publication.sequence} of group ${JSON.stringify(publication.group.name)} ` +
      `with the group ${JSON.stringify(named.slice(0, 60))}${this.hasGroup(named) ? '' : ', which the run does not have'}`
  }

  /** Counts a receipt of an id that no publication has. */
  receiveUnknown(client: number, id: string, times = 1): void {
    this.#unknownCount += times
    this.#unexpectedCount += times
    this.#unexpected[client]! += times
    this.#unexpectedSample ??= `client ${client} received the id ${JSON.stringify(id.slice(0, 60))}, which no publication of the run has`
  }

  /**
   * Excludes deliveries that may be in flight at an instant: not received, of publications due less than `settleMs` before
   * it. They are neither received nor missing.
   */
  cutOff(atUs: number, settleMs: number): void {
    for (const publication of this.#publications) {
      if (publication.missing === 0 || atUs - publication.intendedUs >= settleMs * 1000) continue
      this.#owed -= publication.missing
      this.#expected -= publication.missing
      if (publication.second !== undefined) this.#windowAt(publication.second).expected -= publication.missing
      publication.expected = publication.received
    }
  }

  /** Counts of each second, over counted publications. */
  get windows(): readonly FanOutWindow[] {
    return this.#windows
  }

  recoveries(endUs: number): RecoveryTimes {
    return this.#outages.recoveries(this.#publications, endUs)
  }

  counts(unidentified: number): DeliveryCounts {
    const sum = { onTime: 0, late: 0, missing: 0, duplicate: 0, outOfOrder: 0 }
    for (const publication of this.#publications) {
      if (!publication.isCounted) continue
      sum.onTime += publication.onTime
      sum.late += publication.late
      sum.missing += publication.missing
      sum.duplicate += publication.duplicate
      sum.outOfOrder += publication.outOfOrder
    }
    const { onTime, late, missing, duplicate, outOfOrder } = sum
    return {
      expected: onTime + late + missing,
      received: onTime + late,
      onTime,
      late,
      missing,
      duplicate,
      outOfOrder,
      racing: this.#racing,
      optional: this.#optionalCount,
      unexpected: this.#unexpectedCount,
      unidentified,
    }
  }

  /** Counts of each client, over counted publications. */
  clientTable(): ClientTable {
    const expected = new Uint32Array(this.#clients)
    const missing = new Uint32Array(this.#clients)
    const timesExpected = new Map<ClientSet, number>()
    for (const publication of this.#publications) {
      if (!publication.isCounted) continue
      timesExpected.set(publication.expected, (timesExpected.get(publication.expected) ?? 0) + 1)
      if (publication.missing === 0) continue
      for (const client of publication.expected.without(publication.received)) missing[client]!++
    }
    for (const [clients, times] of timesExpected) for (const client of clients) expected[client]! += times
    return {
      expected,
      missing,
      late: this.#late,
      duplicate: this.#duplicate,
      outOfOrder: this.#outOfOrder,
      unexpected: this.#unexpected,
      maxUs: this.#maxUs,
    }
  }

  /** Groups with these names; that of all clients if there are none. */
  #groupsNamed(names: readonly string[]): readonly Group[] {
    return (names.length === 0 ? [undefined] : names).flatMap((name) => this.#groups.get(name) ?? [])
  }

  #add(publication: Publication): void {
    const { size } = publication.expected
    this.#publications.push(publication)
    this.#owed += size
    this.#expected += size
    if (publication.second !== undefined) {
      const window = this.#windowAt(publication.second)
      window.publications++
      window.expected += size
    }
    this.#sealOld(publication.intendedUs)
  }

  #withdraw(publication: Publication, client: number): void {
    publication.withdraw(client)
    this.#owed--
    this.#expected--
    if (publication.second !== undefined) this.#windowAt(publication.second).expected--
  }

  /** @param receivedUs instant of its receipt after the client began to leave; NaN if there was none */
  #reinstate(publication: Publication, client: number, receivedUs: number): void {
    const wasReceived = publication.reinstate(client)
    this.#owed++
    this.#expected++
    if (publication.second !== undefined) this.#windowAt(publication.second).expected++
    if (!wasReceived) return
    if (publication.isCounted) this.#optionalCount--
    publication.received.add(client)
    this.#countReceipt(client, publication, receivedUs)
  }

  #receiveUnexpected(client: number, publication: Publication, atUs: number, isCertain: boolean): void {
    if (publication.mayReach(client)) {
      if (!publication.receiveOptional(client)) this.#countDuplicate(client, publication)
      else {
        if (publication.isCounted) this.#optionalCount++
        const undecided = this.#undecidedMoves.find(
          (each) => each.publication === publication && each.client === client,
        )
        if (undecided !== undefined) undecided.receivedUs = atUs
      }
      return
    }
    if (!publication.isCounted) return
    const { sequence, group } = publication
    this.#countUnexpected(client, publication, isCertain && !group.isPresumedOut(client))
    this.#unexpectedSample ??=
      `client ${client} received publication #${sequence}` +
      (group.name === undefined
        ? ', and was not subscribed'
        : ` of group ${JSON.stringify(group.name)}, and is not in it`)
  }

  #countUnexpected(client: number, publication: Publication, isCertain: boolean, times = 1): void {
    publication.unexpected += times
    this.#unexpectedCount += times
    this.#unexpected[client]! += times
    if (isCertain) this.#certainUnexpectedCount += times
  }

  #countDuplicate(client: number, publication: Publication): void {
    publication.duplicate++
    if (publication.isCounted) this.#duplicate[client]!++
  }

  #isOutOfOrder(client: number, publication: Publication, stated: number | undefined, lane: number): boolean {
    const sequence = stated ?? publication.sequence
    const highest = this.#highest.of(client, lane)
    if (sequence < highest) {
      publication.outOfOrder++
      if (stated === undefined && publication.isCounted) this.#countRace(publication, highest)
      return true
    }
    if (stated !== undefined && Number.isFinite(highest)) {
      if (sequence > highest) this.#rises++
      else this.#ties++
    }
    if (sequence > highest) this.#highest.set(client, lane, sequence)
    return false
  }

  #countRace(earlier: Publication, later: number): void {
    if (!earlier.isUnknown && this.#publications[later - 1]?.isUnknown !== true) {
      if (this.#areRacing(earlier, later)) this.#racing++
      return
    }
    const key = `${earlier.sequence} ${later}`
    const undecided = this.#undecidedRaces.get(key)
    if (undecided === undefined) this.#undecidedRaces.set(key, { earlier, later, count: 1 })
    else undecided.count++
  }

  /**
   * Whether the earlier publication had no response when the later one was sent, so that the target may have received them
   * in either order. If that holds for the highest one that the client received, it holds for all in between.
   */
  #areRacing(earlier: Publication, later: number): boolean {
    const sentUs = this.#publications[later - 1]?.sentUs ?? Number.NaN
    return !(earlier.respondedUs <= sentUs)
  }

  #windowAt(second: number): FanOutWindow {
    for (let next = this.#windows.length; next <= second; next++)
      this.#windows.push({ second: next, publications: 0, expected: 0, received: 0, lag: new Histogram() })
    return this.#windows[second]!
  }

  #sealOld(nowUs: number): void {
    for (; this.#sealed < this.#publications.length; this.#sealed++) {
      const publication = this.#publications[this.#sealed]!
      if (nowUs - publication.intendedUs < SEAL_AFTER_US) return
      publication.seal()
    }
  }
}

/** Whether no delivery of a publication can be in flight any more. */
function hasArrived(publication: Publication, limitUs: number): boolean {
  return publication.atTargetUs < limitUs || (publication.isUnknown && publication.missing === 0)
}
