import type { DeliveryLedger } from './delivery-ledger.ts'
import type { Identification } from './identifier.ts'
import type { Publication } from './publication.ts'

/** Deliveries kept until it is known what they are: some 24 MB. */
const MOST_KEPT = 1_000_000
/** Ids remembered of messages that came before publishing began. */
const MOST_OLDER = 10_000

/** A publication as a message names it; made once for each distinct message. */
export interface Sighting {
  readonly id: string
  readonly sequence: number | undefined
  readonly publishedAtMs: number | undefined
  readonly group: string | undefined
  /** Found, or `undefined` as long as no publication has the id. */
  publication: Publication | undefined
}

export function sightingOf({ id, sequence, publishedAtMs, group }: Identification): Sighting {
  return { id: String(id), sequence, publishedAtMs, group, publication: undefined }
}

/** Deliveries of an id that no publication has yet. */
interface Kept {
  readonly id: string
  /** Publications that had been sent when the first came: one of them may still get the id. */
  readonly sentBefore: number
  readonly clients: number[]
  readonly sightings: Sighting[]
  readonly timesUs: number[]
  /** Whether each came before its client was subscribed again. */
  readonly areEarly: boolean[]
}

/**
 * Finds the publications of a run by the ids in messages: those that the run made, and those that the target gave them.
 * The target gives its id in the response to `send`, when messages with it may have arrived already: they are kept until
 * everything that had been sent by then is answered.
 */
export class TargetIds {
  readonly #ledger: DeliveryLedger
  readonly #kept = new Map<string, Kept>()
  /** Ids of messages that came before anything was published: what the target shows to everybody who joins. */
  readonly #older = new Set<string>()
  /** Given to several publications: they name none. */
  readonly #ambiguous = new Set<string>()
  readonly #isSettled: boolean[] = []
  #settledBefore = 0
  #keptCount = 0
  #overflowed = 0
  #areOlderForgotten = false

  constructor(ledger: DeliveryLedger) {
    this.#ledger = ledger
  }

  /** Deliveries of which too many came at a time, or too many ids before the run, to know what they are. */
  get overflowed(): number {
    return this.#overflowed
  }

  receive(client: number, sighting: Sighting, atUs: number): void {
    const publication = this.find(sighting)
    if (publication !== undefined) return this.#ledger.receive(client, publication, sighting.sequence, atUs)
    if (this.#ledger.publications.length === 0) {
      if (this.#older.size < MOST_OLDER) this.#older.add(sighting.id)
      else this.#areOlderForgotten ||= !this.#older.has(sighting.id)
    } else if (this.#older.has(sighting.id)) return
    else if (this.#mayBeGivenLater) this.#keep(client, sighting, atUs, false)
    else this.#receiveUnknown(client, sighting.id)
  }

  /** A delivery to a client that is not subscribed again yet: a replay, or what only looks like one. @returns whether it counts */
  receiveEarly(client: number, sighting: Sighting, atUs: number): boolean {
    const publication = this.find(sighting)
    if (publication !== undefined) this.#ledger.receive(client, publication, sighting.sequence, atUs)
    else if (this.#mayBeGivenLater && !this.#older.has(sighting.id)) this.#keep(client, sighting, atUs, true)
    return publication !== undefined
  }

  find(sighting: Sighting): Publication | undefined {
    if (sighting.publication === undefined && !this.#ambiguous.has(sighting.id)) {
      sighting.publication = this.#ledger.find(sighting.id)
      if (sighting.publication !== undefined && sighting.publishedAtMs !== undefined)
        sighting.publication.stampedAtMs = sighting.publishedAtMs
    }
    return sighting.publication
  }

  /** `send` has resolved or failed. @param answer what it resolved to */
  settled(publication: Publication, answer: unknown): void {
    const id = idIn(answer)
    if (id !== undefined && id !== publication.id) this.#give(id, publication)
    this.#isSettled[publication.sequence - 1] = true
    while (this.#isSettled[this.#settledBefore] === true) this.#settledBefore++
    for (const kept of this.#kept.values()) {
      if (kept.sentBefore > this.#settledBefore) return
      this.#release(kept)
    }
  }

  /** The run is over: what is still kept is of no publication. */
  close(): undefined {
    for (const kept of this.#kept.values()) this.#release(kept)
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
    if (!this.#ledger.addId(id, publication)) {
      this.#ambiguous.add(id)
      return
    }
    const kept = this.#kept.get(id)
    if (kept !== undefined) this.#release(kept)
  }

  #keep(client: number, sighting: Sighting, atUs: number, isEarly: boolean): void {
    if (this.#keptCount >= MOST_KEPT) {
      this.#overflowed++
      return
    }
    const { id } = sighting
    let kept = this.#kept.get(id)
    if (kept === undefined) {
      const sentBefore = this.#ledger.publications.length
      this.#kept.set(id, (kept = { id, sentBefore, clients: [], sightings: [], timesUs: [], areEarly: [] }))
    }
    this.#keptCount++
    kept.clients.push(client)
    kept.sightings.push(sighting)
    kept.timesUs.push(atUs)
    kept.areEarly.push(isEarly)
  }

  #release({ id, clients, sightings, timesUs, areEarly }: Kept): void {
    this.#kept.delete(id)
    this.#keptCount -= clients.length
    for (const [at, client] of clients.entries()) {
      const sighting = sightings[at]!
      const publication = this.find(sighting)
      if (publication !== undefined) this.#ledger.receive(client, publication, sighting.sequence, timesUs[at]!)
      else if (!areEarly[at]!) this.#receiveUnknown(client, id)
    }
  }
}

/** The id in what `send` resolved to: itself, or its `id`. A `Response` and the like have none. */
function idIn(answer: unknown): string | undefined {
  const id = typeof answer === 'object' && answer !== null && 'id' in answer ? answer.id : answer
  if (typeof id === 'string' && id !== '') return id
  return typeof id === 'bigint' || (typeof id === 'number' && Number.isFinite(id)) ? String(id) : undefined
}
