import { tooFewForRatio } from '../evidence/sample-size.ts'
import type { MetricsEvidence } from '../evidence/share-evidence.ts'
import { checkKnownKeys } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import { readRatio, rejectExtraArgs } from './arguments.ts'
import { defineMatcher, type ExtendMatcher } from './define.ts'
import { formatDistance, judgeThreshold } from './threshold.ts'
import type { On } from './typing.ts'
import { metricsWindow, type MetricsSource } from './window-subject.ts'

export interface HitRatioOptions {
  /** Selector of the counter of hits: `cache_hits_total{cache="streamers"}`. */
  readonly hits: string
  /** Selector of the counter of misses. */
  readonly misses: string
}

/** `expect()` has these; each belongs to what its first parameter `this` says. */
export interface MetricsMatchers<R extends void | Promise<void>, T> {
  /**
   * Hits as a share (0–1) of hits and misses, from two counters of the target over the run's counted phases, summed
   * over its instances and whoever looked up. A counter that is not there is invalid, and so are two that did not
   * move. Needs `1 / ratio` look-ups, or `1 / (1 - ratio)` above one half. Skipped where the target runs elsewhere
   * and offers no metrics.
   */
  toHaveCacheHitRatioAbove: On<
    T,
    MetricsSource,
    (ratio: number, options: HitRatioOptions) => R,
    'judges metrics, as await metrics.during(run) gives'
  >
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends MetricsMatchers<
    R,
    T
  > {}
}

const EXAMPLE = "toHaveCacheHitRatioAbove(0.8, { hits: 'cache_hits_total', misses: 'cache_misses_total' })"

const toHaveCacheHitRatioAbove = defineMatcher<MetricsEvidence, HitRatioOptions & { readonly limit: number }>({
  name: 'toHaveCacheHitRatioAbove',
  subject: metricsWindow,
  readArguments(problems, args) {
    rejectExtraArgs(problems, args, 2, EXAMPLE)
    const limit = readRatio(problems, args[0], { path: 'ratio', example: EXAMPLE })
    const options = readOptions(problems, args[1])
    return {
      limit,
      hits: selector(problems, 'hits', options.hits),
      misses: selector(problems, 'misses', options.misses),
    }
  },
  judge(evidence, { limit, hits: hitsOf, misses: missesOf }) {
    const { hits, misses, invalidities, unavailable, evidenceLines } = evidence.hitRatio(hitsOf, missesOf)
    const lookUps = hits + misses
    const judged = judgeThreshold({
      what: 'cache hit ratio',
      side: 'above',
      limit,
      value: lookUps === 0 ? Number.NaN : hits / lookUps,
      interval: undefined,
      confidence: undefined,
      show: formatRatio,
      detail:
        `${formatDistance(hits / lookUps, limit)} (${formatCount(hits)} of ${formatCount(lookUps)} look-ups)`.trim(),
    })
    const tooFew = tooFewForRatio('cache hit ratio', 1 - limit, { count: lookUps, durationMs: 0, noun: 'look-ups' })
    const own = tooFew === undefined ? [] : [tooFew]
    return {
      ...judged,
      invalidities: invalidities.length > 0 ? invalidities : own,
      skipped: unavailable,
      evidence: evidenceLines,
    }
  },
})

/** What the target's own metrics say. */
export const metricsMatchers: Readonly<Record<string, ExtendMatcher>> = { toHaveCacheHitRatioAbove }

function readOptions(problems: Problems, value: unknown): Partial<HitRatioOptions> {
  if (typeof value !== 'object' || value === null) return {}
  checkKnownKeys(problems, 'options', value, ['hits', 'misses'])
  return value
}

function selector(problems: Problems, key: 'hits' | 'misses', value: unknown): string {
  const example = `${key}: 'cache_${key}_total{cache="streamers"}'`
  if (typeof value !== 'string' || value === '')
    problems.add(`options.${key}`, value, 'must select a counter of the target', example)
  return String(value)
}
