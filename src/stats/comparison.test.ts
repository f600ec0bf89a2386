import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pairedRatio, ratioDifference, slicesNeeded, type Pair } from './comparison.ts'

const pair = fc.record({
  base: fc.double({ min: 0.1, max: 1e4, noNaN: true }),
  head: fc.double({ min: 0.1, max: 1e4, noNaN: true }),
})
const manyPairs = fc.array(pair, { minLength: 2, maxLength: 40, size: 'max' })

/** Pairs whose ratios are spread evenly around `ratio`, in shuffled order. */
function around(ratio: number, spread: number, count: number): Pair[] {
  return Array.from({ length: count }, (_, at) => {
    const position = (((at * 7) % count) + 0.5) / count - 0.5
    const base = 100 + 37 * ((at * 3) % 5)
    return { base, head: base * ratio * Math.exp(spread * position) }
  })
}

describe('the ratio of paired slices', () => {
  it('is that of every pair if all are equal, even if base varies', () => {
    const found = pairedRatio(around(1.1, 0, 12))!
    expect(found.ratio).toBeCloseTo(1.1, 12)
    expect([found.interval.low, found.interval.high]).toEqual([expect.closeTo(1.1, 12), expect.closeTo(1.1, 12)])
  })

  it("is Student's paired t if there are too few pairs to trim", () => {
    // Log ratios −0.1, 0, 0.1, 0.2: mean 0.05, standard deviation 0.1291, t(0.975, 3) = 3.1824.
    const logs = [0.2, -0.1, 0.1, 0]
    const found = pairedRatio(logs.map((log) => ({ base: 50, head: 50 * Math.exp(log) })))!
    expect(Math.log(found.ratio)).toBeCloseTo(0.05, 9)
    expect(Math.log(found.interval.high)).toBeCloseTo(0.05 + (3.18245 * 0.129099) / 2, 4)
    expect(Math.log(found.interval.low)).toBeCloseTo(0.05 - (3.18245 * 0.129099) / 2, 4)
  })

  it('trims the lowest and the highest fifth', () => {
    // Of 0, 0.1, 0.2, 0.3 and 1: mean of the middle three 0.2; winsorized deviation 0.1; t(0.975, 2) = 4.30265.
    const found = pairedRatio([1, 0.2, 0, 0.3, 0.1].map((log) => ({ base: 2, head: 2 * Math.exp(log) })))!
    expect(Math.log(found.ratio)).toBeCloseTo(0.2, 9)
    expect(Math.log(found.interval.high)).toBeCloseTo(0.2 + (4.30265 * 0.1) / 0.6 / Math.sqrt(5), 4)
  })

  it('is not affected by a few disturbed slices', () => {
    const quiet = around(1.1, 0.04, 12)
    const disturbed = quiet.map((each, at) =>
      at === 3 ? { ...each, head: each.head * 3 } : at === 8 ? { ...each, base: each.base * 3 } : each,
    )
    const found = pairedRatio(disturbed)!
    expect(found.ratio).toBeCloseTo(1.1, 1.5)
    expect(found.interval.low).toBeGreaterThan(1.05)
    expect(found.interval.high).toBeLessThan(1.15)
  })

  it('becomes its inverse if base and head are exchanged', () => {
    fc.assert(
      fc.property(manyPairs, (pairs) => {
        const there = pairedRatio(pairs)!
        const back = pairedRatio(pairs.map(({ base, head }) => ({ base: head, head: base })))!
        expect(back.ratio * there.ratio).toBeCloseTo(1, 6)
        expect(back.interval.low * there.interval.high).toBeCloseTo(1, 6)
      }),
    )
  })

  it('lies in its interval, in any unit and order', () => {
    fc.assert(
      fc.property(manyPairs, fc.double({ min: 0.001, max: 1000, noNaN: true }), (pairs, unit) => {
        const found = pairedRatio(pairs)!
        expect(found.interval.low).toBeLessThanOrEqual(found.ratio)
        expect(found.interval.high).toBeGreaterThanOrEqual(found.ratio)
        const other = pairedRatio(
          pairs.toReversed().map(({ base, head }) => ({ base: base * unit, head: head * unit })),
        )!
        expect(other.ratio / found.ratio).toBeCloseTo(1, 6)
      }),
    )
  })

  it('leaves out pairs with a missing value, and counts them', () => {
    const broken = [0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((base) => ({ base, head: 5 }))
    expect(pairedRatio([...around(2, 0, 5), ...broken])).toMatchObject({
      ratio: expect.closeTo(2),
      pairs: 5,
      unusable: 4,
    })
    expect(pairedRatio([...broken, { base: 1, head: 1 }])).toBeUndefined()
  })
})

describe('the number of pairs needed to decide', () => {
  it('is that with which the interval would end at the tolerance', () => {
    const found = pairedRatio(around(1.02, 0.3, 10))!
    const needed = slicesNeeded(found, 0.05)!
    expect(found.interval.high).toBeGreaterThan(1.05)
    const more = pairedRatio(around(1.02, 0.3, Math.ceil(needed * 1.2)))!
    expect(more.interval.high).toBeLessThan(1.05)
    const fewer = pairedRatio(around(1.02, 0.3, Math.floor(needed * 0.8)))!
    expect(fewer.interval.high).toBeGreaterThan(1.05)
  })

  it('is the number of pairs so far if they decide', () => {
    expect(slicesNeeded(pairedRatio(around(1, 0.02, 12))!, 0.05)).toBe(12)
    expect(slicesNeeded(pairedRatio(around(1.5, 0.02, 12))!, 0.05)).toBe(12)
  })

  it('supports values that must not fall', () => {
    const found = pairedRatio(around(0.97, 0.2, 10))!
    expect(found.interval.low).toBeLessThan(0.95)
    expect(slicesNeeded(found, -0.05)).toBeGreaterThan(10)
  })

  it('is undefined if the ratio equals the tolerance', () => {
    expect(slicesNeeded(pairedRatio(around(1.05, 0.2, 10))!, 0.05)).toBeUndefined()
  })
})

describe('the difference of two ratios', () => {
  const windows = (hits: (second: number) => number) =>
    Array.from({ length: 30 }, (_, second) => ({ hits: hits(second), total: 100 }))

  it('is 0 without errors on either side, with an interval of possible differences', () => {
    const { difference, interval } = ratioDifference(
      windows(() => 0),
      windows(() => 0),
    )!
    expect(difference).toBe(0)
    expect(interval.high).toBeCloseTo(1 - 0.025 ** (1 / 3000), 9)
    expect(interval.low).toBeCloseTo(-interval.high, 9)
  })

  it('is above 0 if head fails more often', () => {
    const { difference, interval } = ratioDifference(
      windows(() => 0),
      windows((second) => [1, 3, 2, 2, 1, 3][(second * 5) % 6]!),
    )!
    expect(difference).toBeCloseTo(0.02, 9)
    expect(interval.low).toBeGreaterThan(0.01)
    expect(interval.high).toBeLessThan(0.04)
  })

  it('changes its sign if base and head are exchanged', () => {
    const [one, other] = [windows((second) => second % 4), windows((second) => second % 7)]
    const [there, back] = [ratioDifference(one, other)!, ratioDifference(other, one)!]
    expect(back.difference).toBeCloseTo(-there.difference, 12)
    expect(back.interval.low).toBeCloseTo(-there.interval.high, 12)
  })

  it('is undefined if nothing was counted', () => {
    expect(
      ratioDifference(
        [],
        windows(() => 1),
      ),
    ).toBeUndefined()
  })
})
