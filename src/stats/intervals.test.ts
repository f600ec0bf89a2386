import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../load/random.ts'
import { Histogram } from './histogram.ts'
import {
  percentileIntervalMs,
  percentileIntervalsMs,
  rateInterval,
  ratioInterval,
  type HitWindow,
} from './intervals.ts'

const windows = (count: number, hits: (second: number) => number, total = 100): HitWindow[] =>
  Array.from({ length: count }, (_, second) => ({ hits: hits(second), total }))

const hitWindow = fc.nat(200).chain((total) => fc.nat(total).map((hits) => ({ hits, total })))
const histogram = fc.array(fc.nat(5_000_000), { maxLength: 60, size: 'max' }).map((values) => {
  const recorded = new Histogram()
  for (const value of values) recorded.record(value)
  return recorded
})

describe('the interval of a ratio', () => {
  it('is the exact binomial interval for few hits', () => {
    // By Clopper and Pearson, the interval of 0 of n ends at 1 − 0.025^(1/n).
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
  ])('of %s uses the method %s', (_, given, method) => {
    expect(ratioInterval(given)!.method).toBe(method)
  })

  it('is wider for few hits if they come in one burst', () => {
    const spread = ratioInterval(windows(30, (second) => (second % 5 === 0 ? 1 : 0)))!
    const burst = ratioInterval(windows(30, (second) => (second === 4 ? 6 : 0)))!
    expect(burst.high - burst.low).toBeGreaterThan((spread.high - spread.low) * 1.3)
    // It is not narrower than for independent requests if they happen to be spread evenly.
    expect(spread).toEqual(ratioInterval([{ hits: 6, total: 3_000 }]))
  })

  it('is wider if hits come in waves than if they are spread evenly', () => {
    const width = (hits: (second: number) => number) => {
      const { low, high } = ratioInterval(windows(60, hits))!
      return high - low
    }
    const spread = width((second) => [3, 6, 5, 4, 7, 5][(second * 5) % 6]!)
    const waves = width((second) => 5 + Math.round(4 * Math.sin(second / 6)))
    expect(waves).toBeGreaterThan(spread * 2)
  })

  it('contains the ratio, is within 0 and 1, and grows with the confidence', () => {
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

  it('is not wider if only the rate comes in waves, and not the ratio', () => {
    const total = (second: number) => 100 + 10 * Math.round(9 * Math.sin(second / 6))
    const given = Array.from({ length: 60 }, (_, second) => ({ hits: total(second) / 10, total: total(second) }))
    const { low, high } = ratioInterval(given)!
    expect(high - low).toBeLessThan(0.02)
  })

  it('is undefined if nothing was counted', () => {
    expect(ratioInterval([])).toBeUndefined()
    expect(ratioInterval([{ hits: 0, total: 0 }])).toBeUndefined()
  })

  it('is usable if all windows are equal, or there is only one', () => {
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

describe('the interval of a rate', () => {
  const seconds = (counts: readonly number[]) => counts.map((count) => ({ count, seconds: 1 }))
  const wave = Array.from({ length: 20 }, (_, second) => 200 + [3, -5, 1, 4, -2, 6, -7][(second * 3) % 7]!)

  it('contains the total rate, and scales with it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { minLength: 2, maxLength: 40 }), (counts) => {
        const { low, high } = rateInterval(seconds(counts))!
        const rate = counts.reduce((sum, count) => sum + count, 0) / counts.length
        expect(low).toBeLessThanOrEqual(rate + 1e-9)
        expect(high).toBeGreaterThanOrEqual(rate - 1e-9)
        const halves = counts.map((count) => ({ count, seconds: 0.5 }))
        expect(rateInterval(halves)!.high).toBeCloseTo(high * 2, 6)
      }),
    )
  })

  it('weighs a shorter last window by its length', () => {
    const whole = rateInterval(seconds(wave))!
    const { low, high } = rateInterval([...seconds(wave), { count: 20, seconds: 0.1 }])!
    expect(low).toBeGreaterThan(whole.low - 0.5)
    expect(high).toBeLessThan(whole.high + 0.5)
    // The interval if the tenth of a second counted as a whole second.
    expect(rateInterval(seconds([...wave, 20]))!.low).toBeLessThan(180)
  })

  it('is narrow for a rate that hardly varies', () => {
    const { low, high } = rateInterval(seconds(Array.from({ length: 10 }, () => 200)))!
    expect(low).toBeGreaterThan(197)
    expect(high).toBeLessThan(203)
  })

  it('of a zero rate ends at the possible rate', () => {
    expect(rateInterval(seconds([0, 0, 0, 0]))).toMatchObject({ low: 0, high: expect.closeTo(-Math.log(0.025) / 4) })
  })

  it('is undefined for windows without a length', () => {
    expect(rateInterval([])).toBeUndefined()
    expect(rateInterval([{ count: 0, seconds: 0 }])).toBeUndefined()
  })
})

/** A service that responds in about 13.5 ms, with 3% between 6 and 36 ms slower. @param shiftMs shift of each second */
function narrow(seed: string, shiftMs: (second: number) => number, seconds = 10, perSec = 100): Histogram[] {
  const random = new Random(seed)
  return Array.from({ length: seconds }, (_, second) => {
    const window = new Histogram()
    for (let at = 0; at < perSec; at++) {
      const slow = at % 33 === 0 ? 6 + 30 * random.next() : 0
      window.record((13.45 + 0.1 * random.next() + shiftMs(second) + slow) * 1000)
    }
    return window
  })
}

const widthMs = (windows: readonly Histogram[], p: number) => {
  const { low, high } = percentileIntervalMs(windows, p)!
  return high - low
}

describe('the interval of a percentile among samples without a time', () => {
  const withInfinite = (share: number) =>
    Array.from({ length: 20 }, () => {
      const window = new Histogram()
      for (let n = 0; n < 100 * (1 - share); n++) window.record(10_000 + n * 100)
      return window.withInfinite(100 * share)
    })
  const isInfinite = (share: number, p: number) => {
    const { low, high } = percentileIntervalMs(withInfinite(share), p)!
    return [low === Number.POSITIVE_INFINITY, high === Number.POSITIVE_INFINITY]
  }

  it('is infinite at the ends that are among them', () => {
    expect(isInfinite(0, 0.95)).toEqual([false, false])
    expect(isInfinite(0.05, 0.95)).toEqual([false, true])
    expect(isInfinite(0.2, 0.95)).toEqual([true, true])
    expect(isInfinite(0.2, 0.5)).toEqual([false, false])
    expect(isInfinite(1, 0.5)).toEqual([true, true])
  })

  it('contains the percentile, finite or infinite', () => {
    const window = fc.tuple(histogram, fc.nat(20)).map(([finite, infinite]) => finite.withInfinite(infinite))
    fc.assert(
      fc.property(fc.array(window, { minLength: 1, maxLength: 20 }), fc.constantFrom(0.5, 0.9, 0.99), (given, p) => {
        const all = Histogram.merged(given)
        fc.pre(all.count > 0)
        const { low, high } = percentileIntervalMs(given, p)!
        expect(low).toBeLessThanOrEqual(all.percentileUs(p) / 1000)
        expect(high).toBeGreaterThanOrEqual(all.percentileUs(p) / 1000)
      }),
    )
  })
})

describe('the interval of a percentile', () => {
  const manyWindows = fc.array(histogram, { minLength: 1, maxLength: 20, size: 'max' })
  const percentiles = [0.01, 0.5, 0.9, 0.95, 0.99]

  it('contains the percentile and is within the samples', () => {
    fc.assert(
      fc.property(
        manyWindows,
        fc.constantFrom(...percentiles),
        fc.constantFrom(0.5, 0.95, 0.999),
        (given, p, confidence) => {
          const all = Histogram.merged(given)
          fc.pre(all.count > 0)
          const { low, high } = percentileIntervalMs(given, p, { confidence })!
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

  it('rises with the percentile at both ends', () => {
    const levels = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 2, maxLength: 20, size: 'max' })
    const drifting = levels.map((shifts) => narrow('drifting', (second) => shifts[second]! / 1000, shifts.length, 40))
    fc.assert(
      fc.property(fc.oneof(manyWindows, drifting), fc.double({ min: 0.001, max: 0.999 }), (given, p) => {
        const ascending = [0.5, 0.9, 0.95, 0.99, p].toSorted((one, other) => one - other)
        const intervals = percentileIntervalsMs(given, ascending) ?? []
        for (const [at, { low, high }] of intervals.entries()) {
          expect(low).toBeGreaterThanOrEqual(intervals[at - 1]?.low ?? 0)
          expect(high).toBeGreaterThanOrEqual(intervals[at - 1]?.high ?? 0)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('grows with the confidence', () => {
    fc.assert(
      fc.property(manyWindows, fc.constantFrom(...percentiles), (given, p) => {
        const [wide, less] = [0.99, 0.9].map((confidence) => percentileIntervalMs(given, p, { confidence }))
        fc.pre(wide !== undefined && less !== undefined)
        expect(wide.low).toBeLessThanOrEqual(less.low)
        expect(wide.high).toBeGreaterThanOrEqual(less.high)
      }),
    )
  })

  it('scales with the times, and is the same for reversed windows and a second call', () => {
    const values = fc.array(fc.array(fc.nat(500), { maxLength: 60, size: 'max' }), { minLength: 1, maxLength: 20 })
    const recorded = (run: readonly (readonly number[])[], factor: number) =>
      run.map((window) => {
        const one = new Histogram()
        for (const value of window) one.record(value * factor)
        return one
      })
    fc.assert(
      fc.property(values, fc.constantFrom(...percentiles), (run, p) => {
        const found = percentileIntervalMs(recorded(run, 1), p)
        expect(percentileIntervalMs(recorded(run, 1), p)).toEqual(found)
        const [larger, backwards] = [recorded(run, 4), recorded(run, 1).toReversed()].map((each) =>
          percentileIntervalMs(each, p),
        )
        expect(backwards).toEqual(found)
        expect(larger?.low).toBe(found && found.low * 4)
        expect(larger?.high).toBe(found && found.high * 4)
      }),
    )
  })

  it('stays narrow if a narrow level drifts', () => {
    const steady = narrow('steady', () => 0)
    const half = narrow('drift', (second) => (second < 5 ? -0.3 : 0))
    const slowing = narrow('slowing', (second) => (second - 9) / 30)
    expect(widthMs(steady, 0.5)).toBeLessThan(0.02)
    for (const drifting of [half, slowing]) {
      expect(widthMs(drifting, 0.5)).toBeLessThan(0.45)
      expect(widthMs(drifting, 0.9)).toBeLessThan(0.45)
    }
  })

  it('of one window of independent samples is between the order statistics of the binomial', () => {
    const one = new Histogram()
    for (let value = 1; value <= 1_000; value++) one.record(value)
    // The ranks of the exact interval, 469 and 532 of a median of 1,000, cover 95.4%, those of Jeffreys' interval 94.6%.
    expect(percentileIntervalMs([one], 0.5)).toMatchObject({ low: 0.47, high: 0.531, confidence: 0.95 })
  })

  it('contains every time in the bucket of its lower end', () => {
    const window = () => {
      const one = new Histogram()
      // 13,496 to 13,503 µs are in the same bucket.
      for (let at = 0; at < 1_000; at++) one.record(13_490 + (at % 20))
      return one
    }
    const { low, high } = percentileIntervalMs([window(), window(), window()], 0.5)!
    expect([low, high]).toEqual([13.496, 13.503])
  })

  it('is a single value if all samples are equal', () => {
    const same = new Histogram()
    for (let at = 0; at < 500; at++) same.record(20_000)
    expect(percentileIntervalMs([same, same, same], 0.95)).toMatchObject({ low: 20, high: 20 })
  })

  it('is undefined if there are no samples', () => {
    expect(percentileIntervalMs([], 0.95)).toBeUndefined()
    expect(percentileIntervalMs([new Histogram(), new Histogram()], 0.95)).toBeUndefined()
  })

  it('ignores windows without samples', () => {
    const busy = new Histogram()
    for (let value = 1; value <= 100; value++) busy.record(value * 1000)
    const { low, high } = percentileIntervalMs([busy, new Histogram(), busy, new Histogram(), busy, busy], 0.5)!
    expect(low).toBeLessThan(50)
    expect(high).toBeGreaterThan(50)
  })
})
