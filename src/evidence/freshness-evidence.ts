import type { Histogram } from '../stats/histogram.ts'
import type { Invalidity } from './verdict.ts'

/** Staleness of the responses of a cached route, compared with the versions written before each request. */
export interface FreshnessEvidence {
  /** One value per response; 0 if it held the newest version that was acknowledged before the read. */
  readonly staleness: Histogram
  readonly reads: number
  readonly writes: number
  /** Responses with an older version than the newest acknowledged one. */
  readonly staleReads: number
  /** The stalest response: its version, and the newest version by then. */
  readonly worst:
    | { readonly atMs: number; readonly stalenessMs: number; readonly version: number; readonly newest: number }
    | undefined
  /** Longest observable staleness: the time from the first write to the last read. */
  readonly observableMs: number
  readonly invalidities: readonly Invalidity[]
  /** Why staleness cannot be measured; `undefined` if it can. */
  readonly unavailable: string | undefined
  readonly evidenceLines: readonly string[]
}

/** Method that returns the evidence of freshness. */
export const freshnessOf: unique symbol = Symbol('vitest-slo.freshness')
