/**
 * Load as plain data, with k6's names. The functions of `builders.ts` create and check it, the engines execute it, and pure
 * functions in this folder describe, scale and count it.
 */
export type Load = ConstantVus | RampingVus | ConstantArrivalRate | RampingArrivalRate | SharedIterations

/** Requests follow responses: each VU sends again after its response and its think time. */
export type ClosedLoad = ConstantVus | RampingVus | SharedIterations

/** Requests are due at scheduled instants, independent of the target. */
export type OpenLoad = ConstantArrivalRate | RampingArrivalRate

/** Pause of a VU between a response and its next iteration, drawn uniformly from `[minMs, maxMs]`. */
export interface ThinkTime {
  readonly minMs: number
  readonly maxMs: number
}

/** A number of VUs, each sending as fast as responses and think time allow. */
export interface ConstantVus {
  readonly kind: 'constantVus'
  readonly vus: number
  readonly durationMs: number
  readonly thinkTime: ThinkTime
  /** If false, VUs that start together also send together. @default true */
  readonly isStaggered?: boolean
}

/** A number of VUs that changes linearly from stage to stage. */
export interface RampingVus {
  readonly kind: 'rampingVus'
  readonly startVus: number
  readonly stages: readonly Stage[]
  readonly thinkTime: ThinkTime
  /** If false, VUs that start together also send together. @default true */
  readonly isStaggered?: boolean
}

/** Iterations due at a fixed rate, each executed by a free VU. */
export interface ConstantArrivalRate {
  readonly kind: 'constantArrivalRate'
  readonly ratePerSec: number
  readonly vus: number
  readonly durationMs: number
  readonly arrivals: Arrivals
}

/** Iterations due at a rate that changes linearly from stage to stage; their number is the area under the rate. */
export interface RampingArrivalRate {
  readonly kind: 'rampingArrivalRate'
  readonly startRatePerSec: number
  readonly stages: readonly Stage[]
  readonly vus: number
  readonly arrivals: Arrivals
}

/** A fixed number of iterations shared by the VUs as fast as responses arrive, without a steady rate. */
export interface SharedIterations {
  readonly kind: 'sharedIterations'
  readonly iterations: number
  readonly vus: number
  readonly maxDurationMs: number
}

/** `uniform`: evenly spaced. `poisson`: exponential gaps from the run's seed, with the bursts of independent users. */
export type Arrivals = 'uniform' | 'poisson'

/** One stage of a ramp. A duration of 0 is a jump. */
export interface Stage {
  /** VUs (`rampingVus`) or iterations per second (`rampingArrivalRate`) at the end of the stage. */
  readonly target: number
  readonly durationMs: number
  /** Phase of the stage. @default derived from the targets */
  readonly phase?: PhaseName
}

/** Name of a phase. Matchers judge `steady` and `spike`; `warmup` is sent but never judged. */
export type PhaseName = 'warmup' | 'ramp' | 'steady' | 'spike' | 'cooldown'

/** A phase of a run, in milliseconds from its start; the end is excluded. */
export interface Phase {
  /** Name of the phase. */
  readonly name: PhaseName
  /** Start, in milliseconds since the start of the run. */
  readonly startMs: number
  /** End, in milliseconds since the start of the run. */
  readonly endMs: number
}
