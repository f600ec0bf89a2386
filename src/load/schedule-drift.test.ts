import { expect, it } from 'vitest'
import { constantArrivalRate } from './builders.ts'
import { Random } from './random.ts'
import { ArrivalSchedule } from './schedule.ts'

it('uniform arrivals do not drift: after half an hour at 5,000/s the last one is exact to the microsecond', () => {
  const schedule = new ArrivalSchedule(constantArrivalRate({ rate: 5_000, vus: 1, duration: '30m' }), new Random(1))
  let count = 0
  let last = 0
  for (let at = schedule.next(); at !== undefined; at = schedule.next()) {
    count++
    last = at
  }
  expect([schedule.offered, count]).toEqual([9_000_000, 9_000_000])
  expect(Math.abs(last - (30 * 60_000 - 0.1))).toBeLessThan(0.001)
})
