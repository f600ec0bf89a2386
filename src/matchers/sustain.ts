import type { RequestEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { object, optional, type ReadOf } from '../options/schema.ts'
import { formatRate } from '../stats/units.ts'
import { lastOptions, ratio, readArguments } from './arguments.ts'
import { goodOf, sustained } from './backlog.ts'
import { busyVusInvalidity, unprovenBeyond, usualMs } from './busy-vus.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { fastErrors, JUDGE_ERRORS, tooLowOnlyBy } from './only-errors.ts'
import { judgeCount, sum } from './ratio.ts'
import { requestRun, type RequestSource } from './subject.ts'
import { withoutGenerator } from './threshold.ts'
import type { On } from './typing.ts'
import { isSurely, sentAnd, shortageAgainst } from './vu-shortage.ts'

export interface SustainOptions {
  /** Ratio (0–1) of offered requests that may lack a good response in time. @default 0.01 */
  readonly tolerance?: number
}

/** Matchers of `expect()` for a sustained rate. */
export interface SustainMatchers<R extends void | Promise<void>, T> {
  /**
   * The target kept up with the offered rate: good responses arrived as fast as requests were due.
   *
   * Does not count errors and dropped requests, and responses that arrived after the end of the scope only as far as the
   * lowest latency of its eighths explains them: a growing backlog is not sustained, even if every request eventually gets a response.
   * A backlog is only measured at the end of the scope, so there is no confidence interval. Invalid if the mean latency at
   * the start is more than a quarter of the scope. Only judges open models: the rate of a closed model follows the target.
   * Needs `1 / tolerance` requests. Excludes warm-up.
   */
  toSustainRate: On<T, RequestSource, (options?: SustainOptions) => R, 'judges a run of requests, as http.run() gives'>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends SustainMatchers<
    R,
    T
  > {}
}

const OPTIONS = lastOptions(
  object<SustainOptions>()({ tolerance: optional(ratio('tolerance: 0.01'), 0.01) }, { example: '{ tolerance: 0.01 }' }),
)

interface Plan {
  readonly options: ReadOf<typeof OPTIONS>
}

const toSustainRate = defineMatcher<RequestEvidence, Plan>({
  name: 'toSustainRate',
  subject: requestRun,
  readArguments: readArguments('toSustainRate({ tolerance: 0.01 })', { options: OPTIONS }),
  judge: judgeSustained,
})

/** Matchers of a sustained rate. */
export const sustainMatchers: Readonly<Record<string, ExtendMatcher>> = { toSustainRate }

function judgeSustained(evidence: RequestEvidence, { options: { tolerance } }: Plan): Judgement {
  const { offeredRatePerSec, offered, durationMs } = evidence
  if (offeredRatePerSec === undefined) {
    throw new TypeError(
      'toSustainRate() requires a load with a rate (constantArrivalRate, rampingArrivalRate); in a closed ' +
        'model the rate follows the responses\nFix: use toHaveThroughputAbove(perSec)',
    )
  }
  const { inTime: kept, invalidity } = sustained(evidence)
  const [goodRate, offeredRate] = [formatRate(kept / (durationMs / 1000)), formatRate(offeredRatePerSec)]
  const counted = judgeCount(evidence, {
    what: 'sustained share of the offered rate',
    side: 'at least',
    limit: 1 - tolerance,
    hits: kept,
    total: offered,
    noun: 'requests',
    fix: 'find what limits the target: CPU, its connection pool, or a lock; or lower the rate',
    parts: `${goodRate} of ${offeredRate}`,
  })
  const isSlow = kept + fastErrors(evidence.errors) < (1 - tolerance) * offered
  const judged: Judgement =
    counted.holds === true || isSlow
      ? counted
      : { ...counted, againstNot: tooLowOnlyBy('sustained share', 'errors other than time-outs', JUDGE_ERRORS) }
  if (evidence.targetErrors > tolerance * offered)
    return { ...judged, invalidities: withoutGenerator(judged.invalidities) }
  const isBroken = () => isSurely('below', 1 - tolerance, sentAnd(evidence, 'good'))
  const shortage = shortageAgainst(evidence, judged.holds, isBroken)
  const waits = judged.holds === true ? [] : waitsAgainst(evidence, (1 - tolerance) * offered - kept)
  // With so many errors or drops, the rate is not sustained, however long the scope.
  const lackOfTime = invalidity === undefined || goodOf(evidence) < (1 - tolerance) * offered ? [] : [invalidity]
  return { ...judged, invalidities: [...judged.invalidities, ...lackOfTime, ...shortage, ...waits] }
}

/** Invalidity if requests that waited for VUs, busy at the target's usual speed, may be the good responses that lack. */
function waitsAgainst(evidence: RequestEvidence, lacking: number): readonly Invalidity[] {
  const { busyVus, offered, requestWindows } = evidence
  if (busyVus === undefined) return []
  const withinMs = usualMs(requestWindows)
  const unproven = sum(unprovenBeyond(evidence, withinMs).map((each) => each.unproven))
  return unproven === 0 || unproven < lacking ? [] : [busyVusInvalidity(busyVus, { unproven, offered, withinMs })]
}
