import type { Outcome } from '../evidence/verdict.ts'
import type { AssertionResult, ComparisonResult, RunResult } from '../results/result.ts'
import type { Environment } from './environment.ts'

/** Raised when a reader of the older form would misread the newer one. */
export const RESULTS_SCHEMA_VERSION = 1

/** The whole of `results.json`. Every string in it is redacted. Ratios are 0–1, times in milliseconds. */
export interface Results {
  readonly schemaVersion: typeof RESULTS_SCHEMA_VERSION
  /** Version of vitest-slo that wrote it. */
  readonly vitestSlo: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  /** Of reports merged from several commands: of their scenarios together. */
  readonly durationMs: number
  /** False where the command was stopped before its end: what is here was measured, but something is missing. */
  readonly complete: boolean
  /** True if only some of the project's scenarios were run: by a filter, a shard, or in watch mode. */
  readonly isPartial?: boolean
  /** How much of the written load was put on: `smoke`, `pr`, `full`, or a factor. */
  readonly scale?: string
  readonly environment: Environment
  readonly services: readonly ServiceInfo[]
  readonly totals: Totals
  /** What went wrong outside any scenario: a file that could not be loaded, a service that did not start. */
  readonly errors: readonly ErrorResult[]
  readonly scenarios: readonly ScenarioResult[]
}

/** A service as the report names it. */
export interface ServiceInfo {
  readonly name: string
  readonly provider: string
  /** One line without secrets: `PostgreSQL 18.4, embedded, 127.0.0.1:21345`. */
  readonly summary: string
}

export type Totals = Readonly<Record<Outcome, number>> & { readonly scenarios: number }

export interface ScenarioResult {
  /** The test's name with the names of its suites: `checkout > S1 pays once`. */
  readonly name: string
  /** Relative to Vitest's root. */
  readonly file: string
  readonly project?: string
  readonly verdict: Outcome
  /** Why it was skipped, where a reason was given; or that it was stopped before its end. */
  readonly note?: string
  readonly durationMs: number
  readonly runs: readonly RunResult[]
  /** Two builds under the same load; absent if the scenario compared none. */
  readonly comparisons?: readonly ComparisonResult[]
  readonly assertions: readonly AssertionResult[]
  readonly errors: readonly ErrorResult[]
}

export interface ErrorResult {
  readonly name: string
  readonly message: string
  /** `perf/checkout.perf.ts:12:3`, where known. */
  readonly at?: string
}

/** How many scenarios came to each verdict. */
export function countVerdicts(scenarios: readonly ScenarioResult[]): Totals {
  const totals = { scenarios: scenarios.length, passed: 0, failed: 0, invalid: 0, skipped: 0 }
  for (const { verdict } of scenarios) totals[verdict]++
  return totals
}
