/**
 * Load as plain data: what is put on the target, written with k6's names. Built and checked by the functions of
 * `builders.ts`; executed by the engines; printed, scaled and counted by pure functions beside this file.
 */
export type Load = ConstantVus | RampingVus | ConstantArrivalRate | RampingArrivalRate | SharedIterations

/** Requests follow responses: each VU sends again after its response and its think time. */
export type ClosedLoad = ConstantVus | RampingVus | SharedIterations

/** Requests are due at scheduled instants, whatever the target does. */
export type OpenLoad = ConstantArrivalRate | RampingArrivalRate

/** The pause of a VU between a response and its next iteration, drawn uniformly from `[minMs, maxMs]`. */
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
  /** Absent: true. False: VUs that start together also send together. */
  readonly isStaggered?: boolean
}

/** A number of VUs that moves in straight lines from stage to stage. */
export interface RampingVus {
  readonly kind: 'rampingVus'
  readonly startVus: number
  readonly stages: readonly Stage[]
  readonly thinkTime: ThinkTime
  /** Absent: true. False: VUs that start together also send together. */
  readonly isStaggered?: boolean
}

/** Iterations due at a fixed rate, carried by whichever VU is free. */
export interface ConstantArrivalRate {
  readonly kind: 'constantArrivalRate'
  readonly ratePerSec: number
  readonly vus: number
  readonly durationMs: number
  readonly arrivals: Arrivals
}

/** Iterations due at a rate that moves in straight lines from stage to stage: as many as the area under that line. */
export interface RampingArrivalRate {
  readonly kind: 'rampingArrivalRate'
  readonly startRatePerSec: number
  readonly stages: readonly Stage[]
  readonly vus: number
  readonly arrivals: Arrivals
}

/** A fixed number of iterations shared by the VUs as fast as responses come; no steady rate is claimed. */
export interface SharedIterations {
  readonly kind: 'sharedIterations'
  readonly iterations: number
  readonly vus: number
  readonly maxDurationMs: number
}

/** `uniform`: evenly spaced. `poisson`: exponential gaps from the run's seed, bursts as independent users make them. */
export type Arrivals = 'uniform' | 'poisson'

/** One leg of a ramp. A duration of 0 jumps. */
export interface Stage {
  /** VUs (`rampingVus`) or iterations per second (`rampingArrivalRate`) at the stage's end. */
  readonly target: number
  readonly durationMs: number
  /** Which phase the stage is; worked out from the targets where not given. */
  readonly phase?: PhaseName
}

/** Matchers look at `steady` and `spike`; `warmup` is sent but never counted. */
export type PhaseName = 'warmup' | 'ramp' | 'steady' | 'spike' | 'cooldown'

/** A stretch of a run, in milliseconds since its start; the end is excluded. */
export interface Phase {
  readonly name: PhaseName
  readonly startMs: number
  readonly endMs: number
}
