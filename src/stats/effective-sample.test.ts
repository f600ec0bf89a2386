import { describe, expect, test } from 'vitest'
import { Random } from '../load/random.ts'
import { designEffect, effectiveSample, type HitWindow } from './effective-sample.ts'

const windows = (hits: readonly number[], total = 10): HitWindow[] => hits.map((each) => ({ hits: each, total }))

describe('the design effect', () => {
  test('is as written out by hand', () => {
    // Share 0.3, residuals −0.2, −0.1 and 0.3; autoregression −0.0714, corrected for bias 0.1905.
    // Power at the two cosine frequencies 0.125 + 0.015, of which that autoregression shows 0.7748 + 0.5342.
    // Long-run variance 0.10695, over 3 windows 0.03565, over 0.3 × 0.7 / 30 = 0.007.
    const effect = designEffect(windows([1, 2, 6]))
    expect(effect).toMatchObject({ hits: 9, total: 30, degrees: 2 })
    expect(effect.ratio).toBeCloseTo(5.0932, 3)
  })

  test('weighs windows by their requests', () => {
    const even = designEffect([
      { hits: 1, total: 10 },
      { hits: 4, total: 40 },
      { hits: 2, total: 20 },
    ])
    expect(even).toMatchObject({ hits: 7, total: 70 })
    expect(even.ratio).toBeCloseTo(0, 12)
  })

  test('has 0.4 T^⅔ degrees of freedom, four at least, and fewer than there are windows', () => {
    const degrees = (count: number) =>
      designEffect(windows(Array.from({ length: count }, (_, second) => 3 + (second % 2)))).degrees
    expect([2, 3, 5, 27, 125, 1_000].map(degrees)).toEqual([1, 2, 4, 4, 10, 40])
  })

  test('is 1 where windows cannot tell', () => {
    const unknown = { ratio: 1, degrees: Number.POSITIVE_INFINITY }
    expect(designEffect([])).toEqual({ hits: 0, total: 0, ...unknown })
    expect(designEffect(windows([3]))).toEqual({ hits: 3, total: 10, ...unknown })
    expect(designEffect(windows([0, 0, 0]))).toEqual({ hits: 0, total: 30, ...unknown })
    expect(designEffect(windows([10, 10, 10]))).toEqual({ hits: 30, total: 30, ...unknown })
  })

  /** The mean over many runs of 40 seconds, in each of which the share of hits goes with that of the second before. */
  function meanEffect(persistence: number): number {
    const random = new Random(`persistence ${persistence}`)
    const normal = () => Array.from({ length: 12 }, () => random.next()).reduce((sum, one) => sum + one, -6)
    const runs = 2_000
    let sum = 0
    for (let run = 0; run < runs; run++) {
      let state = normal() / Math.sqrt(1 - persistence ** 2)
      const seconds = Array.from({ length: 40 }, () => {
        state = persistence * state + normal()
        // Requests in a number that leaves chance within a second out of it.
        return { hits: 5_000 + state * 50, total: 10_000 }
      })
      sum += designEffect(seconds).ratio / runs
    }
    return sum
  }

  // Six thousand runs take seconds where mutation testing counts what each line runs.
  test('of seconds that go with the one before is that of a first-order autoregression', { timeout: 20_000 }, () => {
    // The long-run variance of x(t) = φ·x(t−1) + e(t) is 1 / (1 − φ)² times that of e, whatever the scale of both.
    const alone = meanEffect(0)
    expect(meanEffect(0.5) / alone / (1 / (1 - 0.5) ** 2)).toBeCloseTo(1, 1)
    expect(meanEffect(0.8) / alone / (1 / (1 - 0.8) ** 2)).toBeGreaterThan(0.75)
  })

  test('of seconds that alternate is not made smaller by what the lowest frequencies do not show', () => {
    const random = new Random('alternating')
    const alternating = Array.from({ length: 200 }, (_, second) => 50 + (second % 2 === 0 ? 8 : -8) + random.int(-1, 1))
    expect(designEffect(windows(alternating, 100)).ratio).toBeLessThan(0.2)
  })
})

describe('the effective sample', () => {
  const effect = { hits: 100, total: 1_000, ratio: 1, degrees: Number.POSITIVE_INFINITY }

  test('is the sample where requests are independent', () => {
    expect(effectiveSample(effect, 0.95)).toBeCloseTo(1_000, 9)
    expect(effectiveSample({ ...effect, ratio: 4 }, 0.95)).toBeCloseTo(250, 9)
  })

  test('is smaller by what is not known of the variance: the normal quantile over Student’s, squared', () => {
    // 1.95996 / 2.77645 with 4 degrees of freedom; 2.57583 / 4.60409 at 99%.
    expect(effectiveSample({ ...effect, degrees: 4 }, 0.95)).toBeCloseTo(1_000 * (1.959964 / 2.776445) ** 2, 2)
    expect(effectiveSample({ ...effect, degrees: 4 }, 0.99)).toBeCloseTo(1_000 * (2.575829 / 4.604095) ** 2, 2)
  })

  test('is never more than ten times the sample, however evenly hits are spread', () => {
    expect(effectiveSample({ ...effect, ratio: 0.01 }, 0.95)).toBeCloseTo(10_000, 6)
    expect(effectiveSample({ ...effect, ratio: 0.2 }, 0.95)).toBeCloseTo(5_000, 6)
  })
})
