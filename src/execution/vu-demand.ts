import { isOpen } from '../load/describe.ts'
import type { Load } from '../load/load.ts'
import { segmentsOf } from '../load/segments.ts'
import { amongVus, shareOf, WHOLE, type Share } from '../load/share.ts'
import { formatCount, formatMs, formatRate } from '../stats/units.ts'
import { lightMsOf, type HoldingTimes } from './tally.ts'

/** Factor on the mean demand that is enough in practice: arrivals come in bursts, and responses vary. */
const HEADROOM = 1.5

/** Number of busy VUs up to which the target counts as lightly loaded: a tenth, and at least one. */
export function fewOf(vus: number): number {
  return Math.max(1, Math.floor(vus / 10))
}

/**
 * VUs that an open load needs, by Little's law (L = λW): its rate × the mean time for which an iteration holds its VU. That
 * time, including think times, is taken from iterations without an error that began while at most a tenth of the VUs were
 * busy, that is while the target was lightly loaded. So a target that becomes slow or stalls does not make the VUs too
 * few; a load that lacked a free VU while the target was at its fastest does.
 */
export interface VuDemand {
  /** VUs that this generator has. */
  readonly vus: number
  readonly lightMs: number
  /** Mean time over all iterations that ended. */
  readonly busyMs: number
  /** Time after which a request is an error: the time-out, or the time after which a waiting request is dropped. */
  readonly patienceMs: number
}

/** Use of the VUs of a run, from which their demand is calculated. */
export interface VuUse {
  readonly iterations: HoldingTimes
  /** Whether all VUs were busy at the same time. */
  readonly wereAllBusy: boolean
  readonly patienceMs: number
}

/** @returns no demand in a closed model, if a VU was always free, or if every iteration had an error */
export function vuDemand(
  load: Load,
  { iterations, wereAllBusy, patienceMs }: VuUse,
  share: Share = WHOLE,
): { vuDemand: VuDemand | undefined; warnings: readonly string[] } {
  const lightMs = lightMsOf(iterations)
  if (!isOpen(load) || !wereAllBusy || lightMs === undefined) return { vuDemand: undefined, warnings: [] }
  const { all } = iterations
  const vus = shareOf(share, load.vus)
  const busyMs = all.iterations === 0 ? lightMs : all.busyUs / all.iterations / 1000
  const demand = { vus, lightMs, busyMs, patienceMs }
  const ratePerSec = peakRate(load) / amongVus(share, load.vus).count
  const needed = vusFor(demand, ratePerSec)
  if (needed <= vus) return { vuDemand: demand, warnings: [] }
  const warning =
    `vus: ${formatCount(vus)}${share.count === 1 ? '' : ' of each generator'} cannot carry ${formatRate(ratePerSec)} of iterations that take ${formatMs(lightMs)} each; ` +
    `that takes ${formatCount(needed)}, with room for bursts ${formatCount(withRoom(needed))}`
  return { vuDemand: demand, warnings: [warning] }
}

/** VUs that carry a rate while the target is lightly loaded. */
export function vusFor({ lightMs }: Pick<VuDemand, 'lightMs'>, ratePerSec: number): number {
  return Math.ceil((ratePerSec * lightMs) / 1000)
}

/** Number of VUs with room for bursts. */
export function withRoom(vus: number): number {
  return Math.ceil(vus * HEADROOM)
}

/** Highest rate of an open load between two times since its start; 0 outside of it. Default: of the whole load. */
export function peakRate(load: Load, fromMs = 0, toMs = Number.POSITIVE_INFINITY): number {
  if (!isOpen(load)) return 0
  const rates = segmentsOf(load)
    .filter(({ startMs, endMs }) => startMs < toMs && endMs > fromMs)
    .flatMap(({ startMs, endMs, from, to }) => {
      const at = (ms: number) => from + ((to - from) * (ms - startMs)) / (endMs - startMs)
      return [at(Math.max(startMs, fromMs)), at(Math.min(endMs, toMs))]
    })
  return Math.max(0, ...rates)
}
