import type { Invalidity } from './verdict.ts'

/** What any evidence of this kind says beside its figures. */
interface SeenFrom {
  readonly invalidities: readonly Invalidity[]
  /**
   * Why this cannot be seen from here at all, as the CPU of an external target and says nothing of it. The
   * assertion is then skipped with this reason.
   */
  readonly unavailable: string | undefined
  readonly evidenceLines: readonly string[]
}

/** A share (0–1) that was sampled each second beside a run, over the run's scope: what capacity matchers judge. */
export interface ShareEvidence extends SeenFrom {
  /** `CPU of the target`, `Redis memory`, `Postgres connections` */
  readonly what: string
  /** What the share is of, in words: `of 2 cores`, `of maxmemory 256 MiB`. */
  readonly of: string
  /** NaN if there is no sample. */
  readonly mean: number
  readonly max: number
  /** The worst second, in milliseconds since the start of the scope. */
  readonly maxAtMs: number
  readonly sampleCount: number
  /** What to do where the share is too high. */
  readonly hint: string | undefined
}

/** The eviction policy that Redis had at the end of the scope; `undefined` if no sample says. */
export interface PolicyEvidence extends SeenFrom {
  readonly policy: string | undefined
}

/** What a window of samples can be asked for. */
export interface CapacityEvidence {
  /** @param cores how many cores are the whole; by default those the target may use */
  cpu(cores?: number): ShareEvidence
  redisMemory(): ShareEvidence
  /** Connections open of those that Postgres allows. */
  postgresConnections(): ShareEvidence
  /** Server connections in use of those that a pgBouncer pool may open, in its fullest pool. */
  pgBouncerPools(): ShareEvidence
  evictionPolicy(): PolicyEvidence
}

/** A hit ratio from two counters over a window. */
export interface HitRatioEvidence extends SeenFrom {
  readonly hits: number
  readonly misses: number
}

/** What a window of the target's own metrics can be asked for. */
export interface MetricsEvidence {
  /** @param hits selector of a counter @param misses selector of another */
  hitRatio(hits: string, misses: string): HitRatioEvidence
  /** The share that one gauge is of another, in the instance where it is highest. */
  share(what: string, used: string, size: string): ShareEvidence
}

export const capacityOf: unique symbol = Symbol('vitest-slo.capacity')
export const metricsOf: unique symbol = Symbol('vitest-slo.metrics')
