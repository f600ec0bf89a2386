import { expect, it } from 'vitest'
import { Histogram } from './histogram.ts'
import { timeStats } from './summary.ts'

it('statistics are in milliseconds', () => {
  const histogram = new Histogram()
  for (let us = 1; us <= 1_000; us++) histogram.record(us)
  expect(timeStats(histogram)).toEqual({
    count: 1_000,
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

it('of no samples are absent, not zero', () => {
  expect(timeStats(new Histogram())).toBeUndefined()
})
