import { phasesOf } from './describe.ts'
import type { Load, Phase } from './load.ts'

/** Ratio of the peak with which a load that begins at 0 is warmed up. */
const RATIO_OF_PEAK = 0.1

/** Load of a warm-up: the initial VUs or rate of the load, kept constant. */
export function warmUpLoad(load: Load, durationMs: number): Load {
  switch (load.kind) {
    case 'constantVus':
      return { ...load, durationMs }
    case 'rampingVus': {
      const vus = Math.ceil(beginning(load.startVus, load.stages))
      const { thinkTime, isStaggered } = load
      return { kind: 'constantVus', vus, durationMs, thinkTime, ...(isStaggered === false ? { isStaggered } : {}) }
    }
    case 'constantArrivalRate':
      return { ...load, durationMs }
    case 'rampingArrivalRate': {
      const { vus, arrivals } = load
      return {
        kind: 'constantArrivalRate',
        ratePerSec: beginning(load.startRatePerSec, load.stages),
        vus,
        durationMs,
        arrivals,
      }
    }
    default:
      return { kind: 'constantVus', vus: load.vus, durationMs, thinkTime: { minMs: 0, maxMs: 0 } }
  }
}

/** Phases of a load, preceded by its warm-up. */
export function phasesWithWarmUp(load: Load, warmupMs: number): readonly Phase[] {
  const phases = phasesOf(load).map(({ name, startMs, endMs }) => ({
    name,
    startMs: startMs + warmupMs,
    endMs: endMs + warmupMs,
  }))
  return warmupMs === 0 ? phases : [{ name: 'warmup', startMs: 0, endMs: warmupMs }, ...phases]
}

function beginning(start: number, stages: readonly { readonly target: number }[]): number {
  return start > 0 ? start : Math.max(...stages.map(({ target }) => target)) * RATIO_OF_PEAK
}
