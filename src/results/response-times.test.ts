import { expect, test } from 'vitest'
import { RESPONSE_TIME_BOUNDS_SEC, ResponseTimes } from './response-times.ts'

const empty = [...RESPONSE_TIME_BOUNDS_SEC.map(() => 0), 0]
const countsAt = (...buckets: number[]) => empty.map((_, bucket) => buckets.filter((each) => each === bucket).length)

test('a bucket holds its upper end, and what takes longer than all has one of its own', () => {
  const times = new ResponseTimes()
  for (const us of [0, 1_000, 1_001, 2_500, 10_000_000, 10_000_001]) times.record('only', 200, us)
  const [only] = times.toJSON()
  expect(only!.counts).toEqual(countsAt(0, 0, 1, 1, 15, 16))
  expect(only!.sumUs).toBe(20_004_502)
})

test('steps and statuses are counted apart, in the order in which they were first seen', () => {
  const times = new ResponseTimes()
  times.record('vote', 201, 500)
  times.record('me', 'timeout', 500)
  times.record('vote', 429, 500)
  times.record('vote', 201, 700)
  expect(times.toJSON().map(({ step, status, sumUs }) => [step, status, sumUs])).toEqual([
    ['vote', '201', 1_200],
    ['vote', '429', 500],
    ['me', 'timeout', 500],
  ])
})

test('what was handed out does not change any more', () => {
  const times = new ResponseTimes()
  times.record('only', 200, 500)
  const [before] = times.toJSON()
  times.record('only', 200, 500)
  expect(before!.counts).toEqual(countsAt(0))
})
