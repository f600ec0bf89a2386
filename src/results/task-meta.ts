import type { TaskMeta } from 'vitest'
import type { RunMark, RunSeries, ScenarioRecord } from './result.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** What a scenario measured and asserted; travels to the reporter with the test. Plain JSON. */
    slo?: ScenarioRecord
    /** Values that the scenario called `secret()` with. The reporter takes them out before anything else sees them. */
    sloSecrets?: readonly string[]
  }
}

interface Task {
  readonly meta: TaskMeta
}

/** The record of a test, begun where it has none yet. Runs and assertions are pushed into it as they come. */
export function scenarioRecordOf(task: Task): ScenarioRecord {
  return (task.meta.slo ??= { runs: [], assertions: [] })
}

/** Charts belong to the run they were sampled beside; one that is there already is drawn anew. */
export function attachSeries(task: Task, name: string, series: readonly RunSeries[]): void {
  const { runs } = scenarioRecordOf(task)
  const index = runs.findLastIndex((run) => run.name === name)
  const run = runs[index]
  if (run === undefined) return
  const isNew = ({ group, label }: RunSeries) => !series.some((one) => one.group === group && one.label === label)
  runs[index] = { ...run, series: [...(run.series ?? []).filter(isNew), ...series] }
}

/** What was done to the system while a run went on. */
export function attachMarks(task: Task, name: string, marks: readonly RunMark[]): void {
  const { runs } = scenarioRecordOf(task)
  const index = runs.findLastIndex((run) => run.name === name)
  const run = runs[index]
  if (run !== undefined) runs[index] = { ...run, marks: [...(run.marks ?? []), ...marks] }
}
