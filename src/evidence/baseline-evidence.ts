import type { RunKind, TimeEvidence } from './evidence.ts'

/** A percentile with its 95% interval. Each value may be infinite. */
export interface StoredPercentile {
  /** Ratio: 0.95. */
  readonly p: number
  readonly ms: number
  readonly lowMs: number
  readonly highMs: number
}

/** A stored run, as matchers judge it. */
export interface BaselineEvidence {
  /** `the baseline of 2026-03-01` */
  readonly label: string
  readonly kind: RunKind
  readonly quantity: TimeEvidence['quantity']
  /** Infinite if a sample had no time. */
  readonly meanMs: number
  readonly percentiles: readonly StoredPercentile[]
  /** Differences between the conditions of this run and of the baseline: `Node v22.1.0, now v24.0.0`. */
  readonly differences: readonly string[]
  /** Whether this run was stored as the baseline, so that there is nothing to compare with yet. */
  readonly isNew: boolean
}

/** Method that returns the evidence of a baseline. */
export const baselineOf: unique symbol = Symbol('vitest-slo.baseline')

/** A run that was stored earlier. */
export interface BaselineSource {
  /** @internal */
  readonly [baselineOf]: () => BaselineEvidence
}
