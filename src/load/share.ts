/**
 * Part of a plan that one of several generators carries. VU, socket, arrival or publication `id` of the whole plan belongs to
 * the generator with index `id mod count`, at the instant that it has in the whole plan. So the parts are disjoint, and
 * their union is the plan of one generator:
 *
 * ```
 * whole          ●0  ●1  ●2  ●3  ●4  ●5  ●6 …
 * generator 1/3  ●0          ●3          ●6 …
 * generator 2/3      ●1          ●4
 * generator 3/3          ●2          ●5
 * ```
 *
 * Every generator computes the whole plan from the same load and seed, and skips what belongs to others.
 */
export interface Share {
  /** Index of the generator, from 0. One that is not below `count` carries nothing. */
  readonly index: number
  /** Number of generators that divide the plan. */
  readonly count: number
}

/** The share of a generator that carries the whole plan alone. */
export const WHOLE: Share = { index: 0, count: 1 }

/** The share of a generator that carries nothing. */
const NOTHING: Share = { index: 1, count: 1 }

/** Whether an id, from 0, belongs to the share. */
export function isOwn({ index, count }: Share, id: number): boolean {
  return id % count === index
}

/** Number of ids of the share among `0 … total - 1`. */
export function shareOf({ index, count }: Share, total: number): number {
  return index >= Math.min(count, total) ? 0 : Math.ceil((total - index) / count)
}

/** Ids of the share among `0 … total - 1`, ascending. */
export function ownIds(share: Share, total: number): number[] {
  return Array.from({ length: shareOf(share, total) }, (_, nth) => share.index + nth * share.count)
}

/** Position of an id of the share in {@link ownIds}. */
export function positionOf({ index, count }: Share, id: number): number {
  return (id - index) / count
}

/**
 * The share of a plan whose arrivals need one of `vus` VUs. If there are fewer VUs than generators, generators without a VU
 * get no arrivals either: the others divide the plan.
 */
export function amongVus({ index, count }: Share, vus: number): Share {
  if (count <= vus) return { index, count }
  return index < vus ? { index, count: vus } : NOTHING
}

/** The share of a plan that cannot be divided: generator 1 carries all of it. */
export function undivided({ index }: Share): Share {
  return index === 0 ? WHOLE : NOTHING
}

/**
 * Claims iterations that the generators share. It adds `block` to the number of iterations that all generators of a run have
 * claimed so far, which starts at 0, in one atomic operation.
 *
 * @returns the number before
 */
export type Claim = (block: number) => Promise<number>

/** Start of a run that several generators carry. */
export interface CommonStart {
  /** Instant on the clock of this machine (`performance.now()`). */
  readonly atMs: number
  /** Bound of the difference between this instant on this machine and on any other. */
  readonly errorMs: number
}

/** What an engine needs to carry a share of one run. Without one, a generator carries the whole run. */
export interface Division {
  readonly share: Share
  readonly claim: Claim
  /** Called once when this generator is ready: its connections are open. Returns the same instant to all generators. */
  startAt(): Promise<CommonStart>
  /**
   * Exchanges what generators must know of each other.
   *
   * @param label what is exchanged; used once in a run
   * @returns the parts of all generators in order of their indexes, with its own
   */
  gather(label: string, part: Uint8Array): Promise<readonly Uint8Array[]>
}
