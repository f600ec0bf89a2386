import type { Publication } from './publication.ts'

/** An id that the target gave, and the publications that it gave it to. */
export interface GivenId {
  readonly id: string
  readonly publications: Publication[]
  /** A message has named it. */
  isSeen: boolean
}

/**
 * Ids that the target gave to publications. They need be unique in their group only: offsets of a log, numbers of a room.
 * What belongs to which is found by the group that a message names, or else by the groups of the client that received it.
 */
export class GivenIds {
  readonly #byId = new Map<string, GivenId>()
  #ambiguousCount = 0
  #sample: string | undefined

  /** Messages that may be of several publications. */
  get ambiguousCount(): number {
    return this.#ambiguousCount
  }

  /** The id of the first of them. */
  get ambiguousSample(): string | undefined {
    return this.#sample
  }

  find(id: string): GivenId | undefined {
    return this.#byId.get(id)
  }

  give(id: string, publication: Publication): void {
    const given = this.#byId.get(id)
    if (given === undefined) {
      this.#byId.set(id, { id, publications: [publication], isSeen: false })
      return
    }
    // A message that named it may have been of either.
    if (given.isSeen && given.publications.some(({ group }) => group === publication.group)) this.countAmbiguous(id)
    given.publications.push(publication)
  }

  /** The publications that a message to a client may be of, by its id and the group that it names, if it names one. */
  candidates(given: GivenId, client: number, group: string | undefined): readonly Publication[] {
    given.isSeen = true
    const { publications } = given
    if (publications.length === 1) return publications
    const named = group === undefined ? [] : publications.filter((publication) => publication.group.name === group)
    if (named.length > 0) return named
    const own = publications.filter((publication) => isFor(publication, client))
    return own.length > 0 ? own : publications.slice(0, 1)
  }

  countAmbiguous(id: string): void {
    this.#ambiguousCount++
    this.#sample ??= id
  }
}

/** Whether the client may receive the publication. */
export function isFor(publication: Publication, client: number): boolean {
  return publication.expected.has(client) || publication.mayReach(client)
}
