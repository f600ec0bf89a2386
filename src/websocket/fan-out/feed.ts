import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { wallMs } from '../../machine/clock.ts'
import { nowUs } from '../sockets/clock.ts'
import type { DeliveryTracker } from './delivery-tracker.ts'
import { commonStep, fallsOf, skippedBy, wentBackMs } from './feed-numbering.ts'
import { endedGroups, feedSilence, silentGroups, type Counted, type FeedGroup } from './feed-silence.ts'
import type { Publication } from './publication.ts'
import type { Sighting } from './target-ids.ts'
import { unseenPublications } from './unseen-publications.ts'

/** Skipped numbers for each received one. If a feed skips more, it does not number its publications one by one. */
const MOST_LEFT_OUT = 10
/** Range of the ratio of stamp differences to times between receipts in which stamps may be milliseconds. */
const MILLISECONDS = { least: 0.1, most: 100 }
/** Least time between receipts from which the unit of stamps is judged. */
const ENOUGH_FOR_UNIT_MS = 500

/** A time stamp, and the first receipt of a message with it. */
interface Stamp {
  readonly ms: number
  readonly atUs: number
}

/**
 * Publications that the target makes by itself, derived from the messages. The first receipt by any client adds a
 * publication, which the current members of its group expect.
 *
 * Its instant is the time stamp of the message, converted to the clock of this machine by the fastest delivery so far. The
 * true offset of the clocks is smaller by the transit time of that delivery, which lags therefore do not include.
 */
export class Feed {
  readonly #ledger: DeliveryTracker
  readonly #hasGroups: boolean
  readonly #lateThresholdMs: number
  /** Offset from `nowUs()` to the wall clock, measured once, so that its error is the same for all. */
  readonly #epochUs = wallMs() * 1000 - nowUs()
  #countFromUs = Number.POSITIVE_INFINITY
  #countUntilUs = Number.POSITIVE_INFINITY
  /** Shortest time from a stamp to a receipt by the wall clock of this machine. */
  #fastestMs = Number.POSITIVE_INFINITY
  #fastestAtCountMs = Number.NaN
  #stamped = 0
  #unstamped: { count: number; readonly id: string } | undefined
  /** The highest sequence before counting began, by group. */
  readonly #highestBefore = new Map<string | undefined, number>()
  /** The lowest sequence, by group. */
  readonly #lowest = new Map<string | undefined, number>()
  #basis: Publication['orderedBy']
  /** Lanes in which order is compared: one for each group and kind of order, as sequences and time stamps cannot be compared. */
  readonly #lanes = new Map<string, number>()
  /** The group that `identify` returned, by lane. */
  readonly #groupOfLane: (string | undefined)[] = []
  /** Receipts while publications are counted. */
  #heard = 0
  /** Receipts of publications that their client had already received, since the last new publication. */
  #repeated = 0
  /** The last receipt of a new publication while publications are counted. */
  #lastNewUs = Number.NEGATIVE_INFINITY
  /** The same, by group. */
  readonly #lastNewOf = new Map<string | undefined, number>()
  #firstStamp: Stamp | undefined
  #lastStamp: Stamp | undefined
  #reused: { count: number; readonly id: string; readonly first: number; readonly again: number } | undefined

  constructor(ledger: DeliveryTracker, options: { hasGroups: boolean; lateThresholdMs: number }) {
    this.#ledger = ledger
    this.#hasGroups = options.hasGroups
    this.#lateThresholdMs = options.lateThresholdMs
  }

  /** Sets the span in which publications are counted. */
  count(fromUs: number, untilUs: number): void {
    this.#countFromUs = fromUs
    this.#countUntilUs = untilUs
  }

  receive(client: number, sighting: Sighting, atUs: number): void {
    const transitMs = this.#transit(sighting.publishedAtMs, atUs)
    const found = this.find(sighting)
    if (this.#isCounting(atUs)) {
      this.#heard++
      if (found?.received.has(client) === true) this.#repeated++
    }
    if (found !== undefined) this.#lookForReuse(client, found, sighting)
    const publication = found ?? this.#publish(sighting, atUs, transitMs)
    // A delivery that is faster than all earlier ones shows a smaller offset of the clocks.
    if (atUs < publication.intendedUs) publication.intendedUs = atUs
    this.#ledger.receive(client, publication, orderOf(publication, sighting), atUs)
  }

