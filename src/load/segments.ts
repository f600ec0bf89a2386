import type { ConstantVus, OpenLoad, PhaseName, RampingVus } from './load.ts'

/** A linear segment of a load: VUs or iterations per second over time, in milliseconds from the start of the load. */
export interface Segment {
  readonly startMs: number
  readonly endMs: number
  readonly from: number
  readonly to: number
  /** Phase that the stage sets. */
  readonly phase: PhaseName | undefined
}

/** Linear segments of a load, without those of length 0: a jump is a difference between two adjacent segments. */
export function segmentsOf(load: OpenLoad | ConstantVus | RampingVus): readonly Segment[] {
  switch (load.kind) {
    case 'constantVus':
      return [{ startMs: 0, endMs: load.durationMs, from: load.vus, to: load.vus, phase: undefined }]
    case 'constantArrivalRate':
      return [{ startMs: 0, endMs: load.durationMs, from: load.ratePerSec, to: load.ratePerSec, phase: undefined }]
    case 'rampingVus':
      return legsOfStages(load.startVus, load.stages)
    default:
      return legsOfStages(load.startRatePerSec, load.stages)
  }
}

function legsOfStages(start: number, stages: RampingVus['stages']): readonly Segment[] {
  const legs: Segment[] = []
  let startMs = 0
  let from = start
  for (const { target, durationMs, phase } of stages) {
    const endMs = startMs + durationMs
    if (durationMs > 0) legs.push({ startMs, endMs, from, to: target, phase })
    startMs = endMs
    from = target
  }
  return legs
}

/** Number of iterations in one segment of a rate, including fractions. */
export function iterationsDuring({ startMs, endMs, from, to }: Segment): number {
  return (((from + to) / 2) * (endMs - startMs)) / 1000
}
