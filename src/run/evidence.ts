import type { Histogram } from '../stats/histogram.ts'
import type { Window } from '../stats/timeline.ts'
import type { GeneratorHealth } from './generator.ts'
import type { Invalidity } from './verdict.ts'

export type RunKind = 'http' | 'fanOut' | 'conversation' | 'micro'

/**
 * What a latency matcher judges: the samples of one scope of one run, and what speaks against using them.
 * Every run that latency matchers accept hands one out; matchers read it and never create evidence.
 */
export interface TimeEvidence {
  readonly kind: RunKind
  /** What the times are: `latency` (from intended start), `lag` (from publication), `time` (of a function call). */
  readonly quantity: 'latency' | 'lag' | 'time'
  /** The samples in scope. */
  readonly histogram: Histogram
  /** The same samples by one-second windows, for intervals. */
  readonly windows: readonly Histogram[]
  /** Length of the scope. */
  readonly durationMs: number
  readonly invalidities: readonly Invalidity[]
  /** Lines of the message's `Evidence:` block, first line first. */
  readonly evidenceLines: readonly string[]
  /** The slowest parts (steps, publications), worst first, for the `Slowest:` line. Empty where there is one part only. */
  readonly slowest: readonly { readonly label: string; p95Ms: number }[]
  /** What to do next, where the figures suggest it. */
  readonly hint: string | undefined
}

/** What a matcher of request counts (error rate, status rate, throughput, sustained rate) judges. */
export interface RequestEvidence extends TimeEvidence {
  readonly offered: number
  readonly sent: number
  readonly dropped: number
  readonly completed: number
  readonly errors: ReadonlyMap<string, number>
  readonly statuses: ReadonlyMap<number, number>
  /** The windows in scope, whole, for intervals over counts. */
  readonly requestWindows: readonly Window[]
  /** The rate the load asked for in this scope; `undefined` for closed models. */
  readonly offeredRatePerSec: number | undefined
  readonly generator: GeneratorHealth
}

/** The method by which runs hand out their evidence, kept off the runs' own vocabulary. */
export const evidenceOf: unique symbol = Symbol('vitest-slo.evidence')
