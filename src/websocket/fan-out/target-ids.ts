import type { DeliveryLedger } from './delivery-ledger.ts'
import { GivenIds, isFor } from './given-ids.ts'
import { GroupLabels, type ForeignLabels } from './group-labels.ts'
import type { Identification } from './identifier.ts'
import type { Publication } from './publication.ts'

/** Deliveries kept until it is known what they are: some 32 MB. */
const MOST_KEPT = 1_000_000
/** Ids remembered of messages that came before publishing began. */
const MOST_OLDER = 10_000

/** A publication as a message names it; made once for each distinct message. */
export interface Sighting {
  readonly id: string
  readonly sequence: number | undefined
  readonly publishedAtMs: number | undefined
  readonly group: string | undefined
  /** The one that the run, or a feed, gave the id; `undefined` as long as there is none. */
  publication: Publication | undefined
  /** Within what its order is compared, once that was looked up. */
  lane: number | undefined
}

export function sightingOf({ id, sequence, publishedAtMs, group }: Identification): Sighting {
  return { id: String(id), sequence, publishedAtMs, group, publication: undefined, lane: undefined }
}

/** Deliveries of an id that no publication has yet. */
interface Kept {
  readonly id: string
  readonly clients: number[]
  readonly sightings: Sighting[]
  readonly timesUs: number[]
  /** Publications that had been sent when each came: one of them may still get the id. Ascending. */
  readonly sentBefore: number[]
  /** Whether each came before its client was subscribed again. */
  readonly areEarly: boolean[]
}

/**
 * Finds the publications of a run by the ids in messages: those that the run made, and those that the target gave them.
 * The target gives its id in the response to `send`, when messages with it may have arrived already: they are kept until
 * everything that had been sent by then gets a response.
 */
export class TargetIds {
  readonly #ledger: DeliveryLedger
  readonly #kept = new Map<string, Kept>()
  /** Ids of messages that came before anything was published: what the target shows to everybody who joins. */
  readonly #older = new Set<string>()
  readonly #given = new GivenIds()
  readonly #labels: GroupLabels
  #foreignLabels: ForeignLabels | undefined
  readonly #isSettled: boolean[] = []
  #settledBefore = 0
  #keptCount = 0
  #overflowed = 0
  #areOlderForgotten = false

  constructor(ledger: DeliveryLedger) {
    this.#ledger = ledger
    this.#labels = new GroupLabels(ledger)
  }

  /** Deliveries of which too many came at a time, or too many ids before the run, to know what they are. */
  get overflowed(): number {
    return this.#overflowed
  }

  /** Messages that carry ids which the target gave to several publications, so that they may be of any of them. */
  get ambiguous(): { readonly count: number; readonly sample: string } | undefined {
    const { ambiguousCount: count, ambiguousSample: sample } = this.#given
    return sample === undefined ? undefined : { count, sample }
  }

  /** Names of groups in messages that say nothing about the groups of the run; known once it is over. */
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
    // One of another group may get an id that was there before: what it is not given to, is passed over.
    const isOlder = this.#older.has(sighting.id)
    if (this.#mayBeGivenLater) this.#keep(client, sighting, atUs, isOlder)
    else if (!isOlder) this.#receiveUnknown(client, sighting.id)
  }

  /** A delivery to a client that is not subscribed again yet: a replay, or what only looks like one. @returns whether it counts */
  receiveEarly(client: number, sighting: Sighting, atUs: number): boolean {
    if (this.#take(client, sighting, atUs, this.#mayBeGivenLater)) return true
    if (this.#mayBeGivenLater) this.#keep(client, sighting, atUs, true)
    return false
  }

  /**
   * Counts a delivery if it is known what it is.
   *
   * @param mayChange whether a publication that was sent before may still get this id, so that what it seems to be by now
   * is not certain unless its client awaits it
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
    const isOwed = isFor(publication, client)
    const isAwaited = isOwed && !publication.received.has(client)
    if (mayChange && !isNamed && !isAwaited) return false
    if (!isOwed && this.#older.has(given.id)) return true
    if (this.#labels.isOther(sighting.group, publication)) {
      // A publication of the group that is named may still get the id.
      if (mayChange) return false
      this.#ledger.receiveMislabelled(client, publication, sighting.group!, false)
      return true
    }
    // A second message may be a duplicate, or of a group that the client is not in.
    const isSure = isNamed || isAwaited || !isOwed || given.publications.length === 1
    if (candidates.length > 1 || !isSure) this.#given.countAmbiguous(given.id)
    if (candidates.length > 1) return true
    if (sighting.publishedAtMs !== undefined) publication.stampedAtMs = sighting.publishedAtMs
    this.#labels.taken(client, sighting.group, publication)
    // The id may be that of a publication whose `send` failed, unless the message says whose it is.
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

  /** `send` has resolved or failed. @param response what it resolved to */
  settled(publication: Publication, response: unknown): void {
    const id = idIn(response)
    if (id !== undefined && id !== publication.id) this.#give(id, publication)
    this.#isSettled[publication.sequence - 1] = true
    while (this.#isSettled[this.#settledBefore] === true) this.#settledBefore++
    for (const kept of this.#kept.values()) {
      if (kept.sentBefore[0]! <= this.#settledBefore) this.#release(kept)
    }
  }

  /** The run is over: what is still kept is of no publication. */
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

  /** What is not for its client, as far as is known by now, is kept on while a publication may still get the id. */
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

/** The id in what `send` resolved to: itself, or its `id`. A `Response` and the like have none. */
function idIn(response: unknown): string | undefined {
  const id = typeof response === 'object' && response !== null && 'id' in response ? response.id : response
  if (typeof id === 'string' && id !== '') return id
  return typeof id === 'bigint' || (typeof id === 'number' && Number.isFinite(id)) ? String(id) : undefined
}
