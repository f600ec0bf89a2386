import type { ScenarioRecord } from './result.ts'
import type { RunSnapshot } from './snapshot.ts'
import type { Outcome } from './verdict.ts'

/**
 * Somebody beside the reporter who is told how scenarios go, in the main process: an exporter of metrics, for instance.
 * What it is told is redacted. An error it throws is reported in one line and changes no verdict.
 */
export interface RunObserver {
  /** Before the first scenario; scenarios wait for it. Again before each re-run in watch mode. */
  onStart?(): void | Promise<void>
  /** @param scenario the test's name with the names of its suites */
  onSnapshot?(scenario: string, snapshot: RunSnapshot): void
  onScenario?(scenario: string, verdict: Outcome, record: ScenarioRecord): void
  /** After the last scenario; the command waits for it. */
  onEnd?(): void | Promise<void>
}
