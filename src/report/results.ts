import type { Outcome } from '../evidence/verdict.ts'
import type { AssertionResult, ComparisonResult, RunResult } from '../results/result.ts'
import type { Environment } from './environment.ts'

/** Increased if a reader of the older format would misread the newer one. */
export const RESULTS_SCHEMA_VERSION = 2

/** Content of `results.json`. Every string is redacted. Ratios are 0–1, times in milliseconds. */
export interface Results {
  /** Version of this format. */
  readonly schemaVersion: typeof RESULTS_SCHEMA_VERSION
  /** Version of vitest-slo that wrote the file. */
  readonly vitestSlo: string
  /** Start of the command. ISO 8601, UTC. */
  readonly startedAt: string
  /** Duration of the command. In reports merged from several commands, the sum over all scenarios. */
  readonly durationMs: number
  /** False if the command was stopped before its end, so that results are missing. */
  readonly complete: boolean
  /** True if only some of the project's scenarios ran: because of a filter, a shard, or watch mode. */
  readonly isPartial?: boolean
  /** Scale of the load: `smoke`, `pr`, `full`, or a factor. */
  readonly scale?: string
  /** Machine and runtime of the load generator. */
  readonly environment: Environment
  /** Services that scenarios used. */
  readonly services: readonly ServiceInfo[]
  /** Numbers of scenarios by verdict. */
  readonly totals: Totals
  /** Errors outside any scenario: a file that could not be loaded, a service that did not start. */
  readonly errors: readonly ErrorResult[]
  /** Every scenario, also those that did not start. */
  readonly scenarios: readonly ScenarioResult[]
}

/** A service that scenarios used. */
export interface ServiceInfo {
  /** Name in the config. */
  readonly name: string
  /** Source: `container`, `embedded`, `external`, or a custom word. */
  readonly provider: string
  /** One line without secrets: `PostgreSQL 18.4, embedded, 127.0.0.1:21345`. */
  readonly summary: string
}

/** Numbers of scenarios, in total and by verdict. */
export type Totals = Readonly<Record<Outcome, number>> & {
  /** All scenarios. */
  readonly scenarios: number
}

/** Result of one scenario. */
export interface ScenarioResult {
  /** The test's name with the names of its suites: `checkout > S1 pays once`. */
  readonly name: string
  /** Path relative to Vitest's root. */
  readonly file: string
  /** Name of the Vitest project, if it has one. */
  readonly project?: string
  /** Verdict of the scenario. */
  readonly verdict: Outcome
  /** Set for a scenario of `perfTest.fails`: a failed assertion makes it pass. */
  readonly isFailureExpected?: true
  /** Why it was skipped, if a reason was given, or that it was stopped before its end. */
  readonly note?: string
  /** Duration of the test, in milliseconds. */
  readonly durationMs: number
  /** Runs of the scenario, in order. */
  readonly runs: readonly RunResult[]
  /** Comparisons of two builds; absent if there are none. */
  readonly comparisons?: readonly ComparisonResult[]
  /** Assertions of the scenario, in order. */
  readonly assertions: readonly AssertionResult[]
  /** Errors of the test, those of failed assertions included. */
  readonly errors: readonly ErrorResult[]
}

/** An error, without its stack. */
export interface ErrorResult {
  /** Name of the error: `TypeError`. */
  readonly name: string
  /** Message, without colours. */
  readonly message: string
  /** Source position, if known: `perf/checkout.perf.ts:12:3`. */
  readonly at?: string
}

/** Counts scenarios by verdict. */
export function countVerdicts(scenarios: readonly ScenarioResult[]): Totals {
  const totals = { scenarios: scenarios.length, passed: 0, failed: 0, invalid: 0, skipped: 0 }
  for (const { verdict } of scenarios) totals[verdict]++
  return totals
}
