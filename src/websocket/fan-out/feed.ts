import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { wallMs } from '../../machine/clock.ts'
import { nowUs } from '../sockets/clock.ts'
import type { DeliveryLedger } from './delivery-ledger.ts'
import { commonStep, fallsOf, wentBackMs } from './feed-numbering.ts'
import type { Publication } from './publication.ts'
import type { Sighting } from './target-ids.ts'

/** Of numbers left out more than so many for each one that came, the feed does not number its publications one by one. */
const MOST_LEFT_OUT = 10
/** How many mean gaps between publications the feed may be silent at the end. By chance: one in 20,000 runs. */
const LONGEST_SILENCE = 10
/** With fewer publications nothing is said about silence. */
const ENOUGH_FOR_SILENCE = 5
/** Of the time between receipts, as the stamps have it: outside, they are not milliseconds. */
const MILLISECONDS = { least: 0.1, most: 100 }
/** With a shorter time between receipts nothing is said about the unit of stamps. */
const ENOUGH_FOR_UNIT_MS = 500

/** A time stamp, and when the first message with it came. */
interface Stamp {
  readonly ms: number
  readonly atUs: number
}

/**
 * Publications that the target makes by itself, taken from the messages. The first receipt by any client makes one known;
 * the clients that are members then are owed it.
 *
 * Its instant is the message's time stamp, brought to our clock by the delivery that came fastest until then: the true
 * distance of the clocks lies below what the fastest delivery shows by its time in transit, which no lag therefore holds.
 */
export class Feed {
  readonly #ledger: DeliveryLedger
  readonly #hasGroups: boolean
  readonly #lateAfterMs: number
  /** From `nowUs()` to our wall clock, taken once: what it is off by is off for all. */
  readonly #epochUs = wallMs() * 1000 - nowUs()
  #countFromUs = Number.POSITIVE_INFINITY
  #countUntilUs = Number.POSITIVE_INFINITY
  /** From a stamp to a receipt, at least; on our wall clock. */
  #fastestMs = Number.POSITIVE_INFINITY
  #fastestAtCountMs = Number.NaN
  #stamped = 0
  /** The highest sequence that came before counting began, by group. */
  readonly #highestBefore = new Map<string | undefined, number>()
  #basis: 'sequence' | 'time stamps' | undefined
  /** Receipts while publications were counted. */
  #heard = 0
  /** Receipts since the last one of a new publication. */
  #repeated = 0
  /** The last receipt of a new publication in that time, counted or not. */
  #lastNewUs = Number.NEGATIVE_INFINITY
  #firstStamp: Stamp | undefined
  #lastStamp: Stamp | undefined
  #reused: { count: number; readonly id: string; readonly first: number; readonly again: number } | undefined

  constructor(ledger: DeliveryLedger, options: { hasGroups: boolean; lateAfterMs: number }) {
    this.#ledger = ledger
    this.#hasGroups = options.hasGroups
    this.#lateAfterMs = options.lateAfterMs
  }

  /** Publications made from the first instant to the second are counted. */
  count(fromUs: number, untilUs: number): void {
    this.#countFromUs = fromUs
    this.#countUntilUs = untilUs
  }

  receive(client: number, sighting: Sighting, atUs: number): void {
    const transitMs = this.#transit(sighting.publishedAtMs, atUs)
    if (this.#isCounting(atUs)) {
      this.#heard++
      this.#repeated++
    }
    const found = this.find(sighting)
    if (found !== undefined) this.#lookForReuse(client, found, sighting)
    const publication = found ?? this.#publish(sighting, atUs, transitMs)
    // A delivery that is faster than all before it shows that the clocks are closer than they seemed.
    if (atUs < publication.intendedUs) publication.intendedUs = atUs
    this.#ledger.receive(client, publication, sighting.sequence ?? sighting.publishedAtMs, atUs)
  }

  /** A delivery to a client that is not subscribed again yet. @returns whether it counts */
  receiveEarly(client: number, sighting: Sighting, atUs: number): boolean {
    if (this.find(sighting) === undefined) return false
    this.receive(client, sighting, atUs)
    return true
  }

