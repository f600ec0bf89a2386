import { describe, expect, it } from 'vitest'
import { Random } from './random.ts'

const draws = (random: Random, count = 5) => Array.from({ length: count }, () => random.next())

describe('Random', () => {
  it('repeats its numbers for the same seed only', () => {
    expect(draws(new Random(1))).toEqual(draws(new Random('1')))
    expect(draws(new Random(1))).not.toEqual(draws(new Random(2)))
  })

  it('gives the same numbers for a seed in every version', () => {
    expect(draws(new Random(42), 3)).toMatchInlineSnapshot(`
      [
        0.49069090909212054,
        0.8784121712261348,
        0.2902041319031744,
      ]
    `)
  })

  it('forks by label, independent of earlier draws and their order', () => {
    const fresh = new Random(7)
    const used = new Random(7)
    draws(used, 100)
    used.fork(1)
    expect(draws(used.fork(2))).toEqual(draws(fresh.fork(2)))
    expect(draws(fresh.fork(1))).not.toEqual(draws(fresh.fork(2)))
    expect(draws(fresh.fork(1).fork(2))).not.toEqual(draws(fresh.fork(12)))
  })

  it('is uniform over 64 cells (chi-squared, 63 degrees, p = 0.001)', () => {
    const random = new Random('uniform')
    const cells = new Float64Array(64)
    for (let at = 0; at < 64_000; at++) cells[Math.floor(random.next() * 64)]!++
    expect(cells.reduce((sum, seen) => sum + (seen - 1000) ** 2 / 1000, 0)).toBeLessThan(103.4)
  })

  it('has uncorrelated forks', () => {
    const [one, two] = [new Random(3).fork('a'), new Random(3).fork('b')]
    let product = 0
    for (let at = 0; at < 10_000; at++) product += (one.next() - 0.5) * (two.next() - 0.5)
    expect(Math.abs(product / 10_000) * 12).toBeLessThan(4 / 100)
  })

  it('draws integers including both ends, and picks from an array', () => {
    const random = new Random('ends')
    const seen = new Set(Array.from({ length: 200 }, () => random.int(-1, 2)))
    expect([...seen].toSorted((a, b) => a - b)).toEqual([-1, 0, 1, 2])
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b'])))).toEqual(new Set(['a', 'b']))
    expect(() => random.pick([])).toThrow(RangeError)
  })

  it('draws exponential times with the given mean', () => {
    const random = new Random('exponential')
    let sum = 0
    let long = 0
    for (let at = 0; at < 40_000; at++) {
      const time = random.exponential(20)
      sum += time
      if (time > 20) long++
    }
    expect(sum / 40_000).toBeCloseTo(20, -0.3)
    expect(long / 40_000).toBeCloseTo(Math.exp(-1), 2)
  })
})
