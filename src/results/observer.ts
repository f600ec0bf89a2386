import type { Outcome } from '../evidence/verdict.ts'
import type { ScenarioRecord } from './result.ts'
import type { RunSnapshot } from './snapshot.ts'

/**
 * Somebody beside the reporter who is told how scenarios go, in the main process: an exporter of metrics, for instance.
 * What it is told is redacted. An error it throws is reported in one line and changes no verdict.
 */
export interface RunObserver {
  /** Before the first scenario; scenarios wait for it. Again before each re-run in watch mode. */
  onStart?(): void | Promise<void>
  /** @param scenario the test's name with the names of its suites */
  onSnapshot?(scenario: string, snapshot: RunSnapshot): void
  /** @param scale how much of the written load was put on: `smoke`, `pr`, `full`, a factor; undefined where unknown */
  onScenario?(scenario: string, verdict: Outcome, record: ScenarioRecord, scale?: string): void
  /** After the last scenario; the command waits for it. */
  onEnd?(ending: RunEnding): void | Promise<void>
}

/** How a test run ends. */
export interface RunEnding {
  /** More runs may follow, as in watch mode. */
  readonly watches: boolean
  /** Aborted where the command was told to stop, or is while an observer still waits for something. */
  readonly signal: AbortSignal
}
