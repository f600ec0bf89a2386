import type { RecoveryTimes } from '../../evidence/fan-out-record.ts'
import type { ClientSet } from './client-set.ts'
import type { Publication } from './publication.ts'

/** One loss of a client's connection, on the clock of `nowUs()`. */
interface Outage {
  readonly lostUs: number
  /** Instant at which the client was subscribed again; NaN until then. */
  backUs: number
  /** The last receipt of a publication that was due while the client was away. */
  caughtUpUs: number
  /** Whether the client never received a publication that was due meanwhile. */
  isIncomplete: boolean
  /** Whether the client never received a publication that may have been due meanwhile. */
  mayBeIncomplete: boolean
}

/** Publications of a feed that no client received. */
export interface Skipped {
  /** Span in which they were due, on the clock of `nowUs()`. */
  readonly fromUs: number
  readonly untilUs: number
  readonly expected: ClientSet
  /** Whether there were any, as numbers that the feed skipped show; false if there only may have been some. */
  readonly isCertain: boolean
}

/** Outages of clients, from the loss of a connection until they have received everything that was due meanwhile. */
export class Outages {
  readonly #underWayUs: number
  /** Outages of each client, in the order of time. */
  readonly #byClient = new Map<number, Outage[]>()
  readonly #skipped: Skipped[] = []

  /** @param underWayUs how long a delivery may have been in flight when its connection was lost */
  constructor(underWayUs: number) {
    this.#underWayUs = underWayUs
  }

  get isEmpty(): boolean {
    return this.#byClient.size === 0
  }

  /** Clients that are not subscribed again yet. */
  get awayCount(): number {
    let count = 0
    for (const outages of this.#byClient.values()) if (Number.isNaN(outages.at(-1)!.backUs)) count++
    return count
  }

  /** Whether a client has lost its connection and is not subscribed again yet. */
  isAway(client: number): boolean {
    const outage = this.#byClient.get(client)?.at(-1)
    return outage !== undefined && Number.isNaN(outage.backUs)
  }

  lost(client: number, atUs: number): void {
    const outage = { lostUs: atUs, backUs: Number.NaN, caughtUpUs: 0, isIncomplete: false, mayBeIncomplete: false }
    const outages = this.#byClient.get(client)
    if (outages === undefined) this.#byClient.set(client, [outage])
    else outages.push(outage)
  }

  back(client: number, atUs: number): void {
    const outage = this.#byClient.get(client)?.at(-1)
    if (outage !== undefined && Number.isNaN(outage.backUs)) outage.backUs = atUs
  }

  /** Called when a client has received a publication for the first time. */
  received(client: number, dueUs: number, atUs: number): void {
    const outages = this.#byClient.get(client)
    if (outages === undefined) return
    // Nearly every publication was due after the last outage, and ends this loop at once.
    for (let at = outages.length - 1; at >= 0; at--) {
      const outage = outages[at]!
      if (dueUs > outage.backUs) return
      // It was still to be delivered when the connection was lost, unless it belongs to an earlier outage.
      const isOwn = at === 0 || dueUs > outages[at - 1]!.backUs || dueUs >= outage.lostUs - this.#underWayUs
      if (isOwn && atUs > outage.caughtUpUs) outage.caughtUpUs = atUs
    }
  }

  skipped(skipped: Skipped): void {
    this.#skipped.push(skipped)
  }

  /** @param publications of the whole run */
  recoveries(publications: readonly Publication[], endUs: number): RecoveryTimes {
    this.#findIncomplete(publications)
    const tookMs: number[] = []
    const undecidedMs: number[] = []
    const unfinishedMs: number[] = []
    const all = [...this.#byClient.values()].flat()
    for (const { lostUs, backUs, caughtUpUs, isIncomplete, mayBeIncomplete } of all) {
      if (isIncomplete || Number.isNaN(backUs)) unfinishedMs.push((endUs - lostUs) / 1000)
      else (mayBeIncomplete ? undecidedMs : tookMs).push((Math.max(backUs, caughtUpUs) - lostUs) / 1000)
    }
    const ascending = (a: number, b: number) => a - b
    return {
      lost: all.length,
      tookMs: tookMs.toSorted(ascending),
      unfinishedMs: unfinishedMs.toSorted(ascending),
      ...(undecidedMs.length === 0 ? {} : { undecidedMs: undecidedMs.toSorted(ascending) }),
    }
  }

  #findIncomplete(publications: readonly Publication[]): void {
    if (this.isEmpty) return
    for (const { expected, received, missing, intendedUs, isSkipped } of publications) {
      if (missing === 0 || isSkipped) continue
      for (const client of expected.without(received)) this.#neverReceived(client, intendedUs, intendedUs, true)
    }
    for (const { fromUs, untilUs, expected, isCertain } of this.#skipped)
      for (const client of this.#byClient.keys())
        if (expected.has(client)) this.#neverReceived(client, fromUs, untilUs, isCertain)
  }

  /** Called for a publication that was, or may have been, due at an instant of this span. */
  #neverReceived(client: number, fromUs: number, untilUs: number, isCertain: boolean): void {
    for (const outage of this.#byClient.get(client) ?? []) {
      const sinceUs = outage.lostUs - this.#underWayUs
      if (isCertain && fromUs >= sinceUs && !(untilUs > outage.backUs)) outage.isIncomplete = true
      else if (untilUs >= sinceUs && !(fromUs > outage.backUs)) outage.mayBeIncomplete = true
    }
  }
}
