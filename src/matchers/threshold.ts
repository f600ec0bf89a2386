import type { Invalidity } from '../evidence/verdict.ts'
import type { Interval } from '../stats/intervals.ts'
import { formatMs, formatRate, formatRatio } from '../stats/units.ts'
import type { Figure, Judgement } from './define.ts'

/** What is shown where no confidence was asked for. */
export const DEFAULT_CONFIDENCE = 0.95

/** One window does not show how alike the samples of one second are. */
const MIN_WINDOWS = 2

/** A figure held against a limit. */
export interface Threshold {
  /** `p95`, `error rate` */
  readonly what: string
  /** Which side of the limit is good; `at least` includes the limit itself. */
  readonly side: 'below' | 'above' | 'at least'
  readonly limit: number
  /** NaN if nothing was measured. */
  readonly value: number
  readonly interval: Interval | undefined
  /** The confidence the call asked for. */
  readonly confidence: number | undefined
  /** Of limit, value and interval. */
  readonly unit: 'ms' | 'ratio' | 'perSec'
  /** Follows the value, as the reader sees it: `(+8.7%)`, `(38 of 12,000)`. */
  readonly detail?: string
}

const SHOW = { ms: formatMs, ratio: formatRatio, perSec: formatRate } as const

const SIGNS = {
  below: ['<', '≥'],
  above: ['>', '≤'],
  'at least': ['≥', '<'],
} as const

/** Holds a figure, or with a confidence its whole interval, against a limit, and puts both into words. */
export function judgeThreshold(
  threshold: Threshold,
): Pick<Judgement, 'holds' | 'expected' | 'expectedNot' | 'received' | 'invalidities' | 'hint'> & { figure: Figure } {
  const { what, side, limit, value, interval, confidence, unit } = threshold
  const show = SHOW[unit]
  const sure = confidence === undefined ? '' : ` with ${formatRatio(confidence)} confidence`
  const [sign, opposite] = SIGNS[side]
  const holds =
    confidence === undefined || interval === undefined ? isGood(value, side, limit) : whole(interval, threshold)
  return {
    holds,
    expected: `${what} ${sign} ${show(limit)}${sure}`,
    expectedNot: `${what} ${opposite} ${show(limit)}${sure}`,
    received: receivedText(threshold),
    invalidities: confidence !== undefined && interval === undefined ? [withoutInterval(what)] : [],
    figure: { limit, value, unit, interval },
    hint:
      holds === 'undecided'
        ? 'the interval reaches over the limit, so this run does not say: a longer run narrows it'
        : undefined,
  }
}

/** Two values with their unit once where it is the same: `158–169 ms`. */
export function formatSpan(low: number, high: number, show: (value: number) => string): string {
  const [from, to] = [show(low), show(high)]
  if (from === to) return to
  const unit = unitOf(from)
  return unit !== '' && unit === unitOf(to) ? `${from.slice(0, -unit.length)}–${to}` : `${from}–${to}`
}

/** How far a value lies from its limit: `(+8.7%)`; empty if it does not. */
export function formatDistance(value: number, limit: number): string {
  const distance = value / limit - 1
  if (!Number.isFinite(distance) || distance === 0) return ''
  if (distance >= 9) return `(${Math.round(value / limit)} times the limit)`
  return `(${distance > 0 ? '+' : '−'}${formatRatio(Math.abs(distance))})`
}

export function isGood(value: number, side: Threshold['side'], limit: number): boolean {
  if (side === 'below') return value < limit
  return side === 'above' ? value > limit : value >= limit
}

/** The interval, unless too few windows went into it. */
export function trusted(interval: Interval | undefined, windowCount: number): Interval | undefined {
  return windowCount < MIN_WINDOWS ? undefined : interval
}

/** What a run has against it, with what the assertion lacks, unless the run says so itself. */
export function withLack(found: readonly Invalidity[], lacking: readonly Invalidity[]): readonly Invalidity[] {
  return [...found, ...lacking.filter(({ reason }) => !found.some((known) => known.reason === reason))]
}

/** What a run has against it, if neither the health of its generator nor its number of VUs makes a difference. */
export function withoutGenerator(found: readonly Invalidity[]): readonly Invalidity[] {
  return found.filter(({ reason }) => reason !== 'generator-saturated' && reason !== 'offered-rate-missed')
}

/** Why reasons that the run has against it do not forbid the verdict, as lines of evidence. */
export function setAsideLines(
  found: readonly Invalidity[],
  against: readonly Invalidity[],
  because: string,
): readonly string[] {
  return found
    .filter((each) => !against.includes(each))
    .map(({ reason, finding }) => `${reason}: ${finding}; judged all the same, because ${because}`)
}

function whole({ low, high }: Interval, { side, limit }: Threshold): Judgement['holds'] {
  const [lowIsGood, highIsGood] = [isGood(low, side, limit), isGood(high, side, limit)]
  return lowIsGood === highIsGood ? lowIsGood : 'undecided'
}

function receivedText({ what, value, limit, detail, interval, unit }: Threshold): string {
  const show = SHOW[unit]
  if (Number.isNaN(value)) return `${what} unknown: nothing was measured`
  const figure = `${what} = ${showBeside(value, limit, show)}${detail ? ` ${detail}` : ''}`
  // That an infinite value may be infinite goes without saying.
  if (interval === undefined || interval.low === Number.POSITIVE_INFINITY) return figure
  return `${figure}, ${formatRatio(interval.confidence)} interval ${formatSpan(interval.low, interval.high, show)}`
}

/** How many of a unit's own are in one of the value's: `formatMs` turns to seconds, `formatRatio` to percent. */
const PER_VALUE: Readonly<Record<string, number>> = { ' s': 1 / 1000, '%': 100 }

/** Two figures that differ must not read the same: `150.2 ms` beside `150 ms`. */
function showBeside(value: number, limit: number, show: (value: number) => string): string {
  const text = show(value)
  if (value === limit || text !== show(limit) || !Number.isFinite(value)) return text
  const unit = unitOf(text)
  return `${Number((value * (PER_VALUE[unit] ?? 1)).toPrecision(7))}${unit}`
}

function unitOf(text: string): string {
  return /[^\d.,]*$/.exec(text)![0]
}

function withoutInterval(what: string): Invalidity {
  return {
    reason: 'too-few-samples',
    finding: `no confidence interval can be given for the ${what}: its samples lie in fewer than ${MIN_WINDOWS} windows of time`,
    remedy: 'lengthen the run, or leave out { confidence } to judge the value alone',
  }
}
