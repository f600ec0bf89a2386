import type { ConstantVus, OpenLoad, PhaseName, RampingVus } from './load.ts'

/** A straight piece of a load's line: VUs or iterations per second, over the milliseconds since the run's start. */
export interface Leg {
  readonly startMs: number
  readonly endMs: number
  readonly from: number
  readonly to: number
  /** The phase given by the stage, where it gave one. */
  readonly phase: PhaseName | undefined
}

/** The line of a load as straight pieces of more than no length. Jumps lie between two pieces. */
export function legsOf(load: OpenLoad | ConstantVus | RampingVus): readonly Leg[] {
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

function legsOfStages(start: number, stages: RampingVus['stages']): readonly Leg[] {
  const legs: Leg[] = []
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

/** Iterations under one piece of a rate line, fractions included. */
export function areaOf({ startMs, endMs, from, to }: Leg): number {
  return (((from + to) / 2) * (endMs - startMs)) / 1000
}
