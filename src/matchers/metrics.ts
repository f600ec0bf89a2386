import { checkKnownKeys } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import { metricsOf, type MetricsEvidence } from '../run/share-evidence.ts'
import { tooFewForRatio } from '../run/usable.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import { readRatio, refuseMore } from './arguments.ts'
import type { MetricsSource } from './capacity.ts'
import { defineMatcher, type ExtendMatcher } from './define.ts'
import type { Subject } from './subject.ts'
import { formatDistance, judgeThreshold } from './threshold.ts'
import type { On } from './typing.ts'

interface HitRatioOptions {
  /** Selector of the counter of hits: `cache_hits_total{cache="streamers"}`. */
  readonly hits: string
  /** Selector of the counter of misses. */
  readonly misses: string
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * Hits as a share (0–1) of hits and misses, from two counters of the target over the run's counted phases, summed
     * over its instances. A counter that is not there is invalid, and so are two that did not move.
     */
    toHaveCacheHitRatioAbove: On<
      T,
      MetricsSource,
      (ratio: number, options: HitRatioOptions) => R,
      'judges metrics, as await metrics.during(run) gives'
    >
  }
}

const metrics: Subject<MetricsEvidence> = {
  variable: 'metrics',
  noun: 'metrics, as await metrics.during(run) gives',
  read: (received) => (isSource(received) ? received[metricsOf]() : undefined),
}

const EXAMPLE = "toHaveCacheHitRatioAbove(0.8, { hits: 'cache_hits_total', misses: 'cache_misses_total' })"

const toHaveCacheHitRatioAbove = defineMatcher<MetricsEvidence, HitRatioOptions & { readonly limit: number }>({
  name: 'toHaveCacheHitRatioAbove',
  subject: metrics,
  readArguments(problems, args) {
    refuseMore(problems, args, 2, EXAMPLE)
    const limit = readRatio(problems, args[0], { path: 'ratio', example: EXAMPLE })
    const options = (args[1] ?? {}) as HitRatioOptions
    checkKnownKeys(problems, '', options, ['hits', 'misses'])
    return {
      limit,
      hits: selector(problems, 'hits', options.hits),
      misses: selector(problems, 'misses', options.misses),
    }
  },
  judge(evidence, { limit, hits: hitsOf, misses: missesOf }) {
    const { hits, misses, invalidities, evidenceLines } = evidence.hitRatio(hitsOf, missesOf)
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
    return { ...judged, invalidities: invalidities.length > 0 ? invalidities : own, evidence: evidenceLines }
  },
})

/** What the target's own metrics say. */
export const metricsMatchers: Readonly<Record<string, ExtendMatcher>> = { toHaveCacheHitRatioAbove }

function selector(problems: Problems, path: string, value: unknown): string {
  if (typeof value !== 'string' || value === '')
    problems.add(
      path,
      value,
      'must select a counter of the target',
      `${path}: 'cache_${path}_total{cache="streamers"}'`,
    )
  return String(value)
}

function isSource(received: unknown): received is MetricsSource {
  return typeof received === 'object' && received !== null && metricsOf in received
}
