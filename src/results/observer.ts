import type { Outcome } from '../evidence/verdict.ts'
import type { ScenarioRecord } from './result.ts'
import type { RunSnapshot } from './snapshot.ts'

/**
 * Receives the progress of scenarios in the main process, e.g. to export metrics. All values it receives are redacted. An
 * error it throws is printed in one line and changes no verdict.
 */
export interface RunObserver {
  /** Called before the first scenario, which waits for it, and before each re-run in watch mode. */
  onStart?(): void | Promise<void>
  /** @param scenario the test's name with the names of its suites */
  onSnapshot?(scenario: string, snapshot: RunSnapshot): void
  /** @param scale scale of the load: `smoke`, `pr`, `full`, or a factor; undefined if unknown */
  onScenario?(scenario: string, verdict: Outcome, record: ScenarioRecord, scale?: string): void
  /** Called after the last scenario; the command waits for it. */
  onEnd?(ending: RunEnding): void | Promise<void>
}

/** The end of a test run. */
export interface RunEnding {
  /** Whether more runs may follow, as in watch mode. */
  readonly watches: boolean
  /** Aborted if the command is stopped, before or while an observer waits. */
  readonly signal: AbortSignal
}
