import type { RequestEvidence } from '../run/evidence.ts'
import { tooFewForRatio } from '../run/usable.ts'
import { Histogram, highestOf, lowestOf } from '../stats/histogram.ts'
import { WINDOW_MS } from '../stats/timeline.ts'
import type { Window } from '../stats/timeline.ts'
import { formatRate, formatRatio } from '../stats/units.ts'
import { readOptions, readRatio, refuseMore } from './arguments.ts'
import type { ThresholdOptions } from './arguments.ts'
import { defineMatcher } from './define.ts'
import type { ExtendMatcher, Judgement } from './define.ts'
import { judgeRatio, sum } from './ratio.ts'
import { requestRun } from './subject.ts'
import type { RequestRun } from './subject.ts'
import type { On } from './typing.ts'

export interface SustainOptions extends ThresholdOptions {
  /** The share of offered requests that may be missing from the answers, 0–1. Default 0.01. */
  readonly tolerance?: number
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * The target kept up with the rate the load offered: good answers came as fast as requests fell due.
     *
     * Counted against it are errors, dropped requests, and answers that came after the scope had ended by more than
     * what requests took in its first quarter (p95): a backlog that grows is not sustained, although every request in
     * it is answered in the end. Judges open models alone; a closed model slows down with the target and claims no rate.
     * Needs `1 / tolerance` requests. Warm-up is left out.
     */
    toSustainRate: On<T, RequestRun, (options?: SustainOptions) => R, 'judges a run of requests, as http.run() gives'>
  }
}

interface Plan {
  readonly tolerance: number
  readonly confidence: number | undefined
}

const toSustainRate = defineMatcher<RequestEvidence, Plan>({
  name: 'toSustainRate',
  subject: requestRun,
  readArguments(problems, args) {
    refuseMore(problems, args, 1, 'toSustainRate({ tolerance: 0.01 })')
    const options = readOptions(problems, args[0], ['tolerance', 'confidence'], '{ tolerance: 0.01 }')
    const { tolerance = 0.01, confidence } = options
    return {
      tolerance: readRatio(problems, tolerance, { path: 'options.tolerance', example: 'tolerance: 0.01' }),
      confidence,
    }
  },
  judge: judgeSustained,
})

/** Whether an offered rate was kept up. */
export const sustainMatchers: Readonly<Record<string, ExtendMatcher>> = { toSustainRate }

function judgeSustained(evidence: RequestEvidence, { tolerance, confidence }: Plan): Judgement {
  const { offeredRatePerSec, durationMs } = evidence
  if (offeredRatePerSec === undefined) {
    throw new TypeError(
      'toSustainRate() judges a load with a rate of its own (constantArrivalRate, rampingArrivalRate); in a closed ' +
        'model the rate follows the answers. Use toHaveThroughputAbove(perSec) there.',
    )
  }
  const windows = stretchesOf(evidence.requestWindows).flatMap(keptUpByWindow)
  const kept = sum(windows.map(({ hits }) => hits))
  const [keptRate, offeredRate] = [formatRate(kept / (durationMs / 1000)), formatRate(offeredRatePerSec)]
  return judgeRatio(evidence, {
    what: 'share of the offered rate answered well and in step',
    side: 'at least',
    limit: 1 - tolerance,
    confidence,
    windows,
    noun: 'requests',
    parts: `${keptRate} of ${offeredRate} offered`,
    tooFew: (scope) => tooFewForRatio(`a rate sustained within ${formatRatio(tolerance)}`, tolerance, scope),
  })
}

/** Consecutive windows: a scope of several phases may have gaps, and each part ends for itself. */
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

/** Of each window's requests, how many were answered well before the stretch had been over for the usual time. */
function keptUpByWindow(stretch: readonly Window[]): { hits: number; total: number }[] {
  const early = Histogram.merged(stretch.slice(0, Math.ceil(stretch.length / 4)).map(({ latency }) => latency))
  const graceUs = early.count === 0 ? 0 : early.percentileUs(0.95)
  const endUs = (stretch.at(-1)!.second + 1) * WINDOW_US + graceUs
  return stretch.map((window) => {
    const inTime = answeredWithin(window.latency, endUs - window.second * WINDOW_US)
    return { hits: Math.max(0, inTime - window.errorCount), total: window.offered }
  })
}

const WINDOW_US = WINDOW_MS * 1000

/** How many of a window's answers came within `us` of its start; its requests are taken as due evenly across it. */
function answeredWithin(latency: Histogram, us: number): number {
  let answered = 0
  for (const [bucket, count] of latency.buckets()) {
    const latencyUs = (lowestOf(bucket) + highestOf(bucket)) / 2
    answered += count * Math.min(1, Math.max(0, (us - latencyUs) / WINDOW_US))
  }
  return answered
}
