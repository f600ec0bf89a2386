import { isOpen } from '../load/describe.ts'
import type { Load, Phase } from '../load/load.ts'
import { totalsOf, WHOLE_RUN, type RequestSeries } from '../run/http-scope.ts'
import { formatCount, formatMs, formatRate } from '../stats/units.ts'
import type { Tally } from './tally.ts'

/** Arrivals come in bursts and answers vary: so many times the mean demand is enough in practice. */
const HEADROOM = 1.5

/**
 * Whether an open load had the VUs it needed: rate × the time an iteration holds its VU (Little's law, L = λW), at the
 * busiest second and the mean time seen. A target that gets slower the more it is asked needs more than this says.
 */
export function vusNeeded({
  load,
  tally,
  series,
  phases,
}: {
  load: Load
  tally: Tally
  series: readonly RequestSeries[]
  phases: readonly Phase[]
}): {
  vusNeeded: number | undefined
  warnings: readonly string[]
} {
  if (!isOpen(load) || tally.iterations === 0) return { vusNeeded: undefined, warnings: [] }
  const { windows, sum } = totalsOf(series, phases, WHOLE_RUN)
  const requestsPerIteration = Math.max(1, sum.completed / tally.iterations)
  const peakPerSec = Math.max(...windows.map(({ offered }) => offered), 0) / requestsPerIteration
  const heldMs = tally.heldMs / tally.iterations
  const needed = Math.ceil((peakPerSec * heldMs) / 1000)
  const suggestion = Math.ceil(Math.max(needed, load.vus) * HEADROOM)
  if (needed <= load.vus) return { vusNeeded: suggestion, warnings: [] }
  const warning =
    `vus: ${formatCount(load.vus)} VUs cannot carry ${formatRate(peakPerSec)} iterations that take ${formatMs(heldMs)} each; ` +
    `that needs ${formatCount(needed)}, with room for bursts ${formatCount(suggestion)}`
  return { vusNeeded: suggestion, warnings: [warning] }
}
