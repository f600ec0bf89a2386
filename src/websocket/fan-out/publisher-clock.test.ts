import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPublisherClock } from './publisher-clock.ts'

test('estimates the offset of the clocks to within half the shortest round trip', () => {
  const roundTrip = fc.record({
    lengthMs: fc.double({ min: 0.1, max: 500, noNaN: true }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(
      fc.integer({ min: -1e9, max: 1e9 }),
      fc.array(roundTrip, { minLength: 1, maxLength: 20, size: 'max' }),
      (aheadMs, trips) => {
        const epochUs = -5e12
        const publications = trips.map(({ lengthMs, at }, index) => {
          const sentUs = index * 1e6
          const stampedUs = sentUs + at * lengthMs * 1000
          const stampedAtMs = (stampedUs - epochUs) / 1000 + aheadMs
          return { intendedUs: sentUs, sentUs, respondedUs: sentUs + lengthMs * 1000, stampedAtMs }
        })
        const clock = readPublisherClock(publications, epochUs)!
        expect(clock.uncertaintyMs).toBeCloseTo(Math.min(...trips.map(({ lengthMs }) => lengthMs)) / 2, 3)
        expect(Math.abs(clock.aheadMs - aheadMs)).toBeLessThanOrEqual(clock.uncertaintyMs + 0.01)
        expect(clock.delay.count).toBe(trips.length)
      },
    ),
  )
})

test('returns undefined if messages have no stamp or send never resolved', () => {
  const times = { intendedUs: 0, sentUs: 1 }
  expect(readPublisherClock([{ ...times, respondedUs: 2, stampedAtMs: Number.NaN }], 0)).toBeUndefined()
  expect(readPublisherClock([{ ...times, respondedUs: Number.NaN, stampedAtMs: 5 }], 0)).toBeUndefined()
})
