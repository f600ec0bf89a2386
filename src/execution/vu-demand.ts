import { isOpen } from '../load/describe.ts'
import { legsOf } from '../load/legs.ts'
import type { Load } from '../load/load.ts'
import { formatCount, formatMs, formatRate } from '../stats/units.ts'
import type { Tally } from './tally.ts'

/** Arrivals come in bursts and responses vary: so many times the mean demand is enough in practice. */
const HEADROOM = 1.5

/** As many busy VUs at most say nothing of the target under load. At least one, or there would be nothing to see. */
export function fewOf(vus: number): number {
  return Math.max(1, Math.floor(vus / 10))
}

/**
 * What an open load needed of its VUs, by Little's law (L = λW): its rate × the mean time for which an iteration holds its
 * VU. That time is taken from the iterations without an error that began while at most a tenth of the VUs were busy: what
 * the target takes while it has little to do, think times included. So a target that becomes slow, or stands still, does
 * not make the VUs too few; a load that no VU was free for although the target was at its quickest does.
 */
export interface VuDemand {
  readonly vus: number
  readonly lightMs: number
  /** Mean time over all iterations that ended. */
  readonly heldMs: number
  /** What takes longer is an error: the time-out, or the time after which a request that waits is dropped. */
  readonly patienceMs: number
}

/**
 * @param limits `mostBusy`: VUs that were busy at once
 * @returns no demand in a closed model, if a VU was free at every moment, or if no iteration says how long one takes
 */
export function vuDemand(
  load: Load,
  { lightMs, iterations, heldMs }: Pick<Tally, 'lightMs' | 'iterations' | 'heldMs'>,
  { mostBusy, patienceMs }: { readonly mostBusy: number; readonly patienceMs: number },
): { vuDemand: VuDemand | undefined; warnings: readonly string[] } {
  if (!isOpen(load) || mostBusy < load.vus || lightMs === undefined) return { vuDemand: undefined, warnings: [] }
  const demand = { vus: load.vus, lightMs, heldMs: iterations === 0 ? lightMs : heldMs / iterations, patienceMs }
  const ratePerSec = peakRate(load)
  const needed = vusFor(demand, ratePerSec)
  if (needed <= load.vus) return { vuDemand: demand, warnings: [] }
  const warning =
    `vus: ${formatCount(load.vus)} cannot carry ${formatRate(ratePerSec)} of iterations that take ${formatMs(lightMs)} each; ` +
    `that takes ${formatCount(needed)}, with room for bursts ${formatCount(withRoom(needed))}`
  return { vuDemand: demand, warnings: [warning] }
}

/** VUs that carry a rate while the target has little to do. */
export function vusFor({ lightMs }: Pick<VuDemand, 'lightMs'>, ratePerSec: number): number {
  return Math.ceil((ratePerSec * lightMs) / 1000)
}

/** So many VUs, with room for bursts. */
export function withRoom(vus: number): number {
  return Math.ceil(vus * HEADROOM)
}

/** The highest rate of an open load, in all or in a stretch of it; 0 outside of it. Milliseconds since its start. */
export function peakRate(load: Load, fromMs = 0, toMs = Number.POSITIVE_INFINITY): number {
  if (!isOpen(load)) return 0
  const rates = legsOf(load)
    .filter(({ startMs, endMs }) => startMs < toMs && endMs > fromMs)
    .flatMap(({ startMs, endMs, from, to }) => {
      const at = (ms: number) => from + ((to - from) * (ms - startMs)) / (endMs - startMs)
      return [at(Math.max(startMs, fromMs)), at(Math.min(endMs, toMs))]
    })
  return Math.max(0, ...rates)
}
