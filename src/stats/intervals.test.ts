import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Histogram } from './histogram.ts'
import { percentileIntervalMs, ratioInterval, type HitWindow } from './intervals.ts'

const windows = (count: number, hits: (second: number) => number, total = 100): HitWindow[] =>
  Array.from({ length: count }, (_, second) => ({ hits: hits(second), total }))

const hitWindow = fc.nat(200).chain((total) => fc.nat(total).map((hits) => ({ hits, total })))
const histogram = fc.array(fc.nat(5_000_000), { maxLength: 60, size: 'max' }).map((values) => {
  const recorded = new Histogram()
  for (const value of values) recorded.record(value)
  return recorded
})

describe('the interval of a ratio', () => {
  it('of few hits is the exact binomial one', () => {
    // Clopper and Pearson's own figures: 0 of n ends at 1 − 0.025^(1/n).
    const none = ratioInterval(windows(10, () => 0))!
    expect([none.low, none.method]).toEqual([0, 'exact binomial'])
    expect(none.high).toBeCloseTo(1 - 0.025 ** (1 / 1000), 12)
    const all = ratioInterval(windows(10, () => 100))!
    expect(all.low).toBeCloseTo(0.025 ** (1 / 1000), 12)
    expect(all.high).toBe(1)
    const one = ratioInterval([{ hits: 1, total: 20 }])!
    expect(one.low).toBeCloseTo(1 - 0.975 ** (1 / 20), 12)
    expect(one.high).toBeCloseTo(0.24873, 5)
  })

  it.each([
    ['nine hits', windows(10, (second) => (second < 9 ? 1 : 0)), 'exact binomial'],
    ['ten hits', windows(10, () => 1), 'binomial at the effective sample size'],
    ['nine misses', windows(10, (second) => (second < 9 ? 99 : 100)), 'exact binomial'],
    ['ten misses', windows(10, () => 99), 'binomial at the effective sample size'],
  ])('of %s: %s', (_, given, method) => {
    expect(ratioInterval(given)!.method).toBe(method)
  })

  it('of few hits is wider where they came in one burst', () => {
    const spread = ratioInterval(windows(30, (second) => (second % 5 === 0 ? 1 : 0)))!
    const burst = ratioInterval(windows(30, (second) => (second === 4 ? 6 : 0)))!
    expect(burst.high - burst.low).toBeGreaterThan((spread.high - spread.low) * 1.3)
    // Nor is it narrower than for independent requests where they happen to be spread evenly.
    expect(spread).toEqual(ratioInterval([{ hits: 6, total: 3_000 }]))
  })

  it('is wider where hits come in waves than where they are spread', () => {
    const width = (hits: (second: number) => number) => {
      const { low, high } = ratioInterval(windows(60, hits))!
      return high - low
    }
    const spread = width((second) => [3, 6, 5, 4, 7, 5][(second * 5) % 6]!)
    const waves = width((second) => 5 + Math.round(4 * Math.sin(second / 6)))
    expect(waves).toBeGreaterThan(spread * 2)
  })

  it('holds the ratio, within 0 and 1, and grows with the confidence', () => {
    fc.assert(
      fc.property(fc.array(hitWindow, { minLength: 1, maxLength: 40, size: 'max' }), (given) => {
        const total = given.reduce((sum, window) => sum + window.total, 0)
        fc.pre(total > 0)
        const ratio = given.reduce((sum, { hits }) => sum + hits, 0) / total
        const [narrow, wide] = [ratioInterval(given, { confidence: 0.8 })!, ratioInterval(given, { confidence: 0.99 })!]
        expect(wide.low).toBeLessThanOrEqual(narrow.low)
        expect(narrow.low).toBeLessThanOrEqual(ratio + 1e-9)
        expect(narrow.high).toBeGreaterThanOrEqual(ratio - 1e-9)
        expect(wide.high).toBeGreaterThanOrEqual(narrow.high)
        expect(wide.low).toBeGreaterThanOrEqual(0)
        expect(wide.high).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('narrows as the run grows', () => {
    const width = (count: number) => {
      const { low, high } = ratioInterval(windows(count, (second) => [3, 6, 5, 4, 7, 5][(second * 5) % 6]!))!
      return high - low
    }
    expect(width(240)).toBeLessThan(width(60))
    expect(width(60)).toBeLessThan(width(12))
  })

  it('is not wider for a rate that comes in waves, where the ratio does not', () => {
    const total = (second: number) => 100 + 10 * Math.round(9 * Math.sin(second / 6))
    const given = Array.from({ length: 60 }, (_, second) => ({ hits: total(second) / 10, total: total(second) }))
    const { low, high } = ratioInterval(given)!
    expect(high - low).toBeLessThan(0.02)
  })

  it('is absent where nothing was counted', () => {
    expect(ratioInterval([])).toBeUndefined()
    expect(ratioInterval([{ hits: 0, total: 0 }])).toBeUndefined()
  })

  it('stays usable where every window is the same, or there is only one', () => {
    const same = ratioInterval(windows(30, () => 50))!
    expect(same.high).toBeGreaterThan(same.low)
    const single = ratioInterval([{ hits: 500, total: 1_000 }])!
    expect(single.low).toBeCloseTo(0.4685, 3)
    expect(single.high).toBeCloseTo(0.5315, 3)
  })

  it('is the same for the same windows', () => {
    const given = windows(30, (second) => (second * 7) % 11)
    expect(ratioInterval(given)).toEqual(ratioInterval(given))
  })
})

describe('the interval of a percentile', () => {
  it('holds the percentile and lies among the samples', () => {
    fc.assert(
      fc.property(
        fc.array(histogram, { minLength: 1, maxLength: 20, size: 'max' }),
        fc.constantFrom(0.5, 0.9, 0.95, 0.99),
        (given, p) => {
          const all = Histogram.merged(given)
          fc.pre(all.count > 0)
          const { low, high } = percentileIntervalMs(given, p)!
          const value = all.percentileUs(p) / 1000
          expect(low).toBeLessThanOrEqual(value)
          expect(high).toBeGreaterThanOrEqual(value)
          expect(low).toBeGreaterThanOrEqual(all.minUs / 1000)
          expect(high).toBeLessThanOrEqual(all.maxUs / 1000)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is, for one window of independent samples, between the order statistics of the binomial', () => {
    const one = new Histogram()
    for (let value = 1; value <= 1_000; value++) one.record(value)
    // Ranks of the 95% interval of a median of 1,000, from any table: 469 and 532.
    expect(percentileIntervalMs([one], 0.5)).toMatchObject({ low: 0.469, high: 0.532, confidence: 0.95 })
  })

  it('is one value where all samples are one', () => {
    const same = new Histogram()
    for (let at = 0; at < 500; at++) same.record(20_000)
    expect(percentileIntervalMs([same, same, same], 0.95)).toMatchObject({ low: 20, high: 20 })
  })

  it('is absent where there are no samples', () => {
    expect(percentileIntervalMs([], 0.95)).toBeUndefined()
    expect(percentileIntervalMs([new Histogram(), new Histogram()], 0.95)).toBeUndefined()
  })

  it('is not misled by windows without samples', () => {
    const busy = new Histogram()
    for (let value = 1; value <= 100; value++) busy.record(value * 1000)
    const { low, high } = percentileIntervalMs([busy, new Histogram(), busy, new Histogram(), busy, busy], 0.5)!
    expect(low).toBeLessThan(50)
    expect(high).toBeGreaterThan(50)
  })
})
