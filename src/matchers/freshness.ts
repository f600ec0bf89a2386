import { freshnessOf, type FreshnessEvidence } from '../evidence/freshness-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { limitMs, readArguments, type Duration } from './arguments.ts'
import { defineMatcher, type ExtendMatcher } from './define.ts'
import { limitText } from './exact-text.ts'
import type { Subject } from './subject.ts'
import { formatDistance, judgeThreshold } from './threshold.ts'
import type { On } from './typing.ts'

/** Result of a probe, as `probe.during(run)` and `probe.stop()` return it. */
export interface FreshnessSource {
  [freshnessOf](): FreshnessEvidence
}

/** Matchers of `expect()` for freshness. */
export interface FreshnessMatchers<R extends void | Promise<void>, T> {
  /**
   * No response that the probe read during the load was staler than a limit: the oldest one decides, because a
   * time-to-live is a promise about every response. Staleness is the time from the acknowledgement of a newer version to
   * the sending of the request, so a slow response does not count as stale. Needs 100 reads, 3 writes, and a probe that
   * lasted longer than the limit. Invalid if more than 1% of the reads failed, or a read returned a version that was never
   * written.
   */
  toStayFresherThan: On<
    T,
    FreshnessSource,
    (limitMs: Duration) => R,
    'judges freshness, as await probe.during(run) gives'
  >
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends FreshnessMatchers<
    R,
    T
  > {}
}

const freshness: Subject<FreshnessEvidence> = {
  variable: 'freshness',
  noun: 'freshness, as await probe.during(run) gives',
  read: (received) =>
    typeof received === 'object' && received !== null && freshnessOf in received
      ? (received as FreshnessSource)[freshnessOf]()
      : undefined,
}

const toStayFresherThan = defineMatcher<FreshnessEvidence, { readonly limitMs: number }>({
  name: 'toStayFresherThan',
  subject: freshness,
  readArguments: readArguments('toStayFresherThan(1000)', { limitMs: limitMs('toStayFresherThan(1000)') }),
  judge(evidence, { limitMs }) {
    const { staleness, worst } = evidence
    const value = staleness.count === 0 ? Number.NaN : staleness.maxUs / 1000
    const judged = judgeThreshold({
      what: 'oldest response',
      side: 'below',
      limit: limitMs,
      value,
      interval: undefined,
      confidence: undefined,
      unit: 'ms',
      detail: formatDistance(value, limitMs),
    })
    const over = staleness.count - staleness.countAtMost(limitMs * 1000)
    const own = judged.holds === true ? tooShort(evidence, limitMs) : []
    return {
      ...judged,
      invalidities: evidence.invalidities.length > 0 ? evidence.invalidities : own,
      skipped: evidence.unavailable,
      evidence: evidence.evidenceLines,
      ...(worst && {
        worst: {
          label: 'Oldest',
          items: [`version ${worst.version} at ${formatMs(worst.atMs)}, when ${worst.newest} had been written`],
        },
      }),
      fix: `compare the limit with the time-to-live of the cache: ${formatCount(over)} of ${formatCount(staleness.count)} responses exceeded it`,
    }
  },
})

/** Invalidity of a probe shorter than the limit: a cache that never expires would pass. */
function tooShort({ observableMs }: FreshnessEvidence, limitMs: number): readonly Invalidity[] {
  if (observableMs > limitMs) return []
  return [
    {
      reason: 'too-few-samples',
      finding: `the probe ended ${formatMs(observableMs)} after its first write: no staler response could be observed`,
      fix: `make the load last longer than the limit of ${limitText(limitMs, formatMs)}`,
    },
  ]
}

/** Matchers of the age of cached responses. */
export const freshnessMatchers: Readonly<Record<string, ExtendMatcher>> = { toStayFresherThan }
