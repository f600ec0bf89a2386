import type { TaskMeta } from 'vitest'
import type { ScenarioRecord } from './result.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** What a scenario measured and asserted; travels to the reporter with the test. Plain JSON. */
    slo?: ScenarioRecord
  }
}

/** The record of a test, begun where it has none yet. Runs and assertions are pushed into it as they come. */
export function scenarioRecordOf(test: { readonly meta: TaskMeta }): ScenarioRecord {
  return (test.meta.slo ??= { runs: [], assertions: [] })
}
