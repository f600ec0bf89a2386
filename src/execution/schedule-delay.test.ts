import { expect, test } from 'vitest'
import { ScheduleDelay } from './schedule-delay.ts'

function delaysBySecond(...seconds: number[]): { allMaxMs: number; sustainedMaxMs: number; counts: number[] } {
  const delay = new ScheduleDelay()
  for (const [second, ms] of seconds.entries()) for (let n = 0; n < 10; n++) delay.record(ms, second * 1000 + n)
  const { all, sustained } = delay
  return { allMaxMs: all.maxUs / 1000, sustainedMaxMs: sustained.maxUs / 1000, counts: [all.count, sustained.count] }
}

test.each([
  [[1, 2, 900, 3, 4], 4],
  [[900, 2, 1], 2],
  [[1, 2, 900], 2],
  [[5, 900, 800, 1], 800],
])('leaves out the second with the largest delay of %j ms', (seconds, sustainedMaxMs) => {
  expect(delaysBySecond(...seconds)).toEqual({
    allMaxMs: 900,
    sustainedMaxMs,
    counts: [seconds.length * 10, seconds.length * 10 - 10],
  })
})

test('contains a single second in all delays and not in the sustained ones', () => {
  expect(delaysBySecond(7).counts).toEqual([10, 0])
})
