import { isOpen, segmentPhases } from './describe.ts'
import type { Load, SharedIterations } from './load.ts'
import { iterationsDuring, segmentsOf, type Segment } from './segments.ts'

/** A load with a number of VUs or a rate over time. */
export type LineLoad = Exclude<Load, SharedIterations>

/** Assumed upper bound of the mean duration of a closed load's request, before anything was measured. */
const ASSUMED_MEAN_MS = 200

/**
 * Requests in the steady and spike phases (in the whole load, if it has neither) with all users, and durations scaled by
 * `time`. A closed VU begins at least one iteration in each period of its longest think time plus requests of 200 ms; a
 * shorter phase may contain no request of it. A slower target gives fewer requests.
 */
export function samplesIn(load: LineLoad, time: number, requestsPerIteration = 1): number {
  const iterations = (leg: Segment): number => {
    if (isOpen(load)) return iterationsDuring(leg) * time
    const periodMs = load.thinkTime.maxMs + ASSUMED_MEAN_MS * requestsPerIteration
    return ((leg.from + leg.to) / 2) * Math.floor(((leg.endMs - leg.startMs) * time) / periodMs)
  }
  return countedLegs(load).reduce((sum, leg) => sum + iterations(leg), 0) * requestsPerIteration
}

/** Duration of the phases whose samples are counted, in milliseconds. */
export function countedMs(load: LineLoad): number {
  return countedLegs(load).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
}

function countedLegs(load: LineLoad): readonly Segment[] {
  const names = segmentPhases(load)
  const legs = segmentsOf(load)
  const counted = legs.filter((_, at) => names[at] === 'steady' || names[at] === 'spike')
  return counted.length > 0 ? counted : legs
}
