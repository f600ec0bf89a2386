import type { UtilizationEvidence } from '../evidence/utilization-evidence.ts'
import { optional } from '../options/schema.ts'
import { oneOf } from '../options/values.ts'
import { formatRatio } from '../stats/units.ts'
import type { Judgement } from './define.ts'
import { formatDistance, judgeThreshold } from './threshold.ts'

export interface StatisticOptions {
  /**
   * Statistic over the run's judged phases: the mean, or the worst second. The latter is a single sample, so its limit
   * must leave room for outliers.
   *
   * @default `'mean'`
   */
  readonly statistic?: 'mean' | 'max'
}

/** Reader of the options above. */
export const STATISTIC = { statistic: optional(oneOf(['mean', 'max'], 'max'), 'mean') }
export const STATISTIC_EXAMPLE = { example: "{ statistic: 'max' }" }

/** Judges a utilization, by its mean or its worst second. */
export function judgeUtilization(
  share: UtilizationEvidence,
  limit: number,
  { statistic }: Required<StatisticOptions>,
): Judgement {
  const value = share[statistic]
  const judged = judgeThreshold({
    what: statistic === 'mean' ? `mean ${share.what}` : `highest ${share.what}`,
    side: 'below',
    limit,
    value,
    interval: undefined,
    confidence: undefined,
    unit: 'ratio',
    detail: `${`${share.of} ${formatDistance(value, limit)}`.trim()}${statistic === 'mean' ? unjudgedMax(share, limit) : ''}`,
  })
  return {
    ...judged,
    invalidities: share.invalidities,
    skipped: share.unavailable,
    evidence: share.evidenceLines,
    hint: share.hint,
    fix: 'find in the report what was used most, and when; then reduce the use or raise the capacity',
  }
}

/** A maximum above the limit that the mean does not exceed: a passed assertion shows it, too. */
function unjudgedMax({ mean, max }: UtilizationEvidence, limit: number): string {
  return mean < limit && max >= limit ? `; highest ${formatRatio(max)}: { statistic: 'max' } judges it` : ''
}
