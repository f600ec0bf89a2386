import type { RequestEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { object, optional, type ReadOf } from '../options/schema.ts'
import { Histogram, highestOf, lowestOf } from '../stats/histogram.ts'
import { WINDOW_MS, type Window } from '../stats/timeline.ts'
import { formatRate } from '../stats/units.ts'
import { lastOptions, ratio, readArguments } from './arguments.ts'
import { busyVusInvalidity, unprovenBeyond, usualMs } from './busy-vus.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
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
   * Does not count errors, dropped requests, and responses that arrived after the end of the scope by more than the p99
   * latency of its first quarter: a growing backlog is not sustained, even if every request eventually gets a response. A
   * backlog is only measured at the end of the scope, so there is no confidence interval: make the scope long compared with
   * the latency. Only judges open models: the rate of a closed model follows the target. Needs `1 / tolerance` requests.
   * Excludes warm-up.
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
  const lengths = new Map(evidence.goodBySecond.map(({ second, seconds }) => [second, seconds]))
  const kept = sum(
    stretchesOf(evidence.requestWindows).map((stretch) =>
      goodInTime(stretch, lengths.get(stretch.at(-1)!.second) ?? 1),
    ),
  )
  const [goodRate, offeredRate] = [formatRate(kept / (durationMs / 1000)), formatRate(offeredRatePerSec)]
  const judged = judgeCount(evidence, {
    what: 'sustained share of the offered rate',
    side: 'at least',
    limit: 1 - tolerance,
    hits: kept,
    total: offered,
    noun: 'requests',
    fix: 'find what limits the target: CPU, its connection pool, or a lock; or lower the rate',
    parts: `${goodRate} of ${offeredRate}`,
  })
  if (evidence.targetErrors > tolerance * offered)
    return { ...judged, invalidities: withoutGenerator(judged.invalidities) }
  const isBroken = () => isSurely('below', 1 - tolerance, sentAnd(evidence, 'good'))
  const shortage = shortageAgainst(evidence, judged.holds, isBroken)
  const waits = judged.holds === true ? [] : waitsAgainst(evidence, (1 - tolerance) * offered - kept)
  return { ...judged, invalidities: [...judged.invalidities, ...shortage, ...waits] }
}

/** Invalidity if requests that waited for VUs, busy at the target's usual speed, may be the good responses that lack. */
function waitsAgainst(evidence: RequestEvidence, lacking: number): readonly Invalidity[] {
  const { busyVus, offered, requestWindows } = evidence
  if (busyVus === undefined) return []
  const withinMs = usualMs(requestWindows)
  const unproven = sum(unprovenBeyond(evidence, withinMs).map((each) => each.unproven))
  return unproven === 0 || unproven < lacking ? [] : [busyVusInvalidity(busyVus, { unproven, offered, withinMs })]
}

/** Groups of consecutive windows: a scope of several phases may have gaps, and each group has its own end. */
function stretchesOf(windows: readonly Window[]): Window[][] {
  const stretches: Window[][] = []
  let last: Window | undefined
  for (const window of windows) {
    if (last !== undefined && window.second === last.second + 1) stretches.at(-1)!.push(window)
    else stretches.push([window])
    last = window
  }
  return stretches
}

/**
 * Number of a stretch's requests that got a good response before the usual latency after its end.
 *
 * @param lastSec part of the last second that is in the scope, in seconds
 */
function goodInTime(stretch: readonly Window[], lastSec: number): number {
  const early = Histogram.merged(stretch.slice(0, Math.ceil(stretch.length / 4)).map(({ good }) => good.latency))
  const graceUs = early.count === 0 ? 0 : early.percentileUs(0.99)
  // A stretch within one second may begin in the middle of it.
  const last = stretch.at(-1)!
  const lastUs = stretch.length === 1 ? WINDOW_US : lastSec * WINDOW_US
  const endUs = last.second * WINDOW_US + lastUs + graceUs
  return sum(
    stretch.map((window) => {
      const leftUs = endUs - window.second * WINDOW_US
      return respondedWithin(window.good.latency, leftUs, window === last ? lastUs : WINDOW_US)
    }),
  )
}

const WINDOW_US = WINDOW_MS * 1000

/** Number of a window's responses within `us` of its start, assuming that its requests were due evenly. */
function respondedWithin(latency: Histogram, us: number, lengthUs: number): number {
  if (latency.count === 0 || us - lengthUs > latency.maxUs) return latency.count
  let responded = 0
  for (const [bucket, count] of latency.buckets()) {
    const latencyUs = (lowestOf(bucket) + highestOf(bucket)) / 2
    responded += count * Math.min(1, Math.max(0, (us - latencyUs) / lengthUs))
  }
  return responded
}
