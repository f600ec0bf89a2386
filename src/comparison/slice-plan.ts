import { isOpen, maxVusOf } from '../load/describe.ts'
import { areaOf, legsOf } from '../load/legs.ts'
import type { ConstantArrivalRate, ConstantVus, Load } from '../load/load.ts'
import { scaleLoad, type Scale } from '../load/scale.ts'

/** A load that is the same at every moment, so that every slice of it is like the others. */
export type EvenLoad = ConstantArrivalRate | ConstantVus

/** Which load each slice puts on, for how long, and how many there are of each build. */
export interface SlicePlan {
  /** What one build gets in all. */
  readonly whole: EvenLoad
  /** What one slice puts on. */
  readonly slice: EvenLoad
  readonly slices: number
}

export interface SlicePlanOptions {
  readonly scale: Scale
  readonly requestsPerIteration: number
  /** Default: as many as give slices of 1.5 s (of a short load, 0.75 s), or of 20 iterations where that is longer. */
  readonly slices?: number | undefined
}

/** Shorter slices follow a machine's moods more closely, and have fewer requests to take a percentile from. */
const SLICE_MS = 1_500
/** A short load gets shorter slices, so that there are enough to set the disturbed ones aside. */
const SHORTEST_SLICE_MS = 750
const ENOUGH_SLICES = 10
const ITERATIONS_IN_SLICE = 20
/** Of fewer, one disturbed slice decides: a build was found slower than itself by four. */
export const FEWEST_SLICES = 6
export const MOST_SLICES = 200

/** At the beginning of each slice, counted nowhere: caches of the CPU still hold the other build's data. */
export const SETTLE_MS = 250

/**
 * Cuts a load into slices. A ramp is held at the straight piece with most iterations, and VUs that pause between
 * requests become the rate at which they would ask: in a closed model the slower build would be asked less often.
 * Open loads keep no more VUs than a slice has iterations; the others would only hold connections.
 */
export function slicePlan(
  load: Exclude<Load, { kind: 'sharedIterations' }>,
  { scale, requestsPerIteration, slices }: SlicePlanOptions,
): SlicePlan {
  const scaled = scaleLoad(load, scale, { requestsPerIteration }) as typeof load
  const whole = atEvenRate(held(scaled))
  const count = slices ?? slicesOf(whole)
  const durationMs = whole.durationMs / count
  const slice =
    whole.kind === 'constantVus'
      ? { ...whole, durationMs }
      : {
          ...whole,
          durationMs,
          vus: Math.min(whole.vus, Math.ceil((whole.ratePerSec * (durationMs + SETTLE_MS)) / 1000)),
        }
  return { whole, slice, slices: count }
}

/** Base first in one pair, head first in the next, so that neither always meets the machine warmer or slower. */
export function orderOf(pair: number): readonly ['base' | 'head', 'base' | 'head'] {
  return pair % 2 === 0 ? ['base', 'head'] : ['head', 'base']
}

function held(load: Exclude<Load, { kind: 'sharedIterations' }>): EvenLoad {
  if (load.kind === 'constantVus' || load.kind === 'constantArrivalRate') return load
  const leg = legsOf(load).reduce((most, next) => (areaOf(next) > areaOf(most) ? next : most))
  const level = (leg.from + leg.to) / 2
  const durationMs = leg.endMs - leg.startMs
  if (isOpen(load)) {
    const { vus, arrivals } = load
    return { kind: 'constantArrivalRate', ratePerSec: level, vus, durationMs, arrivals }
  }
  return { kind: 'constantVus', vus: Math.ceil(level), durationMs, thinkTime: load.thinkTime }
}

function atEvenRate(load: EvenLoad): EvenLoad {
  if (load.kind !== 'constantVus' || load.thinkTime.maxMs === 0) return load
  const { vus, durationMs, thinkTime } = load
  const ratePerSec = vus / ((thinkTime.minMs + thinkTime.maxMs) / 2 / 1000)
  return { kind: 'constantArrivalRate', ratePerSec, vus, durationMs, arrivals: 'uniform' }
}

function slicesOf(load: EvenLoad): number {
  const ratePerSec = load.kind === 'constantVus' ? maxVusOf(load) : load.ratePerSec
  const wantedMs = Math.min(SLICE_MS, Math.max(SHORTEST_SLICE_MS, load.durationMs / ENOUGH_SLICES))
  const sliceMs = Math.max(wantedMs, (ITERATIONS_IN_SLICE / ratePerSec) * 1000)
  const fitting = Math.floor(load.durationMs / sliceMs / 2) * 2
  return Math.min(MOST_SLICES, Math.max(FEWEST_SLICES, fitting))
}
