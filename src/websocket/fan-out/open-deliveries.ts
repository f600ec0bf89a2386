import type { OpenSpan } from './moves.ts'
import type { Publication } from './publication.ts'

/** Deliveries of counted publications that are not judged, as their clients were joining or leaving. */
export interface OpenDeliveries {
  readonly all: number
  /** Deliveries of moves that were never acknowledged. */
  readonly unacknowledged: number
}

export function openDeliveries(publications: readonly Publication[], spans: readonly OpenSpan[]): OpenDeliveries {
  const counted = publications.filter(({ isCounted }) => isCounted)
  const instants = new Map<string | undefined, Float64Array>()
  for (const [name, ofGroup] of Map.groupBy(counted, ({ group }) => group.name))
    instants.set(name, Float64Array.from(ofGroup, ({ intendedUs }) => intendedUs).toSorted())
  let unacknowledged = 0
  for (const { group, fromUs, untilUs } of spans) {
    const dueUs = instants.get(group)
    if (dueUs !== undefined) unacknowledged += countBelow(dueUs, untilUs) - countBelow(dueUs, fromUs)
  }
  return { all: counted.reduce((sum, { openCount }) => sum + openCount, 0), unacknowledged }
}

/** Number of ascending values below a limit. */
function countBelow(ascending: Float64Array, limit: number): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}
