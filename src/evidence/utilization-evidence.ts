import type { Invalidity } from './verdict.ts'

/** Common part of all observations. */
interface Observation {
  readonly invalidities: readonly Invalidity[]
  /** Why the value cannot be observed, e.g. the CPU of an external target. The assertion is then skipped. */
  readonly unavailable: string | undefined
  readonly evidenceLines: readonly string[]
}

/** Utilization (0–1), sampled every second during the scope of a run, that capacity matchers judge. */
export interface UtilizationEvidence extends Observation {
  /** `CPU of the target`, `Redis memory`, `Postgres connections` */
  readonly what: string
  /** The whole, as text: `of 2 cores`, `of maxmemory 256 MiB`. */
  readonly of: string
  /** NaN if there is no sample. */
  readonly mean: number
  readonly max: number
  /** The worst second, in milliseconds since the start of the scope. */
  readonly maxAtMs: number
  readonly sampleCount: number
  /** The fix if the utilization is too high. */
  readonly hint: string | undefined
}

/** Eviction policy of Redis at the end of the scope; `undefined` if no sample contains it. */
export interface PolicyEvidence extends Observation {
  readonly policy: string | undefined
}

/** Evidence from a window of samples. */
export interface CapacityEvidence {
  /** @param cores number of cores that are the whole; by default those that the target may use */
  cpu(cores?: number): UtilizationEvidence
  redisMemory(): UtilizationEvidence
  /** Open connections over those that Postgres allows. */
  postgresConnections(): UtilizationEvidence
  /** Server connections in use over those that a pgBouncer pool may open, in its fullest pool. */
  pgBouncerPools(): UtilizationEvidence
  evictionPolicy(): PolicyEvidence
}

/** Hit ratio from two counters over a window. */
export interface HitRatioEvidence extends Observation {
  readonly hits: number
  readonly misses: number
}

/** Evidence from a window of the target's own metrics. */
export interface MetricsEvidence {
  /** @param hits selector of a counter @param misses selector of another */
  hitRatio(hits: string, misses: string): HitRatioEvidence
  /** One gauge over another, in the instance with the highest ratio. */
  share(what: string, used: string, size: string): UtilizationEvidence
}

/** Methods that return the evidence of a window. */
export const capacityOf: unique symbol = Symbol('vitest-slo.capacity')
export const metricsOf: unique symbol = Symbol('vitest-slo.metrics')
