import { expect, it } from 'vitest'
import { Histogram } from './histogram.ts'
import { timeStats, timeStatsJson } from './summary.ts'

it('returns statistics in milliseconds', () => {
  const histogram = new Histogram()
  for (let us = 1; us <= 1_000; us++) histogram.record(us)
  expect(timeStats(histogram)).toEqual({
    count: 1_000,
    infiniteCount: 0,
    minMs: 0.001,
    meanMs: 0.5005,
    p50Ms: 0.5,
    p75Ms: 0.75,
    p90Ms: 0.9,
    p95Ms: 0.95,
    p99Ms: 0.99,
    p999Ms: 0.999,
    maxMs: 1,
  })
})

it('returns undefined for an empty histogram', () => {
  expect(timeStats(new Histogram())).toBeUndefined()
})

it('includes infinite samples in percentiles, but not in minimum, mean and maximum', () => {
  const histogram = new Histogram()
  for (let us = 1; us <= 900; us++) histogram.record(us)
  histogram.recordInfinite(100)
  expect(timeStats(histogram)).toMatchObject({ count: 1_000, infiniteCount: 100, meanMs: 0.4505, maxMs: 0.9 })
  expect(timeStats(histogram)).toMatchObject({ p50Ms: 0.5, p90Ms: 0.9, p95Ms: Infinity, p999Ms: Infinity })
})

it('returns infinite times, never NaN, if no sample has a time', () => {
  const histogram = new Histogram()
  histogram.recordInfinite(3)
  const { count, infiniteCount, ...times } = timeStats(histogram)!
  expect([count, infiniteCount]).toEqual([3, 3])
  expect(new Set(Object.values(times))).toEqual(new Set([Infinity]))
})

it('converts infinite times to a string in JSON', () => {
  const histogram = new Histogram()
  histogram.record(1_500)
  histogram.recordInfinite()
  const json = JSON.parse(JSON.stringify(timeStatsJson(histogram)))
  expect(json).toMatchObject({ p50Ms: 1.5, p95Ms: 'Infinity', maxMs: 1.5, infiniteCount: 1 })
  expect(Number(json.p95Ms)).toBe(Infinity)
  expect(timeStatsJson(new Histogram())).toBeUndefined()
})
