import { describe, expect, test } from 'vitest'
import { percentileName, samplesForPercentile, samplesForRatio, tooFewSamples } from './sample-size.ts'

describe('samples needed', () => {
  test.for([
    [0.5, 20],
    [0.75, 40],
    [0.9, 100],
    [0.95, 200],
    [0.99, 1_000],
    [0.999, 10_000],
    [0.9999, 100_000],
    [0.01, 1_000],
  ] as const)('a percentile of %d needs %d', ([p, needed]) => {
    expect(samplesForPercentile(p)).toBe(needed)
  })

  test.for([
    [0.001, 1_000],
    [0.003, 334],
    [0.005, 200],
    [0.01, 100],
    [0.5, 2],
    [0.99, 100],
    [1, 1],
  ] as const)('a ratio with the limit %d needs %d', ([limit, needed]) => {
    expect(samplesForRatio(limit)).toBe(needed)
  })
})

describe('too few samples', () => {
  const scope = { count: 199, durationMs: 4_000, noun: 'requests' }

  test('accepts exactly as many as needed', () => {
    expect(tooFewSamples('p95 < 150 ms', 200, { ...scope, count: 200 })).toBeUndefined()
  })

  test('rejects one less, and suggests the length needed at this rate', () => {
    expect(tooFewSamples('p95 < 150 ms', 200, scope)).toMatchInlineSnapshot(`
      {
        "finding": "p95 < 150 ms needs at least 200 requests, the scope judged has 199",
        "fix": "at 49.8/s the scope would have to be 5s long (it was 4s): lengthen the run, or raise its rate to 50/s",
        "reason": "too-few-samples",
      }
    `)
  })

  test('suggests the rate of publications for deliveries', () => {
    const deliveries = {
      count: 800,
      durationMs: 4_000,
      noun: 'deliveries',
      rateOption: { name: 'publish.rate', perSec: 10 },
    }
    expect(tooFewSamples('p99 lag < 150 ms', 1_000, deliveries)?.fix).toBe(
      'at 200/s the scope would have to be 5s long (it was 4s): lengthen the run, or raise publish.rate from 10 to 12.5',
    )
  })

  test('suggests more samples if there is no duration', () => {
    expect(tooFewSamples('p95 < 150 ms', 200, { ...scope, count: 30, durationMs: 0 })?.fix).toMatchInlineSnapshot(
      `"measure at least 6.7 times as many"`,
    )
  })

  test('has a separate reason if there are none', () => {
    expect(tooFewSamples('p95 < 150 ms', 200, { ...scope, count: 0 })?.reason).toBe('no-samples')
  })
})

test('names percentiles', () => {
  expect([0.5, 0.95, 0.999, 0.9999, 0.07].map(percentileName)).toEqual(['p50', 'p95', 'p99.9', 'p99.99', 'p7'])
})
