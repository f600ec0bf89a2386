import { tooFewForRatio } from '../evidence/sample-size.ts'
import type { MetricsEvidence } from '../evidence/utilization-evidence.ts'
import { object, type ReadOf } from '../options/schema.ts'
import { text } from '../options/values.ts'
import { formatCount } from '../stats/units.ts'
import { lastOptions, ratio, readArguments } from './arguments.ts'
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

/** Matchers of `expect()` for the target's own metrics. */
export interface MetricsMatchers<R extends void | Promise<void>, T> {
  /**
   * Hits as a ratio (0–1) of hits and misses, from two counters of the target over the run's judged phases, summed over
   * its instances and all clients. Invalid if a counter is missing, or neither changed. Needs `1 / ratio` lookups, or
   * `1 / (1 - ratio)` above one half. Skipped for an external target without metrics.
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

const COUNTER = 'must select a counter of the target'
const OPTIONS = lastOptions(
  object<HitRatioOptions>()(
    {
      hits: text(`'cache_hits_total{cache="streamers"}'`, COUNTER),
      misses: text(`'cache_misses_total{cache="streamers"}'`, COUNTER),
    },
    { example: "{ hits: 'cache_hits_total', misses: 'cache_misses_total' }" },
  ),
)

const toHaveCacheHitRatioAbove = defineMatcher<
  MetricsEvidence,
  { readonly ratio: number; readonly options: ReadOf<typeof OPTIONS> }
>({
  name: 'toHaveCacheHitRatioAbove',
  subject: metricsWindow,
  readArguments: readArguments(EXAMPLE, { ratio: ratio(EXAMPLE), options: OPTIONS }),
  judge(evidence, { ratio: limit, options }) {
    const { hits, misses, invalidities, unavailable, evidenceLines } = evidence.hitRatio(options.hits, options.misses)
    const lookUps = hits + misses
    const judged = judgeThreshold({
      what: 'cache hit ratio',
      side: 'above',
      limit,
      value: lookUps === 0 ? Number.NaN : hits / lookUps,
      interval: undefined,
      confidence: undefined,
      unit: 'ratio',
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
      fix: 'raise the size or the time-to-live of the cache, or let the load repeat its keys as users do',
    }
  },
})

/** Matchers of the target's own metrics. */
export const metricsMatchers: Readonly<Record<string, ExtendMatcher>> = { toHaveCacheHitRatioAbove }
