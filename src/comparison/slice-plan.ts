import { isOpen, maxVusOf } from '../load/describe.ts'
import type { ConstantArrivalRate, ConstantVus, Load } from '../load/load.ts'
import { scaleLoad, type Scale } from '../load/scale.ts'
import { iterationsDuring, segmentsOf } from '../load/segments.ts'

/** A constant load: all its slices are equal. */
export type EvenLoad = ConstantArrivalRate | ConstantVus

/** Load and number of the slices of a comparison. */
export interface SlicePlan {
  /** Load of one build over the whole comparison. */
  readonly whole: EvenLoad
  /** Load of one slice. */
  readonly slice: EvenLoad
  /** Slices of each build. */
  readonly slices: number
}

export interface SlicePlanOptions {
  readonly scale: Scale
  readonly requestsPerIteration: number
  /** @default as many as give slices of 1.5 s (for a short load 0.75 s), or of 20 iterations if that is longer */
  readonly slices?: number | undefined
}

/** Shorter slices cancel machine noise better, but contain fewer requests to take a percentile from. */
const SLICE_MS = 1_500
/** A short load gets shorter slices, so that there are enough for a few disturbed ones not to matter. */
const SHORTEST_SLICE_MS = 750
const ENOUGH_SLICES = 10
const ITERATIONS_IN_SLICE = 20
/** With fewer, one disturbed slice decides: with four, a build was once found slower than itself. */
export const FEWEST_SLICES = 6
export const MOST_SLICES = 200

/** Uncounted time at the start of each slice: the CPU's caches still hold the other build's data. */
export const SETTLE_MS = 250

/**
 * Cuts a load into slices. A ramp is held at the straight segment with most iterations. VUs with think time become the
 * rate at which they would send: in a closed model the slower build would receive fewer requests. Open loads keep no
 * more VUs than a slice has iterations; the others would only hold connections.
 */
export function slicePlan(
  load: Exclude<Load, { kind: 'sharedIterations' }>,
  { scale, requestsPerIteration, slices }: SlicePlanOptions,
): SlicePlan {
  const scaled = scaleLoad(load, scale, { requestsPerIteration }) as typeof load
  const whole = withoutThinkTime(atLargestSegment(scaled))
  const count = slices ?? sliceCountOf(whole)
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

/** Base first in one pair, head first in the next, so that neither always finds the machine warmer or slower. */
export function orderOf(pair: number): readonly ['base' | 'head', 'base' | 'head'] {
  return pair % 2 === 0 ? ['base', 'head'] : ['head', 'base']
}

function atLargestSegment(load: Exclude<Load, { kind: 'sharedIterations' }>): EvenLoad {
  if (load.kind === 'constantVus' || load.kind === 'constantArrivalRate') return load
  const leg = segmentsOf(load).reduce((most, next) => (iterationsDuring(next) > iterationsDuring(most) ? next : most))
  const level = (leg.from + leg.to) / 2
  const durationMs = leg.endMs - leg.startMs
  if (isOpen(load)) {
    const { vus, arrivals } = load
    return { kind: 'constantArrivalRate', ratePerSec: level, vus, durationMs, arrivals }
  }
  return { kind: 'constantVus', vus: Math.ceil(level), durationMs, thinkTime: load.thinkTime }
}

function withoutThinkTime(load: EvenLoad): EvenLoad {
  if (load.kind !== 'constantVus' || load.thinkTime.maxMs === 0) return load
  const { vus, durationMs, thinkTime } = load
  const ratePerSec = vus / ((thinkTime.minMs + thinkTime.maxMs) / 2 / 1000)
  return { kind: 'constantArrivalRate', ratePerSec, vus, durationMs, arrivals: 'uniform' }
}

function sliceCountOf(load: EvenLoad): number {
  const ratePerSec = load.kind === 'constantVus' ? maxVusOf(load) : load.ratePerSec
  const preferredMs = Math.min(SLICE_MS, Math.max(SHORTEST_SLICE_MS, load.durationMs / ENOUGH_SLICES))
  const sliceMs = Math.max(preferredMs, (ITERATIONS_IN_SLICE / ratePerSec) * 1000)
  const fitting = Math.floor(load.durationMs / sliceMs / 2) * 2
  return Math.min(MOST_SLICES, Math.max(FEWEST_SLICES, fitting))
}
