import type { Invalidity } from '../evidence/verdict.ts'
import { formatChange } from '../results/compared-figures.ts'
import { formatRatio } from '../stats/units.ts'
import type { Figure, Judgement } from './define.ts'

/** The arguments of `toBeNoSlowerThan`, with its defaults. */
export interface NoSlowerPlan {
  readonly p: number
  readonly metric: 'latency' | 'cpu'
  readonly tolerance: number
  readonly confidence: number
  readonly acrossEnvironments: boolean
}

/** Factor by which a figure differs, with its interval. */
export interface MeasuredRatio {
  readonly ratio: number
  readonly low: number
  readonly high: number
  readonly confidence: number
}

/** A measured change and its tolerance. */
export interface ChangeAssertion {
  /** `p95` */
  readonly what: string
  /** Name of the reference: `base`. */
  readonly than: string
  readonly tolerance: number
  readonly found: MeasuredRatio
  /** Both values: `12.1 → 13.9 ms`. */
  readonly values: string
  /** Fix for an interval that straddles the tolerance. */
  readonly fix: string
}

/** Judges the whole interval; an interval that straddles the tolerance is undecided. */
export function judgeChange(
  assertion: ChangeAssertion,
): Pick<Judgement, 'holds' | 'expected' | 'expectedNot' | 'received' | 'invalidities'> & { readonly figure: Figure } {
  const { what, tolerance, found, values, fix, than } = assertion
  const limit = 1 + tolerance
  const change = `${what} ${formatChange(found.ratio - 1)} (${values}), ${formatRatio(found.confidence)} interval`
  const interval = `${formatChange(found.low - 1)} to ${formatChange(found.high - 1)}`
  const undecided: Invalidity = {
    reason: 'undecided',
    finding: `${change} ${interval}, on both sides of ${formatChange(tolerance)}`,
    fix,
  }
  return {
    holds: found.low <= limit,
    ...expectedChange(what, than, tolerance),
    received: found.low === Number.POSITIVE_INFINITY ? `${what} ${values}` : `${change} ${interval}`,
    invalidities: found.low <= limit && found.high > limit ? [undecided] : [],
    figure: figureOf(tolerance, found),
  }
}

/** The tolerance of a change that is unknown. */
export function unknownChange(tolerance: number): Figure {
  return { limit: tolerance, value: Number.NaN, unit: 'ratio' }
}

/** The change and its tolerance as numbers: 0.05 is 5% slower. */
function figureOf(tolerance: number, { ratio, low, high, confidence }: MeasuredRatio): Figure {
  return {
    limit: tolerance,
    value: ratio - 1,
    unit: 'ratio',
    interval: { low: low - 1, high: high - 1, confidence },
  }
}

export function expectedChange(
  what: string,
  than: string,
  tolerance: number,
): Pick<Judgement, 'expected' | 'expectedNot'> {
  const size = tolerance === 0 ? '' : `${formatRatio(tolerance)} `
  return {
    expected: tolerance === 0 ? `${what} not above that of ${than}` : `${what} at most ${size}above that of ${than}`,
    expectedNot: tolerance === 0 ? `${what} above that of ${than}` : `${what} more than ${size}above that of ${than}`,
  }
}
