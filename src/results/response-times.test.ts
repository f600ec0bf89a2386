import { expect, test } from 'vitest'
import { RESPONSE_TIME_BOUNDS_SEC, ResponseTimes } from './response-times.ts'

const empty = [...RESPONSE_TIME_BOUNDS_SEC.map(() => 0), 0]
const countsAt = (...buckets: number[]) => empty.map((_, bucket) => buckets.filter((each) => each === bucket).length)

test('counts a time equal to an upper bound in its bucket, and longer times after the last bucket', () => {
  const times = new ResponseTimes()
  for (const us of [0, 1_000, 1_001, 2_500, 10_000_000, 10_000_001]) times.record('only', 200, us)
  const [only] = times.toJSON()
  expect(only!.counts).toEqual(countsAt(0, 0, 1, 1, 15, 16))
  expect(only!.sumUs).toBe(20_004_502)
})

test('counts steps and statuses separately, in the order in which they first occurred', () => {
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

test('returns counts that do not change afterwards', () => {
  const times = new ResponseTimes()
  times.record('only', 200, 500)
  const [before] = times.toJSON()
  times.record('only', 200, 500)
  expect(before!.counts).toEqual(countsAt(0))
})
