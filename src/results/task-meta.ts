import type { TaskMeta } from 'vitest'
import type { RunMark, RunSeries, ScenarioRecord } from './result.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Measurements and assertions of a scenario, sent to the reporter with the test. Plain JSON. */
    slo?: ScenarioRecord
    /** Values that the scenario passed to `secret()`. The reporter removes them before other reporters receive the test. */
    sloSecrets?: readonly string[]
  }
}

interface Task {
  readonly meta: TaskMeta
}

/** The record of a test, to which runs and assertions are added. Created if there is none. */
export function scenarioRecordOf(task: Task): ScenarioRecord {
  return (task.meta.slo ??= { runs: [], assertions: [] })
}

/** Adds series to the last run of that name. A series of the same group and label is replaced. */
export function attachSeries(task: Task, name: string, series: readonly RunSeries[]): void {
  const { runs } = scenarioRecordOf(task)
  const index = runs.findLastIndex((run) => run.name === name)
  const run = runs[index]
  if (run === undefined) return
  const isNew = ({ group, label }: RunSeries) => !series.some((one) => one.group === group && one.label === label)
  runs[index] = { ...run, series: [...(run.series ?? []).filter(isNew), ...series] }
}

/** Adds marks to the last run of that name. */
export function attachMarks(task: Task, name: string, marks: readonly RunMark[]): void {
  const { runs } = scenarioRecordOf(task)
  const index = runs.findLastIndex((run) => run.name === name)
  const run = runs[index]
  if (run !== undefined) runs[index] = { ...run, marks: [...(run.marks ?? []), ...marks] }
}
