import type { RequestEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { Histogram, highestOf, lowestOf } from '../stats/histogram.ts'
import { WINDOW_MS, type Window } from '../stats/timeline.ts'
import { formatMs } from '../stats/units.ts'

/** Good responses of an open model, as far as the target kept up with the rate. */
export interface Sustained {
  /** Number of good responses, without those of a backlog that grew over the scope. */
  readonly inTime: number
  /** Reason why a backlog cannot be told from the target's latency. */
  readonly invalidity?: Invalidity
}

/** Number of good responses. */
export function goodOf({ completed, errors }: RequestEvidence): number {
  return errors.values().reduce((good, count) => good - count, completed)
}

/** Part of a scope. The one with the lowest latency shows the latency without a backlog. */
const PART = 1 / 8
/** Greatest latency at the start, relative to the length of the scope. */
const LONGEST = 1 / 4

/**
 * Counts the good responses that arrived within a scope, and of those in flight at its end as many as its lowest latency L
 * explains; the latency at its start may be that of an instance that warms up. By Little's law, a target that keeps up at the
 * rate λ has λ·L requests in flight: over the length D, it sends λ·(D − L) responses. Three standard deviations of λ·L are
 * no backlog either, so that in a short scope the count may be a few percent too high.
 */
export function sustained({ requestWindows, goodBySecond }: RequestEvidence): Sustained {
  const lengths = new Map(goodBySecond.map(({ second, seconds }) => [second, seconds]))
  let inTime = 0
  let invalidity: Invalidity | undefined
  for (const stretch of stretchesOf(requestWindows)) {
    const last = stretch.at(-1)!
    const lastUs = (lengths.get(last.second) ?? 1) * WINDOW_US
    const lengthUs = (stretch.length - 1) * WINDOW_US + lastUs
    const latencies = latenciesUs(stretch)
    const good = stretch.reduce((sum, window) => sum + window.good.count, 0)
    if (latencies.startUs > LONGEST * lengthUs) {
      invalidity ??= tooShort(latencies.startUs, lengthUs)
      inTime += good
      continue
    }
    const inFlight = (good / lengthUs) * latencies.lowestUs
    const arrived = arrivedIn(stretch, lastUs) + 3 * Math.sqrt(inFlight)
    const counted = (arrived * lengthUs) / (lengthUs - latencies.lowestUs)
    inTime += Math.min(good, Math.round(counted))
  }
  return { inTime, ...(invalidity && { invalidity }) }
}

/** Mean latency of good responses in the first part of a stretch, and in the part in which it is lowest. */
function latenciesUs(stretch: readonly Window[]): { readonly startUs: number; readonly lowestUs: number } {
  const length = Math.ceil(stretch.length * PART)
  const means: number[] = []
  // A shorter rest would be judged by too few responses.
  for (let at = 0; at + length <= stretch.length; at += length) {
    const part = Histogram.merged(stretch.slice(at, at + length).map(({ good }) => good.latency))
    means.push(part.count === 0 ? Number.NaN : part.meanUs)
  }
  const known = means.filter((mean) => !Number.isNaN(mean))
  return { startUs: means[0] || 0, lowestUs: known.length === 0 ? 0 : Math.min(...known) }
}

function tooShort(latencyUs: number, lengthUs: number): Invalidity {
  const [latency, length] = [formatMs(latencyUs / 1000), formatMs(lengthUs / 1000)]
  return {
    reason: 'too-few-samples',
    finding: `good responses took ${latency} on average at the start, and the scope judged lasts ${length}: too short to tell a growing backlog from that latency`,
    fix: `make the scope at least ${formatMs(Math.ceil(latencyUs / LONGEST / 1_000_000) * 1000)} long`,
  }
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

/** Number of a stretch's good responses that arrived before its end. */
function arrivedIn(stretch: readonly Window[], lastUs: number): number {
  const last = stretch.at(-1)!
  const endUs = last.second * WINDOW_US + lastUs
  return stretch.reduce((sum, window) => {
    const leftUs = endUs - window.second * WINDOW_US
    return sum + respondedWithin(window.good.latency, leftUs, window === last ? lastUs : WINDOW_US)
  }, 0)
}

const WINDOW_US = WINDOW_MS * 1000

/** Number of a window's responses within `us` of its start, assuming that its requests were due evenly. */
function respondedWithin(latency: Histogram, us: number, lengthUs: number): number {
  if (latency.count === 0 || us - lengthUs > latency.maxUs) return latency.count
  let responded = 0
  for (const [bucket, count] of latency.buckets())
    responded += count * Math.min(1, Math.max(0, (us - (lowestOf(bucket) + highestOf(bucket)) / 2) / lengthUs))
  return responded
}
