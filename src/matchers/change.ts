import type { Invalidity } from '../evidence/verdict.ts'
import { formatChange } from '../results/compared-figures.ts'
import { formatRatio } from '../stats/units.ts'
import type { Judgement } from './define.ts'

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
): Pick<Judgement, 'holds' | 'expected' | 'expectedNot' | 'received' | 'invalidities'> {
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
