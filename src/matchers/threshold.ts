import type { Invalidity } from '../evidence/verdict.ts'
import type { Interval } from '../stats/intervals.ts'
import { formatMs, formatRate, formatRatio, formatValue } from '../stats/units.ts'
import type { Figure, Judgement } from './define.ts'
import { limitText, valueText } from './exact-text.ts'

/** Confidence of displayed intervals if the call sets none. */
export const DEFAULT_CONFIDENCE = 0.95

/** A single window does not show how strongly the samples of one second correlate. */
const MIN_WINDOWS = 2

/** A figure and its limit. */
export interface Threshold {
  /** `p95`, `error rate` */
  readonly what: string
  /** Good side of the limit; `at least` includes the limit. */
  readonly side: 'below' | 'above' | 'at least'
  readonly limit: number
  /** NaN if nothing was measured. */
  readonly value: number
  readonly interval: Interval | undefined
  /** Confidence that the call requires. */
  readonly confidence: number | undefined
  /** Unit of limit, value and interval. */
  readonly unit: 'ms' | 'ratio' | 'perSec' | 'value'
  /** Formats limit, value and interval. @default by the unit */
  readonly show?: (value: number) => string
  /** Text after the value: `(+8.7%)`, `(38 of 12,000)`. */
  readonly detail?: string
}

const SHOW = { ms: formatMs, ratio: formatRatio, perSec: formatRate, value: formatValue } as const

const SIGNS = {
  below: ['<', '≥'],
  above: ['>', '≤'],
  'at least': ['≥', '<'],
} as const

/** Compares a figure, or with a confidence its whole interval, with a limit, and describes both. */
export function judgeThreshold(
  threshold: Threshold,
): Pick<Judgement, 'holds' | 'expected' | 'expectedNot' | 'received' | 'invalidities' | 'hint'> & { figure: Figure } {
  const { what, side, limit, value, interval, confidence, unit, show = SHOW[unit] } = threshold
  const sure = confidence === undefined ? '' : ` with ${formatRatio(confidence)} confidence`
  const [sign, opposite] = SIGNS[side]
  const holds =
    confidence === undefined || interval === undefined ? isGood(value, side, limit) : whole(interval, threshold)
  return {
    holds,
    expected: `${what} ${sign} ${limitText(limit, show)}${sure}`,
    expectedNot: `${what} ${opposite} ${limitText(limit, show)}${sure}`,
    received: receivedText(threshold),
    invalidities: confidence !== undefined && interval === undefined ? [withoutInterval(what)] : [],
    figure: { limit, value, unit, interval },
    hint:
      holds === 'undecided'
        ? 'lengthen the run: the interval straddles the limit, and a longer run narrows it'
        : undefined,
  }
}

/** Two values, with a common unit only once: `158–169 ms`. */
export function formatSpan(low: number, high: number, show: (value: number) => string): string {
  const [from, to] = [show(low), show(high)]
  if (from === to) return to
  const unit = unitOf(from)
  return unit !== '' && unit === unitOf(to) ? `${from.slice(0, -unit.length)}–${to}` : `${from}–${to}`
}

/** Distance of a value from its limit: `(+8.7%)`; empty if they are equal. */
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

/** The interval, unless it has too few windows. */
export function trusted(interval: Interval | undefined, windowCount: number): Interval | undefined {
  return windowCount < MIN_WINDOWS ? undefined : interval
}

/** Invalidities of a run, and those of the assertion whose reason the run does not have. */
export function withMissingSamples(
  found: readonly Invalidity[],
  lacking: readonly Invalidity[],
): readonly Invalidity[] {
  return [...found, ...lacking.filter(({ reason }) => !found.some((known) => known.reason === reason))]
}

/** Invalidities of a run, without those of its generator's health and its number of VUs. */
export function withoutGenerator(found: readonly Invalidity[]): readonly Invalidity[] {
  return found.filter(({ reason }) => reason !== 'generator-saturated' && reason !== 'offered-rate-missed')
}

/** Lines of evidence that explain why invalidities of the run were ignored. */
export function setAsideLines(
  found: readonly Invalidity[],
  against: readonly Invalidity[],
  because: string,
): readonly string[] {
  return found
    .filter((each) => !against.includes(each))
    .map(({ reason, finding }) => `${reason}: ${finding}; judged anyway, because ${because}`)
}

function whole({ low, high }: Interval, { side, limit }: Threshold): Judgement['holds'] {
  const [lowIsGood, highIsGood] = [isGood(low, side, limit), isGood(high, side, limit)]
  return lowIsGood === highIsGood ? lowIsGood : 'undecided'
}

function receivedText({ what, value, limit, detail, interval, unit, show = SHOW[unit] }: Threshold): string {
  if (Number.isNaN(value)) return `${what} unknown: nothing was measured`
  const figure = `${what} = ${valueText(value, limit, show)}${detail ? ` ${detail}` : ''}`
  // The interval of an infinite value adds nothing if its lower end is infinite, too.
  if (interval === undefined || interval.low === Number.POSITIVE_INFINITY) return figure
  return `${figure}, ${formatRatio(interval.confidence)} interval ${formatSpan(interval.low, interval.high, show)}`
}

function unitOf(text: string): string {
  return /[^\d.,]*$/.exec(text)![0]
}

function withoutInterval(what: string): Invalidity {
  return {
    reason: 'too-few-samples',
    finding: `no confidence interval can be calculated for the ${what}: its samples cover fewer than ${MIN_WINDOWS} time windows`,
    fix: 'lengthen the run, or leave out { confidence } to judge the value alone',
  }
}
