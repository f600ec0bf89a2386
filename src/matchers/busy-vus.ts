import type { RequestEvidence } from '../evidence/evidence.ts'
import type { BusyVus, Invalidity } from '../evidence/verdict.ts'
import { Histogram, highestOf, lowestOf } from '../stats/histogram.ts'
import { WINDOW_MS, type Window } from '../stats/timeline.ts'
import { formatCount, formatMs, formatRate, formatRatio } from '../stats/units.ts'

type BusyEvidence = Pick<RequestEvidence, 'requestWindows' | 'busyVus'>

/** Requests of one second for which no VU was free. */
interface Waiting {
  /** Number of these requests that prove nothing about the target. */
  readonly unproven: number
  readonly window: Window
}

/**
 * Number of dropped or delayed requests, per second, that the target did not cause: weighted by the ratio of VU time spent
 * on requests that got a good response within the limit. During a stall that ratio is near 0, and more VUs would only
 * have waited as well.
 *
 * ```
 * stall, limit 150 ms        VU 0  ▇────── 1 s ──────▇   busy with a request beyond the limit: caused by the target
 * slow,  limit 500 ms        VU 0  ▇300▇300▇300▇300▇     busy with requests within the limit: proves nothing
 * ```
 *
 * @param waited counts the requests of a window that missed the objective only because no VU was free
 */
export function unprovenWaits(
  { requestWindows, busyVus }: BusyEvidence,
  limitMs: number,
  waited: (window: Window) => number,
): readonly Waiting[] {
  if (busyVus === undefined || !requestWindows.some((window) => waited(window) > 0))
    return requestWindows.map((window) => ({ window, unproven: 0 }))
  const ratios = withinRatios(busyVus.windows(), limitMs * 1000)
  return requestWindows.map((window) => ({
    window,
    unproven: Math.round(waited(window) * (ratios.get(window.second) ?? 0)),
  }))
}

/** Requests, per second, that were dropped or whose latency is beyond a limit only because no VU was free. */
export function unprovenBeyond(evidence: BusyEvidence, limitMs: number): readonly Waiting[] {
  const lastUs = limitMs * 1000 - 1
  return unprovenWaits(evidence, limitMs, ({ good, dropped }) => {
    return dropped + good.serviceTime.countAtMost(lastUs) - good.latency.countAtMost(lastUs)
  })
}

/**
 * Usual service time of a scope in milliseconds, for judgements without a time limit: the p99 of the good responses in its
 * first quarter. If the target falls behind, later responses take longer.
 */
export function usualMs(windows: readonly Window[]): number {
  const early = windows.slice(0, Math.ceil(windows.length / 4)).map(({ good }) => good.serviceTime)
  const all = Histogram.merged(early)
  return all.count === 0 ? 0 : (all.percentileUs(0.99) + 1) / 1000
}

/**
 * Invalidity of a judgement that only waiting requests decided.
 *
 * @param withinMs upper bound on the service time of the responses that kept the VUs busy
 */
export function busyVusInvalidity(
  { vus, busyMs, ratePerSec, neededVus, advisedVus }: BusyVus,
  {
    unproven,
    offered,
    withinMs,
    noun = 'requests',
  }: { readonly unproven: number; readonly offered: number; readonly withinMs: number; readonly noun?: string },
): Invalidity {
  return {
    reason: 'offered-rate-missed',
    finding:
      `${formatCount(unproven)} of ${formatCount(offered)} ${noun} (${formatRatio(unproven / offered)}) were dropped or late ` +
      `because all ${formatCount(vus)} VUs were busy, with ${noun === 'requests' ? 'good responses' : `good ${noun}`} that took less than ${formatMs(withinMs)}: at ` +
      `${formatRate(ratePerSec)}, iterations that take ${formatMs(busyMs)} under load keep ${formatCount(neededVus)} VUs busy`,
    fix: `raise vus to ${formatCount(advisedVus)}, which leaves room for bursts: the run then shows whether the target keeps up`,
  }
}

/** Ratio of VU time, by second, spent on requests that got a good response within a limit. */
function withinRatios(windows: readonly Window[], limitUs: number): ReadonlyMap<number, number> {
  const within = new Map<number, number>()
  const beyond = new Map<number, number>()
  for (const { second, good, failed } of windows) {
    // Requests are due at any time of the second: on average in the middle.
    const startMs = (second + 0.5) * WINDOW_MS
    for (const [us, count] of timesOf(good.serviceTime)) hold(us < limitUs ? within : beyond, startMs, us / 1000, count)
    for (const [us, count] of timesOf(failed.serviceTime)) hold(beyond, startMs, us / 1000, count)
  }
  const seconds = new Set([...within.keys(), ...beyond.keys()])
  return new Map(
    [...seconds].map((second) => {
      const [good, bad] = [within.get(second) ?? 0, beyond.get(second) ?? 0]
      return [second, good + bad === 0 ? 0 : good / (good + bad)]
    }),
  )
}

function timesOf(histogram: Window['good']['serviceTime']): readonly (readonly [us: number, count: number])[] {
  return Array.from(histogram.buckets(), ([bucket, count]) => [(lowestOf(bucket) + highestOf(bucket)) / 2, count])
}

/** Adds the time for which `count` VUs were busy from `startMs` on to the seconds that it covers. */
function hold(held: Map<number, number>, startMs: number, lengthMs: number, count: number): void {
  const endMs = startMs + lengthMs
  for (let second = Math.floor(startMs / WINDOW_MS); second * WINDOW_MS < endMs; second++) {
    const ms = Math.min(endMs, (second + 1) * WINDOW_MS) - Math.max(startMs, second * WINDOW_MS)
    held.set(second, (held.get(second) ?? 0) + ms * count)
  }
}
