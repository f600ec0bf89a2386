import type { DeliveryTracker } from './delivery-tracker.ts'
import { GivenIds, idIn, isFor } from './given-ids.ts'
import { GroupLabels, type ForeignLabels } from './group-labels.ts'
import type { Identification } from './identifier.ts'
import type { Publication } from './publication.ts'

/** Limit of deliveries that are stored until their ids are known, about 32 MB. */
const MOST_KEPT = 1_000_000
/** Limit of ids remembered from messages before publishing began. */
const MOST_OLDER = 10_000

/** Reference to a publication in a message; created once for each distinct message. */
export interface Sighting {
  readonly id: string
  readonly sequence: number | undefined
  readonly publishedAtMs: number | undefined
  readonly group: string | undefined
  /** Publication to which the run or a feed assigned the id; `undefined` until it is known. */
  publication: Publication | undefined
  /** Lane in which its order is compared; `undefined` until it is known. */
  lane: number | undefined
}

export function sightingOf({ id, sequence, publishedAtMs, group }: Identification): Sighting {
  return { id: String(id), sequence, publishedAtMs, group, publication: undefined, lane: undefined }
}

/** Stored deliveries of an id that no publication has yet. */
interface Kept {
  readonly id: string
  readonly clients: number[]
  readonly sightings: Sighting[]
  readonly timesUs: number[]
  /** Number of publications sent before each delivery, any of which may still get the id; ascending. */
  readonly sentBefore: number[]
  /** Whether each delivery arrived before its client was subscribed again. */
  readonly areEarly: boolean[]
}

/**
 * Finder of publications by the ids in messages, which are assigned by the run or the target. The target returns its id in
 * the response to `send`, by which time messages with it may have arrived. They are stored until all publications sent
 * before them have a response.
 */
export class TargetIds {
  readonly #ledger: DeliveryTracker
  readonly #kept = new Map<string, Kept>()
  /** Ids of messages before publishing began, which the target sends to every client that joins. */
  readonly #older = new Set<string>()
  readonly #given = new GivenIds()
  readonly #labels: GroupLabels
  #foreignLabels: ForeignLabels | undefined
  readonly #isSettled: boolean[] = []
  #settledBefore = 0
  #keptCount = 0
  #overflowed = 0
  #areOlderForgotten = false

  constructor(ledger: DeliveryTracker) {
    this.#ledger = ledger
    this.#labels = new GroupLabels(ledger)
  }

  /** Deliveries with unknown publications, as too many had to be stored, or too many ids arrived before the run. */
  get overflowed(): number {
    return this.#overflowed
  }

  /** Messages that may belong to several publications, to which the target gave the same id. */
  get ambiguous(): { readonly count: number; readonly sample: string } | undefined {
    const { ambiguousCount: count, ambiguousSample: sample } = this.#given
    return sample === undefined ? undefined : { count, sample }
  }

  /** Names of groups in messages that cannot be matched to the groups of the run; known once it is over. */
  get foreignLabels(): ForeignLabels | undefined {
    return this.#foreignLabels
  }

