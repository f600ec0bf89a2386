import { isOpen, legPhases } from './describe.ts'
import { areaOf, legsOf, type Leg } from './legs.ts'
import type { Load, SharedIterations } from './load.ts'

/** A load that follows a line of VUs or of a rate. */
export type LineLoad = Exclude<Load, SharedIterations>

/** What one request of a closed load is taken to last at most on average, where nothing was measured yet. */
const ASSUMED_MEAN_MS = 200

/**
 * Requests of the written users in the steady and spike phases (the whole load, where it has none), with durations cut
 * to a factor. A closed VU begins at least one iteration in every turn of its longest think time and requests of 200 ms;
 * a phase shorter than that may see nothing of it. A target slower than this gives fewer.
 */
export function samplesIn(load: LineLoad, time: number, requestsPerIteration = 1): number {
  const iterations = (leg: Leg): number => {
    if (isOpen(load)) return areaOf(leg) * time
    const turnMs = load.thinkTime.maxMs + ASSUMED_MEAN_MS * requestsPerIteration
    return ((leg.from + leg.to) / 2) * Math.floor(((leg.endMs - leg.startMs) * time) / turnMs)
  }
  return countedLegs(load).reduce((sum, leg) => sum + iterations(leg), 0) * requestsPerIteration
}

/** How long the phases last that samples are counted in. */
export function countedMs(load: LineLoad): number {
  return countedLegs(load).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
}

function countedLegs(load: LineLoad): readonly Leg[] {
  const names = legPhases(load)
  const legs = legsOf(load)
  const counted = legs.filter((_, at) => names[at] === 'steady' || names[at] === 'spike')
  return counted.length > 0 ? counted : legs
}
