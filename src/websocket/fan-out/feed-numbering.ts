import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import type { Skipped } from './outages.ts'
import type { Publication } from './publication.ts'

/** Ratio of equal steps between successive publications. A feed that loses this many looks like one that numbers in such steps. */
const STEPS_ALIKE = 0.9
/** Least number of steps that are judged. */
const ENOUGH_STEPS = 5
/** Rounding error of a step at most. */
const LARGEST_ERROR = 0.01

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

/** Gaps in the sequence of a feed, counted or not: the publications in them were due between those on either side. */
export function* skippedBy(numbered: readonly Publication[]): Generator<Skipped> {
  for (const ofLane of Map.groupBy(numbered, ({ lane }) => lane).values()) {
    const ascending = ofLane.toSorted((a, b) => a.sequence - b.sequence)
    // Without time stamps, one that arrived late seems later than it was: it was due before all with higher sequences.
    const latestUs = new Float64Array(ascending.length)
    let untilUs = Number.POSITIVE_INFINITY
    for (let at = ascending.length - 1; at >= 0; at--)
      latestUs[at] = untilUs = Math.min(untilUs, ascending[at]!.intendedUs)
    let fromUs = Number.NEGATIVE_INFINITY
    for (const [at, { sequence, expected, intendedUs }] of ascending.entries()) {
      if (at > 0 && sequence > ascending[at - 1]!.sequence + 1)
        yield { fromUs, untilUs: latestUs[at]!, expected, isCertain: true }
      if (intendedUs === latestUs[at]) fromUs = intendedUs
    }
  }
}

/**
 * Step of the sequence from one publication to the next, if it is nearly always the same and not one, or often less than
 * one: gaps then do not show how many publications were skipped.
 */
export function commonStep(publications: readonly Publication[]): number | undefined {
  const steps: number[] = []
  let highest = 0
  for (const ofLane of Map.groupBy(publications, ({ lane }) => lane).values()) {
    const ascending = ofLane.map(({ sequence }) => sequence).toSorted((a, b) => a - b)
    for (const [at, sequence] of ascending.entries()) {
      highest = Math.max(highest, Math.abs(sequence))
      const step = sequence - (ascending[at - 1] ?? sequence)
      if (step > 0) steps.push(step)
    }
  }
  if (steps.length < ENOUGH_STEPS) return undefined
  // Differences of fractions have rounding errors.
  const error = Math.min(LARGEST_ERROR, highest * Number.EPSILON * 4)
  const fractions = steps.filter((step) => step < 1 - error)
  const isFractional = fractions.length > steps.length * (1 - STEPS_ALIKE)
  const step = medianOf(isFractional ? fractions : steps)
  const alike = steps.filter((each) => Math.abs(each - step) <= error).length
  const isOne = Math.abs(step - 1) <= error
  if (!isFractional && (isOne || alike < steps.length * STEPS_ALIKE)) return undefined
  return Number.isInteger(step) ? step : Number(step.toPrecision(3))
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