  find(sighting: Sighting): Publication | undefined {
    return (sighting.publication ??= this.#ledger.find(keyOf(sighting)))
  }

  /** What was missed by everybody goes into the account. To be called once, when the run is over. */
  close(): FeedFigures {
    const all = [...this.#ledger.publications]
    const counted = all.filter(({ isCounted }) => isCounted)
    const leftOut = this.#leftOut()
    const step = commonStep(all)
    const isNumbered = step === undefined && leftOut.count <= counted.length * MOST_LEFT_OUT
    if (isNumbered) for (const { id, sequence, beside } of leftOut.all()) this.#ledger.addLost(id, sequence, beside)
    const driftMs = this.#fastestAtCountMs - this.#fastestMs
    const isBySequence = this.#basis === 'sequence'
    const backMs = isBySequence ? wentBackMs(all, this.#lateAfterMs / 10) : undefined
    // Stamps that went back make later publications seem earlier than they were.
    const fell = isBySequence && backMs === undefined ? fallsOf(all, this.#span()) : undefined
    const badUnit = this.#badUnit()
    const isSilent = fell === undefined && backMs === undefined && badUnit === undefined
    return {
      stamped: this.#stamped,
      fastestMs: this.#stamped === 0 ? undefined : this.#fastestMs,
      driftMs: Number.isFinite(driftMs) ? driftMs : 0,
      isClockUnsteady: driftMs > this.#lateAfterMs / 10,
      ...(driftMs === Number.POSITIVE_INFINITY ? { isClockUnknown: true } : {}),
      orderedBy: this.#basis,
      leftOut: leftOut.count,
      isNumbered,
      ...(step === undefined ? {} : { step }),
      silentMs: isSilent ? this.#silence(counted) : undefined,
      ...(this.#repeated === 0 ? {} : { repeated: this.#repeated }),
      ...(fell === undefined ? {} : { fell }),
      ...(backMs === undefined ? {} : { wentBackMs: backMs }),
      ...(badUnit === undefined ? {} : { badUnit }),
      ...(this.#reused === undefined ? {} : { reused: this.#reused }),
      ...(counted.length === 0 && this.#heard > 0 ? { stale: this.#heard } : {}),
    }
  }

  #isCounting(atUs: number): boolean {
    return atUs >= this.#countFromUs && atUs < this.#countUntilUs
  }

  #span() {
    return { fromUs: this.#countFromUs, untilUs: this.#countUntilUs, toleranceUs: this.#lateAfterMs * 1000 }
  }

  /** A message that is sent twice carries the same sequence; another one under the same id is another publication. */
  #lookForReuse(client: number, publication: Publication, { id, sequence }: Sighting): void {
    if (sequence === undefined || sequence === publication.sequence || !publication.received.has(client)) return
    this.#reused ??= { count: 0, id, first: publication.sequence, again: sequence }
    this.#reused.count++
  }

  /** How stamps advanced, if that cannot be milliseconds. */
  #badUnit(): FeedFigures['badUnit'] {
    if (this.#firstStamp === undefined || this.#lastStamp === undefined) return undefined
    const tookMs = (this.#lastStamp.atUs - this.#firstStamp.atUs) / 1000
    const advanced = this.#lastStamp.ms - this.#firstStamp.ms
    const isUsual = advanced >= tookMs * MILLISECONDS.least && advanced <= tookMs * MILLISECONDS.most
    return tookMs < ENOUGH_FOR_UNIT_MS || advanced < 0 || isUsual ? undefined : { advanced, tookMs }
  }

  /** Our wall clock less the stamp; `undefined` without one. */
  #transit(publishedAtMs: number | undefined, atUs: number): number | undefined {
    if (publishedAtMs === undefined || !Number.isFinite(publishedAtMs)) return undefined
    const transitMs = (atUs + this.#epochUs) / 1000 - publishedAtMs
    if (atUs >= this.#countFromUs && Number.isNaN(this.#fastestAtCountMs)) this.#fastestAtCountMs = this.#fastestMs
    this.#stamped++
    if (transitMs < this.#fastestMs) this.#fastestMs = transitMs
    return transitMs
  }

  #publish(sighting: Sighting, atUs: number, transitMs: number | undefined): Publication {
    const { sequence, group, publishedAtMs } = sighting
    if (this.#hasGroups && group === undefined) throw withoutGroup(sighting)
    if (sequence !== undefined) this.#basis = 'sequence'
    else if (publishedAtMs !== undefined) this.#basis ??= 'time stamps'
    const lagMs = transitMs === undefined ? 0 : transitMs - this.#fastestMs
    const intendedUs = atUs - lagMs * 1000
    const publication = this.#ledger.publish({
      id: keyOf(sighting),
      sequence: sequence ?? this.#ledger.publications.length + 1,
      group: this.#hasGroups ? group : undefined,
      intendedUs,
      second: this.#secondOf(intendedUs, sighting),
    })
    publication.lane = this.#ledger.laneOf(publication, group)
    if (publishedAtMs !== undefined) publication.stampedAtMs = publishedAtMs
    if (this.#isCounting(atUs)) {
      this.#lastNewUs = atUs
      this.#repeated = 0
      if (publishedAtMs !== undefined) {
        this.#lastStamp = { ms: publishedAtMs, atUs }
        this.#firstStamp ??= this.#lastStamp
      }
    }
    sighting.publication = publication
    return publication
  }

  /**
   * What was published before counting began is not counted, though it be shown to a client that comes back: by its stamp
   * or, without one, its sequence.
   */
  #secondOf(intendedUs: number, { sequence, group, publishedAtMs }: Sighting): number | undefined {
    if (intendedUs < this.#countFromUs) {
      if (sequence !== undefined)
        this.#highestBefore.set(group, Math.max(sequence, this.#highestBefore.get(group) ?? sequence))
      return undefined
    }
    if (intendedUs >= this.#countUntilUs) return undefined
    const highestBefore = this.#highestBefore.get(group) ?? Number.NEGATIVE_INFINITY
    if (publishedAtMs === undefined && sequence !== undefined && sequence <= highestBefore) return undefined
    return Math.floor((intendedUs - this.#countFromUs) / 1_000_000)
  }

  /** Numbers of counted publications that no client received. */
  #leftOut(): { readonly count: number; all(): Iterable<{ id: string; sequence: number; beside: Publication }> } {
    const gaps: { readonly after: number; readonly next: Publication }[] = []
    if (this.#basis === 'sequence') {
      for (const [, publications] of Map.groupBy(this.#ledger.publications, ({ lane }) => lane)) {
        const ascending = publications.toSorted((a, b) => a.sequence - b.sequence)
        for (const [at, next] of ascending.entries()) {
          const before = ascending[at - 1]
          if (before !== undefined && next.isCounted && next.sequence > before.sequence + 1)
            gaps.push({ after: before.sequence, next })
        }
      }
    }
    const sizeOf = ({ after, next }: (typeof gaps)[number]) => Math.ceil(next.sequence - after) - 1
    return {
      count: gaps.reduce((sum, gap) => sum + sizeOf(gap), 0),
      *all() {
        for (const gap of gaps)
          for (let nth = 1; nth <= sizeOf(gap); nth++) {
            const sequence = gap.after + nth
            yield { id: `left out #${sequence}`, sequence, beside: gap.next }
          }
      },
    }
  }

  /** How long nothing came before counting ended, if that is too long to be chance. */
  #silence(counted: readonly Publication[]): number | undefined {
    if (counted.length < ENOUGH_FOR_SILENCE) return undefined
    let last = this.#lastNewUs
    for (const { intendedUs } of counted) if (intendedUs > last) last = intendedUs
    const meanMs = (last - this.#countFromUs) / 1000 / counted.length
    const silentMs = (Math.min(this.#countUntilUs, nowUs()) - last) / 1000
    return silentMs > Math.max(LONGEST_SILENCE * meanMs, this.#lateAfterMs) ? silentMs : undefined
  }
}

/** Ids of a feed need be unique in their group only. */
function keyOf({ id, group }: Sighting): string {
  return group === undefined ? id : `${group}\n${id}`
}

function withoutGroup({ id }: Sighting): ScenarioError {
  return new ScenarioError(
    `identify returned the publication ${JSON.stringify(id)} without a group; the run has groups, and a feed's publications ` +
      `must say which one they are for\nFix: return { id, group } from identify`,
  )
}
