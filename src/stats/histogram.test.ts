import fc from 'fast-check'
import { build } from 'hdr-histogram-js'
import { describe, expect, it } from 'vitest'
import { bucketOf, Histogram, highestOf, lowestOf, MAX_TRACKABLE_US, type HistogramJson } from './histogram.ts'

// Limits the time to shrink a failure.
fc.configureGlobal({ ...fc.readConfigureGlobal(), interruptAfterTimeLimit: 20_000 })

/** Times typical of services: mostly within a second, some of every magnitude up to the limit. */
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
  it('are at most 0.1% above those of the sorted values, and never below', () => {
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

  it('are exact below 2,048 µs, at the maximum, and if all values are equal', () => {
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

  it('are the same as in HdrHistogram', () => {
    fc.assert(
      fc.property(manyUs, fc.nat(), (values, any) => {
        const theirs = build({ highestTrackableValue: MAX_TRACKABLE_US, numberOfSignificantValueDigits: 3 })
        for (const value of values) theirs.recordValue(value)
        // Between two ranks, because at a whole rank HdrHistogram may round up.
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
  it('cover every value exactly once', () => {
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

  it('are in ascending order and hold every count', () => {
    fc.assert(
      fc.property(manyUs, (values) => {
        const buckets = Array.from(of(values).buckets())
        expect(buckets.map(([bucket]) => bucket)).toEqual([...new Set(values.map(bucketOf))].toSorted((a, b) => a - b))
        expect(buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(values.length)
      }),
    )
  })
})

describe('count, minimum, maximum and mean', () => {
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

  it('up to a limit include all values in its bucket', () => {
    fc.assert(
      fc.property(manyUs, us, (values, limit) => {
        const upTo = highestOf(bucketOf(limit))
        expect(of(values).countAtMost(limit)).toBe(values.filter((value) => value <= upTo).length)
      }),
    )
  })

  it('of an empty histogram are 0 or NaN', () => {
    const empty = new Histogram()
    expect([empty.count, empty.countAtMost(MAX_TRACKABLE_US)]).toEqual([0, 0])
    expect([empty.minUs, empty.maxUs, empty.meanUs, empty.percentileUs(0.5)]).toEqual(Array(4).fill(Number.NaN))
  })

  it('round fractions to microseconds, negative times to 0, and times over 10 minutes to 10 minutes', () => {
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
  it('equals recording everything in one histogram', () => {
    fc.assert(
      fc.property(fc.array(fc.array(us, { maxLength: 100, size: 'max' }), { maxLength: 6 }), (parts) => {
        const merged = Histogram.merged(parts.map(of))
        expect(merged.toJSON()).toEqual(of(parts.flat()).toJSON())
        expect(merged.count).toBe(parts.flat().length)
      }),
    )
  })

  it('does not change the other histogram', () => {
    const [one, other] = [of([5]), of([7])]
    one.merge(other)
    one.record(9)
    expect(other.toJSON()).toEqual(of([7]).toJSON())
  })
})

describe('a histogram as JSON', () => {
  it('is restored without loss', () => {
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

  it('is restored if it is empty', () => {
    const restored = Histogram.fromJSON(JSON.parse(JSON.stringify(new Histogram())))
    restored.record(7)
    expect(restored.toJSON()).toEqual(of([7]).toJSON())
  })

  const valid = { minUs: 1, maxUs: 1, sumUs: 5, buckets: [1, 5] }
  const buckets = 'not a histogram: buckets missing'
  it.each([
    [{}, buckets],
    [{ ...valid, buckets: 'none' }, buckets],
    [{ ...valid, buckets: { length: 0 } }, buckets],
    [{ ...valid, buckets: [1] }, buckets],
    [{ ...valid, buckets: ['1', '5'] }, buckets],
    [{ ...valid, sumUs: undefined }, 'not a histogram: minUs, maxUs or sumUs missing'],
    [{ ...valid, buckets: [-1, 5] }, 'not a histogram: bucket -1 with count 5'],
    [{ ...valid, buckets: [1e9, 5] }, 'not a histogram: bucket 1000000000 with count 5'],
    [{ ...valid, buckets: [bucketOf(MAX_TRACKABLE_US) + 2_048, 5] }, /with count 5$/],
    [{ ...valid, buckets: [1.5, 5] }, 'not a histogram: bucket 1.5 with count 5'],
    [{ ...valid, buckets: [1, 0] }, 'not a histogram: bucket 1 with count 0'],
    [{ ...valid, buckets: [1, 2.5] }, 'not a histogram: bucket 1 with count 2.5'],
    [{ ...valid, buckets: [1, Number.NaN] }, 'not a histogram: bucket 1 with count NaN'],
  ])('is rejected: %j', (json, message) => {
    expect(() => Histogram.fromJSON(json as unknown as HistogramJson)).toThrow(message)
  })

  it('is accepted if it is valid', () => {
    expect(Histogram.fromJSON(valid).toJSON()).toEqual(valid)
  })
})

describe('several values in one pass', () => {
  it('are the same as those of separate calls', () => {
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
