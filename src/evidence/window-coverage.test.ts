import { describe, expect, test } from 'vitest'
import type { RunWindow } from './run-window.ts'
import { coverGrowth, coverState, joined } from './window-coverage.ts'

/** A run from 1,000 to 9,000 whose last response came at 9,500; samples at 300, 1,300, …, 11,300. */
const run: RunWindow = {
  ...{ run: 'http 1', scope: 'steady phase', spans: [] },
  ...{ runStartMs: 1_000, runEndMs: 9_000, settledMs: 9_500 },
}
const times = Array.from({ length: 12 }, (_, index) => 300 + index * 1_000)

describe('growth', () => {
  test('of a whole run is measured between the samples around it, last responses included', () => {
    const covered = coverGrowth(times, { startMs: 1_000, endMs: 9_000 }, run)
    expect(covered).toEqual({ first: 0, last: 10, startMs: 300, endMs: 10_300, outsideMs: 0 })
  })

  test('at an edge to another phase is measured from the sample inside, so that no warm-up is included', () => {
    expect(coverGrowth(times, { startMs: 3_000, endMs: 9_000 }, run)).toMatchObject({ startMs: 3_300, endMs: 10_300 })
    expect(coverGrowth(times, { startMs: 1_000, endMs: 5_000 }, run)).toMatchObject({ startMs: 300, endMs: 4_300 })
    expect(coverGrowth(times, { startMs: 3_000, endMs: 5_000 }, run)).toMatchObject({ startMs: 3_300, endMs: 4_300 })
  })

  test('in a scope too short for two samples is measured around it, and includes the time of other phases', () => {
    expect(coverGrowth(times, { startMs: 3_000, endMs: 4_000 }, run)).toEqual({
      ...{ first: 2, last: 4, startMs: 2_300, endMs: 4_300 },
      outsideMs: 700 + 300,
    })
    const beginning = coverGrowth([300, 2_300], { startMs: 1_000, endMs: 2_000 }, run)
    expect(beginning, 'time before the run does not count').toMatchObject({ startMs: 300, outsideMs: 300 })
  })

  test('is undefined without a sample on either side', () => {
    expect(coverGrowth([300, 1_300], { startMs: 1_000, endMs: 9_000 }, run)).toBeUndefined()
    expect(coverGrowth([], { startMs: 1_000, endMs: 9_000 }, run)).toBeUndefined()
    expect(coverGrowth([9_300], { startMs: 1_000, endMs: 9_000 }, run)).toBeUndefined()
  })
})

test('states use only samples inside the scope, because idle time at the ends of the run would lower them', () => {
  expect(coverState(times, { startMs: 1_000, endMs: 9_000 }, run)).toMatchObject({ startMs: 1_300, endMs: 8_300 })
  expect(coverState(times, { startMs: 3_000, endMs: 4_000 }, run)).toMatchObject({ startMs: 2_300, endMs: 4_300 })
})

test('joins adjacent phases and leaves out empty ones', () => {
  const spans = [
    { startMs: 0, endMs: 10 },
    { startMs: 10, endMs: 30 },
    { startMs: 50, endMs: 50 },
    { startMs: 60, endMs: 70 },
  ]
  expect(joined(spans)).toEqual([
    { startMs: 0, endMs: 30 },
    { startMs: 60, endMs: 70 },
  ])
})
