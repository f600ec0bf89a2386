import type { FailedJoins } from '../../evidence/fan-out-record.ts'
import type { Publication } from './publication.ts'

/** A group that a client joined during the run, as far as the client knows. */
export interface Join {
  readonly client: number
  readonly group: string
  /** Instant from which deliveries are expected, on the clock of `nowUs()`. */
  readonly fromUs: number
  /** Description of the first message that the client received between the move and its end. */
  readonly response: string | undefined
  /** Reason for which the target rejected the move; `undefined` if it did not. */
  readonly rejection: string | undefined
}

/**
 * Joins after which the client received nothing of the group, and the deliveries that it missed since.
 *
 * @param joins in order of their instants
 */
export function failedJoins(publications: readonly Publication[], joins: readonly Join[]): FailedJoins | undefined {
  if (joins.length === 0) return undefined
  const byGroup = Map.groupBy(publications, ({ group }) => group.name)
  const untilUs = ends(joins)
  const rejected = { count: 0, missing: 0, sample: '' }
  const silent = { count: 0, missing: 0, sample: '' }
  for (const [at, join] of joins.entries()) {
    const missing = missedSince(join, byGroup.get(join.group) ?? [], untilUs[at]!)
    if (missing === 0) continue
    const { client, group, response, rejection } = join
    const kind = rejection === undefined ? silent : rejected
    if (kind.count === 0)
      kind.sample =
        `client ${client}, group ${JSON.stringify(group)}` +
        (rejection === undefined ? (response === undefined ? '' : `, after the message ${response}`) : `: ${rejection}`)
    kind.count++
    kind.missing += missing
  }
  if (rejected.count + silent.count === 0) return undefined
  return { ...(rejected.count > 0 ? { rejected } : {}), ...(silent.count > 0 ? { silent } : {}) }
}

/** Counted deliveries that the client missed since it joined; 0 if it received any, or could not receive one. */
function missedSince({ client, fromUs }: Join, publications: readonly Publication[], untilUs: number): number {
  let missing = 0
  for (let at = firstFrom(publications, fromUs); at < publications.length; at++) {
    const { expected, received, isCounted, intendedUs } = publications[at]!
    if (!expected.has(client)) continue
    if (intendedUs >= untilUs) break
    if (received.has(client)) return 0
    if (isCounted) missing++
  }
  return missing
}

/** Index of the first publication that was due at an instant or later. They are nearly in order of time. */
function firstFrom(publications: readonly Publication[], fromUs: number): number {
  let [low, high] = [0, publications.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (publications[middle]!.intendedUs < fromUs) low = middle + 1
    else high = middle
  }
  return low
}

/** Instant at which each client joined the same group again; infinite if it did not. */
function ends(joins: readonly Join[]): Float64Array {
  const next = new Map<string, number>()
  const untilUs = new Float64Array(joins.length)
  for (let at = joins.length - 1; at >= 0; at--) {
    const { client, group, fromUs } = joins[at]!
    const key = `${client} ${group}`
    untilUs[at] = next.get(key) ?? Number.POSITIVE_INFINITY
    next.set(key, fromUs)
  }
  return untilUs
}