  /**
   * Receives a message to a client that is not subscribed again yet. @returns whether it counts: other content than
   * publications may belong to the protocol
   */
  receiveEarly(client: number, sighting: Sighting, atUs: number): boolean {
    if (this.find(sighting) === undefined && !this.#isReplay(sighting)) return false
    this.receive(client, sighting, atUs)
    return true
  }

  /** Whether a publication that no client has received yet was made during the run, when all of them were away. */
  #isReplay({ sequence, group, publishedAtMs }: Sighting): boolean {
    if (this.#hasGroups && (group === undefined || !this.#ledger.hasGroup(group))) return false
    if (sequence === undefined) return publishedAtMs !== undefined
    return sequence > (this.#lowest.get(group) ?? Number.POSITIVE_INFINITY)
  }

  find(sighting: Sighting): Publication | undefined {
    return (sighting.publication ??= this.#ledger.find(keyOf(sighting)))
  }

  /** Adds publications that no client received, and returns the figures. Called once, at the end of the run. */
  close(): FeedFigures {
    const all = [...this.#ledger.publications]
    const counted = all.filter(({ isCounted }) => isCounted)
    const numbered = all.filter(({ orderedBy }) => orderedBy === 'sequence')
    const leftOut = leftOutOf(numbered)
    const step = commonStep(numbered)
    const countedNumbers = numbered.filter(({ isCounted }) => isCounted).length
    const isNumbered = step === undefined && leftOut.count <= countedNumbers * MOST_LEFT_OUT
    if (isNumbered) {
      for (const { id, sequence, next } of leftOut.all()) this.#ledger.addLost(id, sequence, next)
      for (const skipped of skippedBy(numbered)) this.#ledger.skipped(skipped)
    }
    const driftMs = this.#fastestAtCountMs - this.#fastestMs
    const backMs = wentBackMs(numbered, this.#lateThresholdMs / 10)
    // After stamps went back, later publications seem earlier than they were.
    const fell = backMs === undefined ? fallsOf(numbered, this.#span()) : undefined
    const badUnit = this.#badUnit()
    const mayBeSilent = fell === undefined && backMs === undefined && badUnit === undefined
    const heard = { ...this.#span(), untilUs: Math.min(this.#countUntilUs, nowUs()) }
    const { groups } = this.#ledger
    const silence = mayBeSilent ? feedSilence(groups, counted, this.#lastNewUs, heard) : undefined
    const unseen = unseenPublications(groups, all, isNumbered, heard)
    for (const span of unseen.spans) this.#ledger.skipped(span)
    const silent =
      mayBeSilent && silence === undefined && counted.length > 0 ? this.#silentGroups(counted, heard) : undefined
    const isRepeating = silence !== undefined && this.#repeated >= silence.publications / 2
    return {
      stamped: this.#stamped,
      ...(this.#unstamped === undefined ? {} : { unstamped: this.#unstamped }),
      fastestMs: this.#stamped === 0 ? undefined : this.#fastestMs,
      driftMs: Number.isFinite(driftMs) ? driftMs : 0,
      isClockUnsteady: driftMs > this.#lateThresholdMs / 10,
      ...(driftMs === Number.POSITIVE_INFINITY ? { isClockUnknown: true } : {}),
      orderedBy: this.#basis,
      leftOut: leftOut.count,
      isNumbered,
      ...(step === undefined ? {} : { step }),
      silentMs: silence?.ms,
      ...(silent === undefined ? {} : { silentGroups: silent }),
      ...(unseen.figures === undefined ? {} : { unseen: unseen.figures }),
      ...(isRepeating ? { repeated: this.#repeated } : {}),
      ...(fell === undefined ? {} : { fell }),
      ...(backMs === undefined ? {} : { wentBackMs: backMs }),
      ...(badUnit === undefined ? {} : { badUnit }),
      ...(this.#reused === undefined ? {} : { reused: this.#reused }),
      ...(counted.length === 0 && this.#heard > 0 ? { stale: this.#heard } : {}),
      ...(counted.length === 0 && this.#heard === 0 && all.length > 0 ? { onlyBefore: all.length } : {}),
    }
  }

  #silentGroups(counted: readonly Publication[], span: Counted): FeedFigures['silentGroups'] {
    const { groups } = this.#ledger
    const lastNewUs = (name: string | undefined) => this.#lastNewOf.get(name) ?? Number.NEGATIVE_INFINITY
    if (this.#hasGroups) {
      const byGroup = Map.groupBy(counted, ({ group }) => group)
      const all = groups.map((group): FeedGroup => {
        const { name, occupied, unattended } = group
        return { name, occupied, unattended, publications: byGroup.get(group) ?? [], lastNewUs: lastNewUs(name) }
      })
      return silentGroups(all, span)
    }
    const [everyone] = groups
    const byName = Map.groupBy(counted, ({ lane }) => this.#groupOfLane[lane])
    if (everyone === undefined || byName.size < 2) return undefined
    const { occupied, unattended } = everyone
    const named = [...byName].map(([name, publications]): FeedGroup => {
      return { name, occupied, unattended, publications, lastNewUs: lastNewUs(name) }
    })
    return endedGroups(named, span)
  }

  #isCounting(atUs: number): boolean {
    return atUs >= this.#countFromUs && atUs < this.#countUntilUs
  }

  #span() {
    return { fromUs: this.#countFromUs, untilUs: this.#countUntilUs, toleranceUs: this.#lateThresholdMs * 1000 }
  }

  /** Counts ids with another sequence: a repeated message has the same one, so this is another publication. */
  #lookForReuse(client: number, publication: Publication, { id, sequence }: Sighting): void {
    if (sequence === undefined || publication.orderedBy !== 'sequence') return
    if (sequence === publication.sequence || !publication.received.has(client)) return
    this.#reused ??= { count: 0, id, first: publication.sequence, again: sequence }
    this.#reused.count++
  }

  /** The advance of stamps, if they cannot be milliseconds. */
  #badUnit(): FeedFigures['badUnit'] {
    if (this.#firstStamp === undefined || this.#lastStamp === undefined) return undefined
    const tookMs = (this.#lastStamp.atUs - this.#firstStamp.atUs) / 1000
    const advanced = this.#lastStamp.ms - this.#firstStamp.ms
    const isUsual = advanced >= tookMs * MILLISECONDS.least && advanced <= tookMs * MILLISECONDS.most
    return tookMs < ENOUGH_FOR_UNIT_MS || advanced < 0 || isUsual ? undefined : { advanced, tookMs }
  }

  /** Time from the stamp to the receipt by the wall clock of this machine; `undefined` without a stamp. */
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
    const orderedBy = sequence === undefined ? (publishedAtMs === undefined ? undefined : 'time stamps') : 'sequence'
    if (this.#basis !== 'sequence') this.#basis = orderedBy ?? this.#basis
    if (sequence !== undefined) this.#lowest.set(group, Math.min(sequence, this.#lowest.get(group) ?? sequence))
    const lagMs = transitMs === undefined ? 0 : transitMs - this.#fastestMs
    const intendedUs = atUs - lagMs * 1000
    const publication = this.#ledger.publish({
      id: keyOf(sighting),
      sequence: sequence ?? this.#ledger.publications.length + 1,
      group: this.#hasGroups ? group : undefined,
      intendedUs,
      second: this.#secondOf(intendedUs, sighting),
    })
    publication.orderedBy = orderedBy
    publication.lane = this.#laneOf(orderedBy, group)
    if (publishedAtMs !== undefined) publication.stampedAtMs = publishedAtMs
    // Nothing shows how long ago it was published, and the first receipt may be late.
    else if (this.#stamped > 0) this.#withoutStamp(publication)
    if (this.#isCounting(atUs)) {
      this.#lastNewUs = atUs
      this.#lastNewOf.set(group, atUs)
      this.#repeated = 0
      if (publishedAtMs !== undefined) {
        this.#lastStamp = { ms: publishedAtMs, atUs }
        this.#firstStamp ??= this.#lastStamp
      }
    }
    sighting.publication = publication
    return publication
  }

  #withoutStamp(publication: Publication): void {
    publication.isLagUnknown = true
    if (!publication.isCounted) return
    this.#unstamped ??= { count: 0, id: publication.id }
    this.#unstamped.count++
  }

  /**
   * The counted second of a publication. One from before counting began, as shown by its stamp or, without one, its
   * sequence, is not counted, even if it is replayed to a client that reconnects.
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

  #laneOf(orderedBy: Publication['orderedBy'], group: string | undefined): number {
    const key = `${orderedBy}\n${group ?? ''}`
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      this.#lanes.set(key, (lane = this.#lanes.size))
      this.#groupOfLane[lane] = group
    }
    return lane
  }
}

/** The number of a message by which its publication is ordered. A message without one has that of the first message. */
function orderOf({ orderedBy, sequence, stampedAtMs }: Publication, sighting: Sighting): number | undefined {
  if (orderedBy === 'sequence') return sighting.sequence ?? sequence
  return orderedBy === 'time stamps' ? (sighting.publishedAtMs ?? stampedAtMs) : undefined
}

/** Skipped numbers before counted publications of a feed with a sequence. */
function leftOutOf(numbered: readonly Publication[]): {
  readonly count: number
  all(): Iterable<{ id: string; sequence: number; next: Publication }>
} {
  const gaps: { readonly after: number; readonly next: Publication }[] = []
  for (const publications of Map.groupBy(numbered, ({ lane }) => lane).values()) {
    const ascending = publications.toSorted((a, b) => a.sequence - b.sequence)
    for (const [at, next] of ascending.entries()) {
      const before = ascending[at - 1]
      if (before !== undefined && next.isCounted && next.sequence > before.sequence + 1)
        gaps.push({ after: before.sequence, next })
    }
  }
  const sizeOf = ({ after, next }: (typeof gaps)[number]) => Math.ceil(next.sequence - after) - 1
  return {
    count: gaps.reduce((sum, gap) => sum + sizeOf(gap), 0),
    *all() {
      for (const gap of gaps)
        for (let nth = 1; nth <= sizeOf(gap); nth++) {
          const sequence = gap.after + nth
          yield { id: `left out #${sequence}`, sequence, next: gap.next }
        }
    },
  }
}

/** Key of a publication, as ids of a feed are unique only within a group. */
function keyOf({ id, group }: Sighting): string {
  return group === undefined ? id : `${group}\n${id}`
}

function withoutGroup({ id }: Sighting): ScenarioError {
  return new ScenarioError(
    `identify returned the publication ${JSON.stringify(id)} without a group; in a run with groups, each publication of a feed ` +
      `must have one\nFix: return { id, group } from identify`,
  )
}
