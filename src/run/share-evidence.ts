import type { Invalidity } from './verdict.ts'

/** A share (0–1) that was sampled each second beside a run, over the run's scope: what capacity matchers judge. */
export interface ShareEvidence {
  /** `CPU of the target`, `Redis memory`, `Postgres connections` */
  readonly what: string
  /** What the share is of, in words: `of 2 cores`, `of maxmemory 256 MiB`. */
  readonly of: string
  readonly mean: number
  readonly max: number
  /** The worst second, in milliseconds since the start of the scope. */
  readonly maxAtMs: number
  readonly sampleCount: number
  readonly invalidities: readonly Invalidity[]
  readonly evidenceLines: readonly string[]
}

/** What a window of samples can be asked for; a reason in words where the sampler was not there at all. */
export interface CapacityEvidence {
  /** @param cores how many cores are the whole; by default those the target may use */
  cpu(cores?: number): ShareEvidence
  redisMemory(): ShareEvidence
  postgresConnections(): ShareEvidence
  /** The eviction policy that Redis has now. */
  readonly evictionPolicy: { readonly policy: string | undefined; readonly invalidities: readonly Invalidity[] }
}

/** A hit ratio from two counters over a window. */
export interface HitRatioEvidence {
  readonly hits: number
  readonly misses: number
  readonly invalidities: readonly Invalidity[]
  readonly evidenceLines: readonly string[]
}

/** What a window of the target's own metrics can be asked for. */
export interface MetricsEvidence {
  /** @param hits selector of a counter @param misses selector of another */
  hitRatio(hits: string, misses: string): HitRatioEvidence
  /** The share that one gauge is of another, both summed over the target's instances. */
  share(what: string, used: string, size: string): ShareEvidence
}

export const capacityOf: unique symbol = Symbol('vitest-slo.capacity')
export const metricsOf: unique symbol = Symbol('vitest-slo.metrics')
