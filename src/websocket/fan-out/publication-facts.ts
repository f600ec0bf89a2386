import { hash, randomUUID } from 'node:crypto'
import type { Division } from '../../load/share.ts'
import { idIn } from './given-ids.ts'
import type { Publication } from './publication.ts'

/**
 * How several generators account for one fan-out.
 *
 * Every generator computes when each publication is due, for which group, and with which id. At that instant, each of them
 * adds the publication to its own account, in which its own subscribed clients expect it; generator k mod N also sends
 * publication k. So a delivery that never arrives is missing without any exchange during the run. Generators exchange:
 *
 * - before the start, with the label `opened`: the salt of the ids, which is that of the first generator, and whether any
 *   client is subscribed, as nothing is published otherwise;
 * - after the last receipt, with the label `publications`: what only the sender of a publication knows ({@link PublicationFacts}).
 *
 * Each generator then completes its account. To merge two records of a fan-out:
 *
 * - a publication is identified by its `sequence`; every record has all of them, each with the counts of its own clients;
 * - add `expected`, `onTime`, `late` and the other counts of deliveries, the `expected` and `received` of windows, and the
 *   tables by client, in which the entries of other generators are 0; merge lags;
 * - do not add the number of publications, of a window or of the record, nor those that failed: they are the same in each;
 * - percentiles of a publication come from the merged `lag` of its records, with the added `missing` as infinite.
 */
export interface PublicationFacts {
  readonly sequence: number
  /** When `send` was called, in microseconds since the start. */
  readonly sentUs: number
  /** When `send` resolved; absent if it did not. */
  readonly respondedUs?: number
  /** When `send` failed, and its error without secrets; absent if it did not. */
  readonly failedUs?: number
  readonly failure?: string
  /** Id that the target assigned in its response. */
  readonly givenId?: string
}

/** What generators agree on before they publish. */
export interface Opening {
  /** Salt of the ids of publications; `undefined` for random ids. */
  readonly salt: string | undefined
  /** Whether any client of any generator is subscribed. */
  readonly isAnySubscribed: boolean
}

/** Exchanges {@link Opening}. */
export async function exchangeOpening(division: Division | undefined, subscribed: number): Promise<Opening> {
  if (division === undefined) return { salt: undefined, isAnySubscribed: subscribed > 0 }
  const parts = await division.gather('opened', encode({ salt: randomUUID(), subscribed }))
  const all = parts.map((part) => decode<{ salt: string; subscribed: number }>(part))
  return { salt: all[0]!.salt, isAnySubscribed: all.some((each) => each.subscribed > 0) }
}

/** The id of a publication: the same on every generator, and different in every run. */
export function publicationId(salt: string | undefined, index: number): string {
  if (salt === undefined) return randomUUID()
  const hex = hash('sha256', `${salt}/${index}`)
  // The form of a random UUID (RFC 9562): version 4, variant 10.
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Facts about a publication that this generator sent. @param startUs start of publishing, on the clock of `nowUs()` */
export function factsOf(
  { sequence, sentUs, respondedUs, failedUs }: Publication,
  startUs: number,
  failure: string | undefined,
  response: unknown,
): PublicationFacts {
  const givenId = idIn(response)
  return {
    sequence,
    sentUs: sentUs - startUs,
    ...(Number.isNaN(respondedUs) ? {} : { respondedUs: respondedUs - startUs }),
    ...(failure === undefined ? {} : { failedUs: failedUs - startUs, failure }),
    ...(givenId === undefined ? {} : { givenId }),
  }
}

/** Exchanges what senders know. @returns the facts about publications of all generators */
export async function exchangeFacts(
  division: Division,
  own: readonly PublicationFacts[],
): Promise<readonly PublicationFacts[]> {
  const parts = await division.gather('publications', encode(own))
  return parts.flatMap((part) => decode<PublicationFacts[]>(part))
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function decode<T>(part: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(part)) as T
}
