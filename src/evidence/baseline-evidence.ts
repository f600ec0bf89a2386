import type { RunKind, TimeEvidence } from './evidence.ts'

/** A percentile as it was measured, with its 95% interval. Each may be infinite. */
export interface StoredPercentile {
  /** As a ratio: 0.95. */
  readonly p: number
  readonly ms: number
  readonly lowMs: number
  readonly highMs: number
}

/** What a matcher knows of a run that was stored earlier. */
export interface BaselineEvidence {
  /** `the baseline of 2026-03-01` */
  readonly label: string
  readonly kind: RunKind
  readonly quantity: TimeEvidence['quantity']
  /** Infinite if a sample had no time. */
  readonly meanMs: number
  readonly percentiles: readonly StoredPercentile[]
  /** In what this run's surroundings differ from those of the baseline: `Node v22.1.0, now v24.0.0`. */
  readonly differences: readonly string[]
  /** Stored by this very run, so that there is nothing to compare with yet. */
  readonly isNew: boolean
}

/** The method by which a baseline hands out its evidence. */
export const baselineOf: unique symbol = Symbol('vitest-slo.baseline')

/** A run that was stored earlier. */
export interface BaselineSource {
  readonly [baselineOf]: () => BaselineEvidence
}
