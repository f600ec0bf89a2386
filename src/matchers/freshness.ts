import { freshnessOf, type FreshnessEvidence } from '../evidence/freshness-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { formatMs } from '../stats/units.ts'
import { limitMs, readArguments, type Duration } from './arguments.ts'
import { defineMatcher, type ExtendMatcher } from './define.ts'
import type { Subject } from './subject.ts'
import { formatDistance, judgeThreshold } from './threshold.ts'
import type { On } from './typing.ts'

/** What a probe found out, as `probe.during(run)` and `probe.stop()` give. */
export interface FreshnessSource {
  [freshnessOf](): FreshnessEvidence
}

/** `expect()` has these; each belongs to what its first parameter `this` says. */
export interface FreshnessMatchers<R extends void | Promise<void>, T> {
  /**
   * No response read beside the load was staler than a limit: the oldest one decides, for a time-to-live is a promise
   * about every response. Staleness counts from the moment a newer version was acknowledged to the moment the response
   * was asked for, so that a slow response is not taken for a stale one. Needs 100 reads and 3 writes, and a probe that
   * lasted longer than the limit. Invalid if more than 1% of the reads failed, or one showed a version that was never
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
    const blind = judged.holds === true ? tooShort(evidence, limitMs) : []
    return {
      ...judged,
      invalidities: evidence.invalidities.length > 0 ? evidence.invalidities : blind,
      skipped: evidence.unavailable,
      evidence: evidence.evidenceLines,
      ...(worst && {
        worst: {
          label: 'Oldest',
          items: [`version ${worst.version} at ${formatMs(worst.atMs)}, when ${worst.newest} had been written`],
        },
      }),
      hint:
        over > 0
          ? `${over} of ${staleness.count} responses were past the limit: compare the cache's time-to-live with it`
          : undefined,
    }
  },
})

/** A cache that never expires would pass where nobody looked for longer than the limit. */
function tooShort({ observableMs }: FreshnessEvidence, limitMs: number): readonly Invalidity[] {
  if (observableMs > limitMs) return []
  return [
    {
      reason: 'too-few-samples',
      finding: `the probe ended ${formatMs(observableMs)} after its first write: no response could be found staler than that`,
      remedy: `let the load last longer than the limit of ${formatMs(limitMs)}`,
    },
  ]
}

/** How old cached responses are. */
export const freshnessMatchers: Readonly<Record<string, ExtendMatcher>> = { toStayFresherThan }
