import { expect, test, type TaskMeta } from 'vitest'
import type { RunMark, RunResult, RunSeries } from './result.ts'
import { attachMarks, attachSeries, scenarioRecordOf } from './task-meta.ts'

const run = (name: string) => ({ name }) as RunResult
const series = (label: string, values: readonly number[]) =>
  ({ group: 'capacity', label, values }) as unknown as RunSeries
const mark = (label: string): RunMark => ({ label, startMs: 0, endMs: 1 })

function taskWith(...names: string[]) {
  const task: { meta: TaskMeta } = { meta: {} }
  scenarioRecordOf(task).runs.push(...names.map(run))
  return task
}

test('creates a record once', () => {
  const task = { meta: {} }
  const record = scenarioRecordOf(task)
  expect(record).toEqual({ runs: [], assertions: [] })
  expect(scenarioRecordOf(task)).toBe(record)
})

test('adds series to the last run of that name, and replaces those of the same group and label', () => {
  const task = taskWith('a', 'a', 'b')
  attachSeries(task, 'a', [series('CPU', [1]), series('Redis', [2])])
  attachSeries(task, 'a', [series('CPU', [3])])
  attachSeries(task, 'none', [series('CPU', [4])])
  const { runs } = scenarioRecordOf(task)
  expect(runs).toEqual([
    { name: 'a' },
    { name: 'a', series: [series('Redis', [2]), series('CPU', [3])] },
    { name: 'b' },
  ])
})

test('keeps series of the same label in different groups', () => {
  const task = taskWith('a')
  attachSeries(task, 'a', [series('CPU', [1])])
  attachSeries(task, 'a', [{ ...series('CPU', [2]), group: 'metrics' }])
  expect(scenarioRecordOf(task).runs[0]!.series).toHaveLength(2)
})

test('adds marks to existing ones', () => {
  const task = taskWith('a', 'b')
  attachMarks(task, 'a', [mark('target killed')])
  attachMarks(task, 'a', [mark('Redis paused')])
  attachMarks(task, 'none', [mark('lost')])
  expect(scenarioRecordOf(task).runs).toEqual([
    { name: 'a', marks: [mark('target killed'), mark('Redis paused')] },
    { name: 'b' },
  ])
})
