import type { Histogram } from '../stats/histogram.ts'
import type { Invalidity } from './verdict.ts'

/** Evidence of one build in one slice of a comparison, without the settling time at its start. */
export interface SliceEvidence {
  /** Latency of every request due; infinite for those without a good response. */
  readonly latency: Histogram
  /** Requests due. */
  readonly offered: number
  /** Requests that failed, were dropped, or got no response. */
  readonly wrong: number
  /** Good responses per second. */
  readonly goodPerSec: number
  /** User and system CPU time of the build per request; `undefined` if this run did not start its processes. */
  readonly cpuMsPerRequest: number | undefined
}

/** Two consecutive slices, one per build. */
export interface SlicePair {
  readonly base: SliceEvidence
  readonly head: SliceEvidence
}

/** Evidence that comparison matchers judge. */
export interface ComparisonEvidence {
  /** Pairs in order of time. The build that comes first alternates. */
  readonly pairs: readonly SlicePair[]
  /** Length of a slice without its settling time. */
  readonly sliceMs: number
  readonly invalidities: readonly Invalidity[]
  /** Lines of the message's `Evidence:` block that come before the table of figures. */
  readonly evidenceLines: readonly string[]
}

/** Method that returns the evidence of a comparison. */
export const comparisonOf: unique symbol = Symbol('vitest-slo.comparison')

/** Two builds under the same load, as returned by `compare()`. */
export interface ComparisonSource {
  /** @internal */
  readonly [comparisonOf]: () => ComparisonEvidence
}
