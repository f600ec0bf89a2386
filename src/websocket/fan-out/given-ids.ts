import type { Publication } from './publication.ts'

/** An id that the target assigned, with its publications. */
export interface GivenId {
  readonly id: string
  readonly publications: Publication[]
  /** Whether a message had this id. */
  isSeen: boolean
}

/**
 * Ids that the target assigned to publications. They may be unique only within a group, such as offsets of a log or numbers
 * of a room. The group is the one that the message names or, if it names none, one of the client that received it.
 */
export class GivenIds {
  readonly #byId = new Map<string, GivenId>()
  #ambiguousCount = 0
  #sample: string | undefined

  /** Messages that may belong to several publications. */
  get ambiguousCount(): number {
    return this.#ambiguousCount
  }

  /** The id of the first ambiguous message. */
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
    // An earlier message with this id may belong to either publication.
    if (given.isSeen && given.publications.some(({ group }) => group === publication.group)) this.countAmbiguous(id)
    given.publications.push(publication)
  }

  /** Returns the publications that a message to a client may belong to, by its id and the group that it names, if any. */
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

/** Returns the id in the value to which `send` resolved: the value itself, or its `id`. A `Response` has none. */
export function idIn(response: unknown): string | undefined {
  const id = typeof response === 'object' && response !== null && 'id' in response ? response.id : response
  if (typeof id === 'string' && id !== '') return id
  return typeof id === 'bigint' || (typeof id === 'number' && Number.isFinite(id)) ? String(id) : undefined
}
