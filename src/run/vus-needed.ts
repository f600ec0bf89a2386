import { isOpen } from '../load/describe.ts'
import type { Load, OpenLoad } from '../load/load.ts'
import { formatCount, formatMs, formatRate } from '../stats/units.ts'
import type { Tally } from './tally.ts'

/** Arrivals come in bursts and answers vary: so many times the mean demand is enough in practice. */
const HEADROOM = 1.5

/**
 * Whether an open load had the VUs it needed: its highest rate × the mean time an iteration held its VU (Little's law,
 * L = λW). A target that gets slower the more it is asked needs more than this says.
 */
export function vusNeeded(
  load: Load,
  { iterations, heldMs }: Tally,
): { vusNeeded: number | undefined; warnings: readonly string[] } {
  if (!isOpen(load) || iterations === 0) return { vusNeeded: undefined, warnings: [] }
  const ratePerSec = peakOf(load)
  const meanMs = heldMs / iterations
  const needed = Math.ceil((ratePerSec * meanMs) / 1000)
  const suggestion = Math.ceil(Math.max(needed, load.vus) * HEADROOM)
  if (needed <= load.vus) return { vusNeeded: suggestion, warnings: [] }
  const warning =
    `vus: ${formatCount(load.vus)} cannot carry ${formatRate(ratePerSec)} of iterations that take ${formatMs(meanMs)} each; ` +
    `that takes ${formatCount(needed)}, with room for bursts ${formatCount(suggestion)}`
  return { vusNeeded: suggestion, warnings: [warning] }
}

function peakOf(load: OpenLoad): number {
  if (load.kind === 'constantArrivalRate') return load.ratePerSec
  return Math.max(load.startRatePerSec, ...load.stages.map(({ target }) => target))
}
