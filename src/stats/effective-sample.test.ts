import { describe, expect, test } from 'vitest'
import { Random } from '../load/random.ts'
import { designEffect, effectiveSample, type HitWindow } from './effective-sample.ts'

const windows = (hits: readonly number[], total = 10): HitWindow[] => hits.map((each) => ({ hits: each, total }))

describe('the design effect', () => {
  test('matches a calculation by hand', () => {
    // Ratio 0.3, residuals −0.2, −0.1 and 0.3 with variance 0.046667.
    // Chance within the windows (1 × 9 + 2 × 8 + 6 × 4) / 9 = 5.4444, over 30² = 0.0060494, for a residual 0.018148.
    // Level: variance 0.028519; autoregression of the residuals −0.0714, corrected for bias 0.1905, for chance 0.3117.
    // Power at the two cosine frequencies 0.125 + 0.015, of which chance and level contribute 0.70252 + 0.50244.
    // Long-run variance 0.116187, over 3 windows 0.038729, over 0.3 × 0.7 / 30 = 0.007.
    const effect = designEffect(windows([1, 2, 6]))
    expect(effect).toMatchObject({ hits: 9, total: 30, degrees: 2 })
    expect(effect.ratio).toBeCloseTo(5.5327, 3)
    expect(effect.chance).toBeCloseTo(0.0060494 / 0.007, 4)
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

  test('counts no chance in windows that are all hits or all misses, or hold one request', () => {
    expect(designEffect(windows([10, 0, 10, 0, 0])).chance).toBe(0)
    expect(designEffect(windows([1, 0, 1, 1, 0], 1)).chance).toBe(0)
  })

  test('is only chance on average if requests are independent, even with few per window', () => {
    const random = new Random('chance')
    let sum = 0
    for (let run = 0; run < 500; run++) {
      const hits = Array.from({ length: 30 }, () => Number(random.next() < 0.3) + Number(random.next() < 0.3))
      sum += designEffect(windows(hits, 2)).chance / 500
    }
    expect(sum).toBeCloseTo(1, 1)
  })

  test('has 0.4 T^⅔ degrees of freedom, at least five, and fewer than windows', () => {
    const degrees = (count: number) =>
      designEffect(windows(Array.from({ length: count }, (_, second) => 3 + (second % 2)))).degrees
    expect([2, 3, 5, 27, 125, 1_000].map(degrees)).toEqual([1, 2, 4, 5, 10, 40])
  })

  test('is 1 if it cannot be estimated', () => {
    const unknown = { ratio: 1, chance: 1, degrees: Number.POSITIVE_INFINITY }
    expect(designEffect([])).toEqual({ hits: 0, total: 0, ...unknown })
    expect(designEffect(windows([3]))).toEqual({ hits: 3, total: 10, ...unknown })
    expect(designEffect(windows([0, 0, 0]))).toEqual({ hits: 0, total: 30, ...unknown })
    expect(designEffect(windows([10, 10, 10]))).toEqual({ hits: 30, total: 30, ...unknown })
  })

  /** The mean over many runs of 40 seconds, in which the ratio of hits depends on that of the previous second. */
  function meanEffect(persistence: number): number {
    const random = new Random(`persistence ${persistence}`)
    const normal = () => Array.from({ length: 12 }, () => random.next()).reduce((sum, one) => sum + one, -6)
    const runs = 2_000
    let sum = 0
    for (let run = 0; run < runs; run++) {
      let state = normal() / Math.sqrt(1 - persistence ** 2)
      const seconds = Array.from({ length: 40 }, () => {
        state = persistence * state + normal()
        // So many requests that chance within a second does not matter.
        return { hits: 50_000_000 + state * 500_000, total: 100_000_000 }
      })
      sum += designEffect(seconds).ratio / runs
    }
    return sum
  }

  // Six thousand runs take seconds under the instrumentation of mutation testing.
  test('of autocorrelated seconds is that of a first-order autoregression', { timeout: 20_000 }, () => {
    // The long-run variance of x(t) = φ·x(t−1) + e(t) is 1 / (1 − φ)² times that of e, at any scale.
    const uncorrelated = meanEffect(0)
    expect(meanEffect(0.5) / uncorrelated / (1 / (1 - 0.5) ** 2)).toBeCloseTo(1, 1)
    expect(meanEffect(0.8) / uncorrelated / (1 / (1 - 0.8) ** 2)).toBeGreaterThan(0.75)
  })

  test('includes autocorrelation that chance within the seconds hides', () => {
    const random = new Random('attenuation')
    const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
    const [runs, perSecond] = [200, 20]
    let sum = 0
    for (let run = 0; run < runs; run++) {
      let state = normal()
      const seconds = Array.from({ length: 300 }, () => {
        state = 0.8 * state + 0.6 * normal()
        const ratio = Math.min(1, Math.max(0, 0.5 + 0.1 * state))
        const hits = Array.from({ length: perSecond }, () => Number(random.next() < ratio))
        return { hits: hits.reduce((all, hit) => all + hit, 0), total: perSecond }
      })
      sum += designEffect(seconds).ratio / runs
    }
    // Neighbouring seconds correlate by 0.8 × 0.01 / (0.01 + 0.24 / 20) = 0.36 only.
    const truth = (0.24 / perSecond + (0.01 * (1 + 0.8)) / (1 - 0.8)) / (0.25 / perSecond)
    expect(sum / truth).toBeGreaterThan(0.9)
    expect(sum / truth).toBeLessThan(1.15)
  })

  test('of hits on a schedule has no chance', () => {
    const scheduled = designEffect(windows([1, 2, 6]), { isChanceWithin: false })
    expect(scheduled.chance).toBe(0)
    // As above, but all of the variance is that of the level.
    expect(scheduled.ratio).toBeCloseTo(5.0932, 3)
  })

  test('of alternating seconds is not reduced by what the lowest frequencies miss', () => {
    const random = new Random('alternating')
    const alternating = Array.from({ length: 200 }, (_, second) => 50 + (second % 2 === 0 ? 8 : -8) + random.int(-1, 1))
    expect(designEffect(windows(alternating, 100)).ratio).toBeLessThan(0.2)
  })
})

describe('the effective sample', () => {
  const effect = { hits: 100, total: 1_000, ratio: 1, chance: 1, degrees: Number.POSITIVE_INFINITY }

  test('is the sample if requests are independent', () => {
    expect(effectiveSample(effect, 0.95)).toBeCloseTo(1_000, 9)
    expect(effectiveSample({ ...effect, ratio: 4 }, 0.95)).toBeCloseTo(250, 9)
  })

  test('widens the excess over chance for its uncertainty: Student’s quantile over the normal one, squared', () => {
    // 2.776445 and 1.959964 with 4 degrees of freedom, with which an excess varies by 1.2 / 2 = 0.6.
    const variance = 0.7 + (3 - 0.4) * (2.776445 / 1.959964) ** 2
    expect(effectiveSample({ ...effect, ratio: 3, degrees: 4 }, 0.95)).toBeCloseTo(1_000 / variance, 3)
    const at99 = 0.7 + (3 - 0.4) * (4.604095 / 2.575829) ** 2
    expect(effectiveSample({ ...effect, ratio: 3, degrees: 4 }, 0.99)).toBeCloseTo(1_000 / at99, 3)
  })

  test('is not larger than chance allows, even if hits are spread evenly', () => {
    expect(effectiveSample({ ...effect, ratio: 0, degrees: 4 }, 0.95)).toBeCloseTo(1_000 / 0.7, 9)
    expect(effectiveSample({ ...effect, ratio: 0.3, degrees: 9 }, 0.95)).toBeCloseTo(1_000 / 0.8, 9)
  })

  test('is at most ten times the sample', () => {
    expect(effectiveSample({ ...effect, ratio: 0, chance: 0.01, degrees: 4 }, 0.95)).toBeCloseTo(10_000, 6)
  })

  test('gives an interval with the right coverage for any excess', () => {
    const random = new Random('excess')
    const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
    const coverage = (truth: number, degrees: number) => {
      const runs = 5_000
      let covered = 0
      for (let run = 0; run < runs; run++) {
        const power = Array.from({ length: degrees }, () => normal() ** 2).reduce((sum, each) => sum + each, 0)
        const sample = effectiveSample({ ...effect, ratio: (truth * power) / degrees, degrees }, 0.95)
        if (Math.abs(normal()) * Math.sqrt(truth) < 1.959964 * Math.sqrt(1_000 / sample)) covered++
      }
      return covered / runs
    }
    for (const degrees of [4, 10, 40])
      for (const truth of [1, 1.5, 2, 4, 20]) {
        expect(coverage(truth, degrees)).toBeGreaterThan(0.94)
        expect(coverage(truth, degrees)).toBeLessThan(0.972)
      }
  })
})
