import fc from 'fast-check'
import { build } from 'hdr-histogram-js'
import { describe, expect, it } from 'vitest'
import { bucketOf, Histogram, highestOf, lowestOf, MAX_TRACKABLE_US, type HistogramJson } from './histogram.ts'

// A mistake must not take minutes to be shrunk.
fc.configureGlobal({ ...fc.readConfigureGlobal(), interruptAfterTimeLimit: 20_000 })

/** Times as services have them: mostly within a second, some of every magnitude up to the limit. */
const us = fc.oneof(
  fc.nat(5_000),
  fc.nat(1_000_000),
  fc.nat(MAX_TRACKABLE_US),
  fc.integer({ min: 0, max: 29 }).map((power) => Math.min(MAX_TRACKABLE_US, 2 ** power)),
)
const manyUs = fc.array(us, { minLength: 1, maxLength: 400, size: 'max' })
const ratio = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 0.999, 1))

function of(values: Iterable<number>): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

/** The definition: the smallest value that at least `p` of all do not exceed. */
function byRank(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length, Math.max(1, Math.ceil(p * sorted.length - 1e-9))) - 1]!
}

describe('percentiles', () => {
  it('are those of a sort, to 0.1% and never below', () => {
    fc.assert(
      fc.property(manyUs, ratio, (values, p) => {
        const exact = byRank(values, p)
        const found = of(values).percentileUs(p)
        expect(found).toBeGreaterThanOrEqual(exact)
        expect(found).toBeLessThanOrEqual(exact * 1.001)
      }),
      { numRuns: 500 },
    )
  })

  it('are exact below 2,048 µs, at the maximum, and where all values are one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_047), { minLength: 1 }), ratio, us, (values, p, one) => {
        expect(of(values).percentileUs(p)).toBe(byRank(values, p))
        expect(of([one, one, one]).percentileUs(p)).toBe(one)
        expect(of([...values, one]).percentileUs(1)).toBe(Math.max(...values, one))
      }),
    )
  })

  it('at k of n are the k-th smallest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.nat(), (n, any) => {
        const k = (any % n) + 1
        const values = Array.from({ length: n }, (_, at) => at + 1)
        expect(of(values).percentileUs(k / n)).toBe(k)
      }),
    )
  })

  it('rise with p', () => {
    fc.assert(
      fc.property(manyUs, ratio, ratio, (values, one, other) => {
        const histogram = of(values)
        expect(histogram.percentileUs(Math.min(one, other))).toBeLessThanOrEqual(
          histogram.percentileUs(Math.max(one, other)),
        )
      }),
    )
  })

  it('are those of HdrHistogram', () => {
    fc.assert(
      fc.property(manyUs, fc.nat(), (values, any) => {
        const theirs = build({ highestTrackableValue: MAX_TRACKABLE_US, numberOfSignificantValueDigits: 3 })
        for (const value of values) theirs.recordValue(value)
        // Between two ranks: at a whole rank their arithmetic in percent may round up.
        const p = ((any % values.length) + 0.5) / values.length
        const ours = of(values).percentileUs(p)
        expect(bucketOf(ours)).toBe(bucketOf(theirs.getValueAtPercentile(p * 100)))
        expect(ours).toBe(Math.min(theirs.getValueAtPercentile(p * 100), Math.max(...values)))
      }),
      { numRuns: 500 },
    )
  })
})

describe('buckets', () => {
  it('hold every value once, and no value twice', () => {
    fc.assert(
      fc.property(us, (value) => {
        const bucket = bucketOf(value)
        expect(lowestOf(bucket)).toBeLessThanOrEqual(value)
        expect(highestOf(bucket)).toBeGreaterThanOrEqual(value)
        expect(lowestOf(bucket + 1)).toBe(highestOf(bucket) + 1)
        expect(bucketOf(lowestOf(bucket))).toBe(bucket)
        expect(bucketOf(highestOf(bucket))).toBe(bucket)
      }),
      { numRuns: 2_000 },
    )
  })

  it('are as narrow as three significant digits', () => {
    fc.assert(
      fc.property(us, (value) => {
        const bucket = bucketOf(value)
        expect(highestOf(bucket) - lowestOf(bucket)).toBeLessThanOrEqual(value / 1_000)
      }),
    )
  })

  it('come in ascending order and hold every count', () => {
    fc.assert(
      fc.property(manyUs, (values) => {
        const buckets = Array.from(of(values).buckets())
        expect(buckets.map(([bucket]) => bucket)).toEqual([...new Set(values.map(bucketOf))].toSorted((a, b) => a - b))
        expect(buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(values.length)
      }),
    )
  })
})

describe('counts, ends and mean', () => {
  it('are exact', () => {
    fc.assert(
      fc.property(manyUs, (values) => {
        const histogram = of(values)
        expect(histogram.count).toBe(values.length)
        expect(histogram.minUs).toBe(Math.min(...values))
        expect(histogram.maxUs).toBe(Math.max(...values))
        expect(histogram.meanUs).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3)
      }),
    )
  })

  it('of values at most so long are those of the buckets up to it', () => {
    fc.assert(
      fc.property(manyUs, us, (values, limit) => {
        const upTo = highestOf(bucketOf(limit))
        expect(of(values).countAtMost(limit)).toBe(values.filter((value) => value <= upTo).length)
      }),
    )
  })

  it('of an empty histogram say so', () => {
    const empty = new Histogram()
    expect([empty.count, empty.countAtMost(MAX_TRACKABLE_US)]).toEqual([0, 0])
    expect([empty.minUs, empty.maxUs, empty.meanUs, empty.percentileUs(0.5)]).toEqual(Array(4).fill(Number.NaN))
  })

  it('take fractions to the nearest microsecond, negative times as 0 and the longest as 10 minutes', () => {
    const histogram = of([1.4, 1.6, -5, Number.POSITIVE_INFINITY, MAX_TRACKABLE_US * 3])
    expect(Array.from(histogram.buckets())).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
      [bucketOf(MAX_TRACKABLE_US), 2],
    ])
    expect(histogram.maxUs).toBe(MAX_TRACKABLE_US)
    expect(histogram.countAtMost(-1)).toBe(0)
  })
})

