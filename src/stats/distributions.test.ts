import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { betaCdf, betaQuantile, logGamma, studentQuantile } from './distributions.ts'

describe('logGamma', () => {
  it('of n + 1 is the logarithm of the factorial of n', () => {
    let logFactorial = 0
    for (let n = 1; n < 150; n++) {
      expect(logGamma(n)).toBeCloseTo(logFactorial, 9)
      logFactorial += Math.log(n)
    }
  })

  it('of one half is the logarithm of √π', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12)
    expect(logGamma(0.1)).toBeCloseTo(2.252712651734206, 10)
  })
})

describe('the beta distribution', () => {
  it('sums binomial probabilities: P(X ≥ k) of n tries at x is Iₓ(k, n − k + 1)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(59),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (n, less, x) => {
          const k = Math.max(1, n - less)
          let sum = 0
          for (let hits = k; hits <= n; hits++) {
            const ways = logGamma(n + 1) - logGamma(hits + 1) - logGamma(n - hits + 1)
            sum += Math.exp(ways + hits * Math.log(x) + (n - hits) * Math.log(1 - x))
          }
          expect(betaCdf(x, k, n - k + 1)).toBeCloseTo(sum, 9)
        },
      ),
    )
  })

  it('has a quantile that inverts its distribution function', () => {
    const shape = fc.double({ min: 1, max: 5_000, noNaN: true })
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), shape, shape, (p, a, b) => {
        expect(betaCdf(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 6)
      }),
    )
  })
})

describe("Student's t", () => {
  // From a table of the distribution, two-sided 95% and 99%.
  it.each([
    [1, 12.706, 63.657],
    [4, 2.776, 4.604],
    [9, 2.262, 3.25],
    [29, 2.045, 2.756],
    [120, 1.98, 2.617],
    [Number.POSITIVE_INFINITY, 1.96, 2.576],
  ])('with %d degrees of freedom', (degrees, at95, at99) => {
    expect(studentQuantile(0.975, degrees)).toBeCloseTo(at95, 3)
    expect(studentQuantile(0.995, degrees)).toBeCloseTo(at99, 3)
    expect(studentQuantile(0.025, degrees)).toBeCloseTo(-at95, 3)
  })

  it('has the median 0', () => {
    expect(studentQuantile(0.5, 5)).toBeCloseTo(0, 6)
  })
})
