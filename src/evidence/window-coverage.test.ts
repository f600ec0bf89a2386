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
  test('of a whole run lies between the samples around it, its last responses included', () => {
    const covered = coverGrowth(times, { startMs: 1_000, endMs: 9_000 }, run)
    expect(covered).toEqual({ first: 0, last: 10, startMs: 300, endMs: 10_300, outsideMs: 0 })
  })

  test('at an edge to another phase lies between the samples inside, so that no warm-up comes in', () => {
    expect(coverGrowth(times, { startMs: 3_000, endMs: 9_000 }, run)).toMatchObject({ startMs: 3_300, endMs: 10_300 })
    expect(coverGrowth(times, { startMs: 1_000, endMs: 5_000 }, run)).toMatchObject({ startMs: 300, endMs: 4_300 })
    expect(coverGrowth(times, { startMs: 3_000, endMs: 5_000 }, run)).toMatchObject({ startMs: 3_300, endMs: 4_300 })
  })

  test('in a scope too short for two samples takes those around it, and says what of other phases is in it', () => {
    expect(coverGrowth(times, { startMs: 3_000, endMs: 4_000 }, run)).toEqual({
      ...{ first: 2, last: 4, startMs: 2_300, endMs: 4_300 },
      outsideMs: 700 + 300,
    })
    const beginning = coverGrowth([300, 2_300], { startMs: 1_000, endMs: 2_000 }, run)
    expect(beginning, 'before the run began there is nothing of it').toMatchObject({ startMs: 300, outsideMs: 300 })
  })

  test('cannot be said without a sample on either side', () => {
    expect(coverGrowth([300, 1_300], { startMs: 1_000, endMs: 9_000 }, run)).toBeUndefined()
    expect(coverGrowth([], { startMs: 1_000, endMs: 9_000 }, run)).toBeUndefined()
    expect(coverGrowth([9_300], { startMs: 1_000, endMs: 9_000 }, run)).toBeUndefined()
  })
})

test('states are those inside, also at the ends of the run, where idle time would water them down', () => {
  expect(coverState(times, { startMs: 1_000, endMs: 9_000 }, run)).toMatchObject({ startMs: 1_300, endMs: 8_300 })
  expect(coverState(times, { startMs: 3_000, endMs: 4_000 }, run)).toMatchObject({ startMs: 2_300, endMs: 4_300 })
})

test('phases that touch are one stretch, empty ones are none', () => {
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
