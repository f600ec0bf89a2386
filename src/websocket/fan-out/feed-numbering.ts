import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import type { Publication } from './publication.ts'

/** Ratio of equal steps between successive publications. A feed that loses this many looks like one that numbers in such steps. */
const STEPS_ALIKE = 0.9
/** Least number of steps that are judged. */
const ENOUGH_STEPS = 5

/** Ratio of late publications to counted ones. A few fill the gap that they left; more belong to another sequence. */
const LATECOMERS_AT_MOST = 0.1

/** Counted span of a feed, on the clock of `nowUs()`. */
export interface CountedSpan {
  readonly fromUs: number
  readonly untilUs: number
  /** Time between the receipts of two publications from which on they show which was first. */
  readonly toleranceUs: number
}

/**
 * Falls of a feed's sequence, which should rise: the feed restarted, feeds with separate sequences are read as one, or
 * publications from before the run were replayed. A publication is a fall if it was made after one with a higher sequence,
 * and
 *
 *     its sequence equals that of another one, or is below the lowest, or
 *     its time stamp shows that it was made later, or it was not counted because of its sequence, or
 *     there are too many such publications to be single late ones
 */
export function fallsOf(publications: readonly Publication[], span: CountedSpan): FeedFigures['fell'] {
  const certain: Fall[] = []
  const latecomers: Fall[] = []
  let counted = 0
  for (const ofLane of Map.groupBy(publications, ({ lane }) => lane).values()) {
    for (const { isCounted } of ofLane) if (isCounted) counted++
    findFalls(ofLane, span, certain, latecomers)
  }
  const falls = latecomers.length > counted * LATECOMERS_AT_MOST ? [...certain, ...latecomers] : certain
  if (falls.length === 0) return undefined
  const [first] = falls.toSorted((a, b) => a.atUs - b.atUs)
  return { count: falls.length, from: first!.from, to: first!.to }
}

interface Fall {
  readonly atUs: number
  readonly from: number
  readonly to: number
}

function findFalls(publications: readonly Publication[], span: CountedSpan, certain: Fall[], latecomers: Fall[]): void {
  const { fromUs, untilUs, toleranceUs } = span
  const inTime = publications.toSorted((a, b) => a.intendedUs - b.intendedUs)
  const seen = new Set<number>()
  let [lowest, highest, highestBefore] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let before = 0
  for (const { sequence, intendedUs, isCounted, stampedAtMs } of inTime) {
    for (; inTime[before]!.intendedUs < intendedUs - toleranceUs; before++)
      highestBefore = Math.max(highestBefore, inTime[before]!.sequence)
    const isLower = sequence < highestBefore
    const isTaken = sequence < highest && seen.has(sequence)
    if (intendedUs >= fromUs && intendedUs < untilUs && (isLower || isTaken)) {
      const isLeftOut = !isCounted && intendedUs >= fromUs + toleranceUs
      const isCertain = isTaken || sequence < lowest || isLeftOut || !Number.isNaN(stampedAtMs)
      ;(isCertain ? certain : latecomers).push({ atUs: intendedUs, from: highest, to: sequence })
    }
    seen.add(sequence)
    lowest = Math.min(lowest, sequence)
    highest = Math.max(highest, sequence)
  }
}

/** Milliseconds by which time stamps went back while the sequence rose; `undefined` up to the limit. */
export function wentBackMs(publications: readonly Publication[], limitMs: number): number | undefined {
  let most = 0
  for (const ofLane of Map.groupBy(publications, ({ lane }) => lane).values()) {
    let [sequence, stampMs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (const next of ofLane) {
      if (Number.isNaN(next.stampedAtMs) || next.sequence <= sequence) continue
      if (stampMs - next.stampedAtMs > most) most = stampMs - next.stampedAtMs
      sequence = next.sequence
      stampMs = Math.max(stampMs, next.stampedAtMs)
    }
  }
  return most > limitMs ? most : undefined
}

/** Step of the sequence from one publication to the next, if it is nearly always the same and more than one. */
export function commonStep(publications: readonly Publication[]): number | undefined {
  const counts = new Map<number, number>()
  let steps = 0
  for (const ofLane of Map.groupBy(publications, ({ lane }) => lane).values()) {
    const ascending = ofLane.map(({ sequence }) => sequence).toSorted((a, b) => a - b)
    for (const [at, sequence] of ascending.entries()) {
      const step = sequence - (ascending[at - 1] ?? sequence)
      if (step === 0) continue
      counts.set(step, (counts.get(step) ?? 0) + 1)
      steps++
    }
  }
  const [step, count] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? [1, 0]
  return steps >= ENOUGH_STEPS && step > 1 && count >= steps * STEPS_ALIKE ? step : undefined
}
