import type { ShareEvidence } from '../evidence/share-evidence.ts'
import { checkKnownKeys } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import { formatRatio } from '../stats/units.ts'
import { readRatio, rejectExtraArgs } from './arguments.ts'
import type { Judgement } from './define.ts'
import { formatDistance, judgeThreshold } from './threshold.ts'

export interface StatisticOptions {
  /**
   * Judge the mean over the run's counted phases (default), or its worst second: one sample, so a limit on it has to
   * leave room for what a second now and then does.
   */
  readonly statistic?: 'mean' | 'max'
}

/** What a matcher of a share was asked for. */
export interface SharePlan<Options> {
  readonly limit: number
  readonly options: Options
}

/** Reads the limit, and options of which only `known` exist. */
export function readShare<Options extends StatisticOptions>(
  problems: Problems,
  args: readonly unknown[],
  example: string,
  known: readonly string[],
): SharePlan<Options> {
  rejectExtraArgs(problems, args, 2, example)
  const limit = readRatio(problems, args[0], { path: 'ratio', example })
  const given = args[1] ?? {}
  if (typeof given !== 'object') {
    problems.add('options', given, 'must be an object', "{ statistic: 'max' }")
    return { limit, options: {} as Options }
  }
  const options = given as Options
  checkKnownKeys(problems, 'options', options, known)
  if (options.statistic !== undefined && options.statistic !== 'mean' && options.statistic !== 'max')
    problems.add('options.statistic', options.statistic, "must be 'mean' or 'max'", "statistic: 'max'")
  return { limit, options }
}

/** Holds a share, by its mean or its worst second, against its limit. */
export function judgeShare(share: ShareEvidence, limit: number, { statistic = 'mean' }: StatisticOptions): Judgement {
  const value = share[statistic]
  const judged = judgeThreshold({
    what: statistic === 'mean' ? share.what : `highest ${share.what}`,
    side: 'below',
    limit,
    value,
    interval: undefined,
    confidence: undefined,
    show: formatRatio,
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