  receive(client: number, sighting: Sighting, atUs: number): void {
    if (this.#take(client, sighting, atUs, this.#mayBeGivenLater)) return
    if (this.#ledger.publications.length === 0) {
      if (this.#older.size < MOST_OLDER) this.#older.add(sighting.id)
      else this.#areOlderForgotten ||= !this.#older.has(sighting.id)
      return
    }
    // A publication of another group may get an id from before the run. If none does, the message is ignored.
    const isOlder = this.#older.has(sighting.id)
    if (this.#mayBeGivenLater) this.#keep(client, sighting, atUs, isOlder)
    else if (!isOlder) this.#receiveUnknown(client, sighting.id)
  }

  /** Receives a message to a client that is not subscribed again yet, which may be a replay. @returns whether it counts */
  receiveEarly(client: number, sighting: Sighting, atUs: number): boolean {
    if (this.#take(client, sighting, atUs, this.#mayBeGivenLater)) return true
    if (this.#mayBeGivenLater) this.#keep(client, sighting, atUs, true)
    return false
  }

  /**
   * Counts a delivery if its publication is known.
   *
   * @param mayChange whether a publication that was sent before may still get this id, so that the delivery is certain only
   * if its client expects it
   * @returns whether the delivery was counted
   */
  #take(client: number, sighting: Sighting, atUs: number, mayChange: boolean): boolean {
    const own = this.#own(sighting)
    if (own !== undefined) {
      if (this.#labels.isOther(sighting.group, own)) {
        this.#ledger.receiveMislabelled(client, own, sighting.group!, true)
        return true
      }
      this.#labels.taken(client, sighting.group, own)
      this.#ledger.receive(client, own, sighting.sequence, atUs, true, this.#laneOf(sighting, own))
      return true
    }
    const given = this.#given.find(sighting.id)
    if (given === undefined) return false
    const candidates = this.#given.candidates(given, client, sighting.group)
    const publication = candidates[0]!
    const isNamed = publication.group.name !== undefined && publication.group.name === sighting.group
    const isForClient = isFor(publication, client)
    const isAwaited = isForClient && !publication.received.has(client)
    if (mayChange && !isNamed && !isAwaited) return false
    if (!isForClient && this.#older.has(given.id)) return true
    if (this.#labels.isOther(sighting.group, publication)) {
      // A publication of the group that is named may still get the id.
      if (mayChange) return false
      this.#ledger.receiveMislabelled(client, publication, sighting.group!, false)
      return true
    }
    // A second message may be a duplicate, or belong to a group that the client is not in.
    const isSure = isNamed || isAwaited || !isForClient || given.publications.length === 1
    if (candidates.length > 1 || !isSure) this.#given.countAmbiguous(given.id)
    if (candidates.length > 1) return true
    if (sighting.publishedAtMs !== undefined) publication.stampedAtMs = sighting.publishedAtMs
    this.#labels.taken(client, sighting.group, publication)
    // Unless the message names the group, the id may belong to a publication whose `send` failed.
    const lane = this.#laneOf(sighting, publication)
    this.#ledger.receive(client, publication, sighting.sequence, atUs, isNamed, lane)
    return true
  }

  #laneOf(sighting: Sighting, publication: Publication): number {
    // The publication that a given id means depends on the client, in a run with groups.
    if (publication.group.name !== undefined) return publication.group.index
    return (sighting.lane ??= this.#ledger.laneOf(publication, sighting.group))
  }

  #own(sighting: Sighting): Publication | undefined {
    if (sighting.publication === undefined) {
      sighting.publication = this.#ledger.find(sighting.id)
      if (sighting.publication !== undefined && sighting.publishedAtMs !== undefined)
        sighting.publication.stampedAtMs = sighting.publishedAtMs
    }
    return sighting.publication
  }

  /** Called when `send` has resolved or failed. @param response value to which it resolved */
  settled(publication: Publication, response: unknown): void {
    const id = idIn(response)
    if (id !== undefined && id !== publication.id) this.#give(id, publication)
    this.#isSettled[publication.sequence - 1] = true
    while (this.#isSettled[this.#settledBefore] === true) this.#settledBefore++
    for (const kept of this.#kept.values()) {
      if (kept.sentBefore[0]! <= this.#settledBefore) this.#release(kept)
    }
  }

  /** Called at the end of the run: deliveries that are still stored belong to no publication. */
  close(): undefined {
    this.#settledBefore = Number.POSITIVE_INFINITY
    for (const kept of this.#kept.values()) this.#release(kept)
    this.#foreignLabels = this.#labels.close()
  }

  /** Whether a publication that was sent may still get an id from the target. */
  get #mayBeGivenLater(): boolean {
    return this.#settledBefore < this.#ledger.publications.length
  }

  #receiveUnknown(client: number, id: string): void {
    if (this.#areOlderForgotten) this.#overflowed++
    else this.#ledger.receiveUnknown(client, id)
  }

  #give(id: string, publication: Publication): void {
    this.#given.give(id, publication)
    const kept = this.#kept.get(id)
    if (kept !== undefined) this.#release(kept)
  }

  #keep(
    client: number,
    sighting: Sighting,
    atUs: number,
    isEarly: boolean,
    sentBefore = this.#ledger.publications.length,
  ): void {
    if (this.#keptCount >= MOST_KEPT) {
      this.#overflowed++
      return
    }
    const { id } = sighting
    let kept = this.#kept.get(id)
    if (kept === undefined)
      this.#kept.set(id, (kept = { id, clients: [], sightings: [], timesUs: [], sentBefore: [], areEarly: [] }))
    this.#keptCount++
    kept.clients.push(client)
    kept.sightings.push(sighting)
    kept.timesUs.push(atUs)
    kept.sentBefore.push(sentBefore)
    kept.areEarly.push(isEarly)
  }

  /** Counts stored deliveries. Those that do not seem to be for their client stay stored while a publication may still get the id. */
  #release({ id, clients, sightings, timesUs, sentBefore, areEarly }: Kept): void {
    this.#kept.delete(id)
    this.#keptCount -= clients.length
    for (const [at, client] of clients.entries()) {
      const sighting = sightings[at]!
      const isEarly = areEarly[at]!
      const mayChange = sentBefore[at]! > this.#settledBefore
      if (this.#take(client, sighting, timesUs[at]!, mayChange)) continue
      if (mayChange) this.#keep(client, sighting, timesUs[at]!, isEarly, sentBefore[at])
      else if (!isEarly) this.#receiveUnknown(client, id)
    }
  }
}