describe('merging', () => {
  it('equals having recorded everything in one', () => {
    fc.assert(
      fc.property(fc.array(fc.array(us, { maxLength: 100, size: 'max' }), { maxLength: 6 }), (parts) => {
        const merged = Histogram.merged(parts.map(of))
        expect(merged.toJSON()).toEqual(of(parts.flat()).toJSON())
        expect(merged.count).toBe(parts.flat().length)
      }),
    )
  })

  it('leaves the other as it was', () => {
    const [one, other] = [of([5]), of([7])]
    one.merge(other)
    one.record(9)
    expect(other.toJSON()).toEqual(of([7]).toJSON())
  })
})

describe('as JSON', () => {
  it('goes there and back', () => {
    fc.assert(
      fc.property(fc.array(us), ratio, (values, p) => {
        const original = of(values)
        const restored = Histogram.fromJSON(JSON.parse(JSON.stringify(original)))
        expect(restored.toJSON()).toEqual(original.toJSON())
        expect([restored.count, restored.minUs, restored.meanUs]).toEqual([
          original.count,
          original.minUs,
          original.meanUs,
        ])
        expect(restored.percentileUs(p)).toBe(original.percentileUs(p))
        restored.record(1)
        expect(restored.count).toBe(values.length + 1)
      }),
    )
  })

  it('of nothing is a histogram as new', () => {
    const restored = Histogram.fromJSON(JSON.parse(JSON.stringify(new Histogram())))
    restored.record(7)
    expect(restored.toJSON()).toEqual(of([7]).toJSON())
  })

  const sound = { minUs: 1, maxUs: 1, sumUs: 5, buckets: [1, 5] }
  const buckets = 'not a histogram: buckets missing'
  it.each([
    [{}, buckets],
    [{ ...sound, buckets: 'none' }, buckets],
    [{ ...sound, buckets: { length: 0 } }, buckets],
    [{ ...sound, buckets: [1] }, buckets],
    [{ ...sound, buckets: ['1', '5'] }, buckets],
    [{ ...sound, sumUs: undefined }, 'not a histogram: minUs, maxUs or sumUs missing'],
    [{ ...sound, buckets: [-1, 5] }, 'not a histogram: bucket -1 with count 5'],
    [{ ...sound, buckets: [1e9, 5] }, 'not a histogram: bucket 1000000000 with count 5'],
    [{ ...sound, buckets: [bucketOf(MAX_TRACKABLE_US) + 2_048, 5] }, /with count 5$/],
    [{ ...sound, buckets: [1.5, 5] }, 'not a histogram: bucket 1.5 with count 5'],
    [{ ...sound, buckets: [1, 0] }, 'not a histogram: bucket 1 with count 0'],
    [{ ...sound, buckets: [1, 2.5] }, 'not a histogram: bucket 1 with count 2.5'],
    [{ ...sound, buckets: [1, Number.NaN] }, 'not a histogram: bucket 1 with count NaN'],
  ])('%j is refused', (json, message) => {
    expect(() => Histogram.fromJSON(json as unknown as HistogramJson)).toThrow(message)
  })

  it('of a sound one is not', () => {
    expect(Histogram.fromJSON(sound).toJSON()).toEqual(sound)
  })
})

describe('several values in one pass', () => {
  it('are those of one call each', () => {
    fc.assert(
      fc.property(manyUs, fc.array(ratio, { maxLength: 20 }), fc.array(us, { maxLength: 20 }), (values, ps, times) => {
        const histogram = of(values)
        const ascending = { ps: ps.toSorted((a, b) => a - b), times: times.toSorted((a, b) => a - b) }
        expect(histogram.percentilesUs(ascending.ps)).toEqual(ascending.ps.map((p) => histogram.percentileUs(p)))
        expect(histogram.countsAtMost([-1, ...ascending.times])).toEqual([
          0,
          ...ascending.times.map((time) => histogram.countAtMost(time)),
        ])
      }),
    )
  })

  it('of an empty histogram are NaN and 0', () => {
    expect(new Histogram().percentilesUs([0.5, 0.9])).toEqual([Number.NaN, Number.NaN])
    expect(new Histogram().countsAtMost([0, 100])).toEqual([0, 0])
  })
})
