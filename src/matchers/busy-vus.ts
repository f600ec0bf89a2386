import type { RequestEvidence } from '../evidence/evidence.ts'
import type { BusyVus, Invalidity } from '../evidence/verdict.ts'
import { highestOf, lowestOf } from '../stats/histogram.ts'
import { WINDOW_MS, type Window } from '../stats/timeline.ts'
import { formatCount, formatMs, formatRate, formatRatio } from '../stats/units.ts'

/** Requests of one second that no VU was free for. */
interface Waiting {
  /** Those of them that say nothing of the target. */
  readonly unproven: number
  readonly window: Window
}

/**
 * How much of the requests that were dropped, or late because they waited, was not the target's doing: of each second the
 * share of the time for which VUs were held by requests that got a good response within the limit. During a stall that
 * share is near 0, and a VU for each of them would only have waited with the others.
 *
 * ```
 * stall, limit 150 ms        VU 0  ▇────── 1 s ──────▇   held by what broke the limit: the target's doing
 * slow,  limit 500 ms        VU 0  ▇300▇300▇300▇300▇     held by what kept it: proves nothing
 * ```
 *
 * @param waited of a window, how many requests broke the objective only because no VU was free
 */
export function unprovenWaits(
  { requestWindows, busyVus }: Pick<RequestEvidence, 'requestWindows' | 'busyVus'>,
  limitMs: number,
  waited: (window: Window) => number,
): readonly Waiting[] {
  if (busyVus === undefined || !requestWindows.some((window) => waited(window) > 0))
    return requestWindows.map((window) => ({ window, unproven: 0 }))
  const shares = withinShares(busyVus.windows(), limitMs * 1000)
  return requestWindows.map((window) => ({
    window,
    unproven: Math.round(waited(window) * (shares.get(window.second) ?? 0)),
  }))
}

/**
 * That a judgement which waiting requests have turned proves nothing.
 *
 * @param withinMs what the responses that kept the VUs busy took less than
 */
export function busyVusInvalidity(
  { vus, heldMs, ratePerSec, neededVus, advisedVus }: BusyVus,
  { unproven, offered, withinMs }: { readonly unproven: number; readonly offered: number; readonly withinMs: number },
): Invalidity {
  return {
    reason: 'offered-rate-missed',
    finding:
      `${formatCount(unproven)} of ${formatCount(offered)} requests (${formatRatio(unproven / offered)}) were dropped or late ` +
      `because all ${formatCount(vus)} VUs were busy, with good responses that took less than ${formatMs(withinMs)}: at ` +
      `${formatRate(ratePerSec)}, iterations that take ${formatMs(heldMs)} under load keep ${formatCount(neededVus)} VUs busy`,
    remedy: `raise vus to ${formatCount(advisedVus)}, which leaves room for bursts: the run then shows whether the target keeps up`,
  }
}

/** By second, the share of the time in which VUs were held by requests that got a good response within a limit. */
function withinShares(windows: readonly Window[], limitUs: number): ReadonlyMap<number, number> {
  const within = new Map<number, number>()
  const beyond = new Map<number, number>()
  for (const { second, good, failed } of windows) {
    // Due at some time of the second: on average in its middle.
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

/** Adds the time for which so many VUs were held from a moment on to the seconds it lies in. */
function hold(held: Map<number, number>, startMs: number, lengthMs: number, count: number): void {
  const endMs = startMs + lengthMs
  for (let second = Math.floor(startMs / WINDOW_MS); second * WINDOW_MS < endMs; second++) {
    const ms = Math.min(endMs, (second + 1) * WINDOW_MS) - Math.max(startMs, second * WINDOW_MS)
    held.set(second, (held.get(second) ?? 0) + ms * count)
  }
}
