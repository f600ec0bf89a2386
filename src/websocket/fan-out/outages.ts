import type { RecoveryTimes } from '../../evidence/fan-out-record.ts'
import type { Publication } from './publication.ts'

/** One loss of a client's connection, on the clock of `nowUs()`. */
interface Outage {
  readonly client: number
  readonly lostUs: number
  /** Instant at which the client was subscribed again; NaN until then. */
  backUs: number
  /** The last receipt of a publication that was due while the client was away. */
  caughtUpUs: number
  isIncomplete: boolean
}

/** Outages of clients, from the loss of a connection until they have received everything that was due meanwhile. */
export class Outages {
  readonly #all: Outage[] = []
  /** The latest outage of each client. */
  readonly #latest = new Map<number, Outage>()

  get isEmpty(): boolean {
    return this.#all.length === 0
  }

  /** Clients that are not subscribed again yet. */
  get awayCount(): number {
    let count = 0
    for (const { backUs } of this.#latest.values()) if (Number.isNaN(backUs)) count++
    return count
  }

  lost(client: number, atUs: number): void {
    const outage = { client, lostUs: atUs, backUs: Number.NaN, caughtUpUs: 0, isIncomplete: false }
    this.#all.push(outage)
    this.#latest.set(client, outage)
  }

  back(client: number, atUs: number): void {
    const outage = this.#latest.get(client)
    if (outage !== undefined && Number.isNaN(outage.backUs)) outage.backUs = atUs
  }

  /** Called when a client has received a publication for the first time. */
  received(client: number, dueUs: number, atUs: number): void {
    const outage = this.#latest.get(client)
    if (outage !== undefined && !(dueUs > outage.backUs) && atUs > outage.caughtUpUs) outage.caughtUpUs = atUs
  }

  /**
   * @param publications of the whole run
   * @param underWayUs how long a delivery may have been in flight when its connection was lost
   */
  recoveries(publications: readonly Publication[], underWayUs: number, endUs: number): RecoveryTimes {
    this.#findIncomplete(publications, underWayUs)
    const tookMs: number[] = []
    const unfinishedMs: number[] = []
    for (const { lostUs, backUs, caughtUpUs, isIncomplete } of this.#all) {
      if (isIncomplete || Number.isNaN(backUs)) unfinishedMs.push((endUs - lostUs) / 1000)
      else tookMs.push((Math.max(backUs, caughtUpUs) - lostUs) / 1000)
    }
    const ascending = (a: number, b: number) => a - b
    return {
      lost: this.#all.length,
      tookMs: tookMs.toSorted(ascending),
      unfinishedMs: unfinishedMs.toSorted(ascending),
    }
  }

  #findIncomplete(publications: readonly Publication[], underWayUs: number): void {
    if (this.isEmpty) return
    const byClient = Map.groupBy(this.#all, ({ client }) => client)
    for (const { expected, received, missing, intendedUs } of publications) {
      if (missing === 0) continue
      for (const client of expected.without(received))
        for (const outage of byClient.get(client) ?? [])
          if (intendedUs >= outage.lostUs - underWayUs && !(intendedUs > outage.backUs)) outage.isIncomplete = true
    }
  }
}
