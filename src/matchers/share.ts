import type { ShareEvidence } from '../evidence/share-evidence.ts'
import { optional } from '../options/schema.ts'
import { oneOf } from '../options/values.ts'
import type { Judgement } from './define.ts'
import { formatDistance, judgeThreshold } from './threshold.ts'

export interface StatisticOptions {
  /**
   * Judge the mean over the run's counted phases (default), or its worst second: one sample, so a limit on it has to
   * leave room for what a second now and then does.
   */
  readonly statistic?: 'mean' | 'max'
}

/** Reader of the options above. */
export const STATISTIC = { statistic: optional(oneOf(['mean', 'max'], 'max'), 'mean') }
export const STATISTIC_EXAMPLE = { example: "{ statistic: 'max' }" }

/** Holds a share, by its mean or its worst second, against its limit. */
export function judgeShare(share: ShareEvidence, limit: number, { statistic }: Required<StatisticOptions>): Judgement {
  const value = share[statistic]
  const judged = judgeThreshold({
    what: statistic === 'mean' ? share.what : `highest ${share.what}`,
    side: 'below',
    limit,
    value,
    interval: undefined,
    confidence: undefined,
    unit: 'ratio',
    detail: `${share.of} ${formatDistance(value, limit)}`.trim(),
  })
  return {
    ...judged,
    invalidities: share.invalidities,
    skipped: share.unavailable,
    evidence: share.evidenceLines,
    hint: share.hint,
  }
}
