import type { Histogram } from '../stats/histogram.ts'
import type { Invalidity } from './verdict.ts'

/** What one build did in one slice of a comparison; its settling time at the beginning is left out. */
export interface SliceEvidence {
  /** From intended start, of every request due; those that got no good response are infinite. */
  readonly latency: Histogram
  /** Requests due. */
  readonly offered: number
  /** Requests with an error, dropped ones, and those left without a response. */
  readonly wrong: number
  /** Good responses per second. */
  readonly goodPerSec: number
  /** User and system time of the build's processes over its requests; `undefined` if the processes are not ours. */
  readonly cpuMsPerRequest: number | undefined
}

/** Two slices beside each other in time, one of each build. */
export interface SlicePair {
  readonly base: SliceEvidence
  readonly head: SliceEvidence
}

/** What a matcher of comparisons judges. */
export interface ComparisonEvidence {
  /** In order of time. Which build comes first within a pair alternates. */
  readonly pairs: readonly SlicePair[]
  /** Length of one slice, settling time left out. */
  readonly sliceMs: number
  readonly invalidities: readonly Invalidity[]
  /** Lines of the message's `Evidence:` block that come before the table of figures. */
  readonly evidenceLines: readonly string[]
}

/** The method by which a comparison hands out its evidence. */
export const comparisonOf: unique symbol = Symbol('vitest-slo.comparison')

/** Two builds under the same load, as `compare()` gives. */
export interface ComparisonSource {
  readonly [comparisonOf]: () => ComparisonEvidence
}
