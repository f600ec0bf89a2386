import type { Histogram } from '../stats/histogram.ts'
import type { Invalidity } from './verdict.ts'

/** How old the responses of a cached route were, compared with what had been written before each request. */
export interface FreshnessEvidence {
  /** One value for each response read; 0 if it held the newest version that was acknowledged before the read. */
  readonly staleness: Histogram
  readonly reads: number
  readonly writes: number
  /** Responses older than what had been written. */
  readonly staleReads: number
  /** The oldest response: what it held, and what had been written by then. */
  readonly worst:
    | { readonly atMs: number; readonly stalenessMs: number; readonly version: number; readonly newest: number }
    | undefined
  /** The longest staleness that could have been seen: the time from the first write to the last read. */
  readonly observableMs: number
  readonly invalidities: readonly Invalidity[]
  /** Why this cannot be found out from here; `undefined` if it can. */
  readonly unavailable: string | undefined
  readonly evidenceLines: readonly string[]
}

export const freshnessOf: unique symbol = Symbol('vitest-slo.freshness')
