import { Histogram } from '../stats/histogram.ts'
import type { ClientTable, FanOutWindow } from '../run/fan-out-record.ts'
import type { DeliveryCounts } from '../run/fan-out-counts.ts'
import { ClientSet } from './client-set.ts'
import { Publication } from './publication.ts'

/** Histograms of publications older than this are given up: a run of hours with losses must not keep them all. */
const SEAL_AFTER_US = 60_000_000

/**
 * The account of every delivery: who is owed which publication, and what came. Pure: instants are arguments. Costs two
 * bits for each delivery, and the bits for "owed" are shared by publications between which nobody subscribed.
 *
 * A client that lost its socket stays a subscriber: what it misses meanwhile is missing.
 */
export class DeliveryLedger {
  readonly #clients: number
  readonly #lateAfterUs: number
  readonly #groups = new Map<string | undefined, Members>()
  readonly #byId = new Map<string, Publication>()
  readonly #publications: Publication[] = []
  readonly #windows: FanOutWindow[] = []
  readonly #highestSequence: Float64Array
  readonly #late: Uint32Array
  readonly #duplicate: Uint32Array
  readonly #outOfOrder: Uint32Array
  readonly #maxUs: Float64Array
  #sealed = 0
  #owed = 0
  #expected = 0
  #received = 0
  #unexpected = 0

  constructor(options: { clients: number; lateAfterMs: number }) {
    this.#clients = options.clients
    this.#lateAfterUs = options.lateAfterMs * 1000
    this.#highestSequence = new Float64Array(options.clients).fill(Number.NEGATIVE_INFINITY)
    this.#late = new Uint32Array(options.clients)
    this.#duplicate = new Uint32Array(options.clients)
    this.#outOfOrder = new Uint32Array(options.clients)
    this.#maxUs = new Float64Array(options.clients)
  }

  /** Deliveries that have not come yet, warm-up included, as in the next two. */
  get owed(): number {
    return this.#owed
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

  /** From now on the client is owed every publication of the group. */
  subscribe(client: number, group: string | undefined): void {
    let members = this.#groups.get(group)
    if (members === undefined) this.#groups.set(group, (members = new Members(this.#clients)))
    members.add(client)
  }

  /** Sequences of a new connection may start afresh. */
  reconnected(client: number): void {
    this.#highestSequence[client] = Number.NEGATIVE_INFINITY
  }

  /**
   * Notes a publication as due: owed to whoever is subscribed at this moment.
   *
   * @param due.second which second of the counted part it is due in; `undefined` for warm-up, which is followed but in no count
   */
  publish(due: {
    id: string
    sequence: number
    group?: string | undefined
    intendedUs: number
    second: number | undefined
  }): Publication {
    const expected = this.#groups.get(due.group)?.snapshot() ?? new ClientSet(this.#clients)
    const entry = new Publication({ ...due, expected, received: new ClientSet(this.#clients) })
    this.#byId.set(due.id, entry)
    this.#publications.push(entry)
    this.#owed += expected.size
    this.#expected += expected.size
    if (due.second !== undefined) {
      const window = this.#windowAt(due.second)
      window.publications++
      window.expected += expected.size
    }
    this.#sealOld(due.intendedUs)
    return entry
  }

  find(id: string): Publication | undefined {
    return this.#byId.get(id)
  }

  /** A message came that names `publication`; `undefined` where the name is of none that this run made. */
  receive(client: number, publication: Publication | undefined, sequence: number | undefined, atUs: number): void {
    if (publication === undefined || !publication.expected.has(client)) {
      if (publication === undefined || publication.isCounted) this.#unexpected++
      return
    }
    if (!publication.received.add(client)) {
      publication.duplicate++
      if (publication.isCounted) this.#duplicate[client]!++
      return
    }
    const outOfOrder = this.#isOutOfOrder(client, sequence ?? publication.sequence)
    if (outOfOrder) publication.outOfOrder++
    const lagUs = atUs - publication.intendedUs
    const isLate = lagUs > this.#lateAfterUs
    if (isLate) publication.late++
    else publication.onTime++
    publication.recordLag(lagUs)
    this.#owed--
    this.#received++
    if (publication.second === undefined) return
    const window = this.#windowAt(publication.second)
    window.received++
    window.lag.record(lagUs)
    if (outOfOrder) this.#outOfOrder[client]!++
    if (isLate) this.#late[client]!++
    if (lagUs > this.#maxUs[client]!) this.#maxUs[client] = lagUs
  }

  #isOutOfOrder(client: number, sequence: number): boolean {
    if (sequence < this.#highestSequence[client]!) return true
    this.#highestSequence[client] = sequence
    return false
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

  /**
   * Leaves out of the account the deliveries still under way at an instant: not received, of publications due less than
   * `settleMs` before it. Nothing can be said about them, least of all that they were lost.
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

  /** The second-by-second account, over counted publications. */
  get windows(): readonly FanOutWindow[] {
    return this.#windows
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
    const unexpected = this.#unexpected
    return {
      expected: onTime + late + missing,
      received: onTime + late,
      onTime,
      late,
      missing,
      duplicate,
      outOfOrder,
      unexpected,
      unidentified,
    }
  }

  /** The account client by client, over counted publications. */
  clientTable(): ClientTable {
    const expected = new Uint32Array(this.#clients)
    const missing = new Uint32Array(this.#clients)
    const timesOwed = new Map<ClientSet, number>()
    for (const publication of this.#publications) {
      if (!publication.isCounted) continue
      timesOwed.set(publication.expected, (timesOwed.get(publication.expected) ?? 0) + 1)
      if (publication.missing === 0) continue
      for (const client of publication.expected.without(publication.received)) missing[client]!++
    }
    for (const [clients, times] of timesOwed) for (const client of clients) expected[client]! += times
    return {
      expected,
      missing,
      late: this.#late,
      duplicate: this.#duplicate,
      outOfOrder: this.#outOfOrder,
      maxUs: this.#maxUs,
    }
  }
}

/** Who is subscribed to one group. The snapshot is shared until somebody subscribes. */
class Members {
  readonly #clients: ClientSet
  #snapshot: ClientSet | undefined

  constructor(capacity: number) {
    this.#clients = new ClientSet(capacity)
  }

  add(client: number): void {
    if (this.#clients.add(client)) this.#snapshot = undefined
  }

  snapshot(): ClientSet {
    return (this.#snapshot ??= this.#clients.clone())
  }
}
