import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Series } from './series.ts'

function seriesOf(values: readonly number[]): Series {
  const series = new Series({ name: 'n', labels: {} })
  for (const [scrape, value] of values.entries()) series.add(scrape, value)
  return series
}

test('returns the added values, changed or not', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1, 2.5, Number.NaN, Number.POSITIVE_INFINITY)), (values) => {
      const series = seriesOf(values)
      expect(values.map((_, scrape) => series.at(scrape))).toEqual(values)
      expect(series.at(-1)).toBeNaN()
      expect(series.at(values.length + 7)).toEqual(values.at(-1) ?? Number.NaN)
    }),
  )
})

test('growth is the sum of the increases between restarts', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant('restart' as const)), { minLength: 2 }),
      fc.nat(20),
      fc.nat(20),
      (steps, a, b) => {
        let value = 100
        const values = steps.map((step) => (value = step === 'restart' ? 1 : value + step))
        const [from, to] = [Math.min(a, b), Math.max(a, b)].map((at) => Math.min(at, values.length - 1))
        const pairs = values.slice(from! + 1, to! + 1).map((next, index) => [values[from! + index]!, next] as const)
        expect(seriesOf(values).growth(from!, to!)).toEqual({
          delta: pairs.reduce((sum, [before, next]) => sum + (next < before ? next : next - before), 0),
          resets: pairs.filter(([before, next]) => next < before).length,
          seen: true,
        })
      },
    ),
  )
})

test('a new series grows from zero, and a temporarily missing one does not grow by its return', () => {
  const born = new Series({ name: 'n', labels: {} })
  born.add(3, 7)
  expect(born.growth(0, 5)).toEqual({ delta: 7, resets: 0, seen: true })
  expect(born.growth(0, 2)).toEqual({ delta: 0, resets: 0, seen: false })
  expect(seriesOf([10, Number.NaN, Number.NaN, 12]).growth(0, 3)).toEqual({ delta: 2, resets: 0, seen: true })
  const missed = seriesOf([10, Number.NaN, 12, 15])
  expect(missed.growth(1, 3), 'what it counted before the window').toEqual({ delta: 3, resets: 0, seen: true })
  const again = seriesOf([10, Number.NaN, 4, 5])
  expect(again.growth(1, 3), 'its process started again').toEqual({ delta: 5, resets: 0, seen: true })
})

test('a scrape without the series has no value', () => {
  const series = new Series({ name: 'n', labels: {} })
  series.offer(1, 5)
  series.settle(1, 0)
  series.settle(2, 1)
  series.offer(3, 6)
  series.settle(3, 2)
  expect([0, 1, 2].map((scrape) => series.at(scrape))).toEqual([5, Number.NaN, 6])
})

test('rejects two values in one scrape, and keeps no value of a failed scrape', () => {
  const series = new Series({ name: 'n', labels: {} })
  expect([series.offer(1, 5), series.offer(1, 5), series.offer(1, 6)]).toEqual([true, true, false])
  series.settle(1, 0)
  series.offer(2, 900)
  series.offer(3, 7)
  series.settle(3, 1)
  expect(series.growth(0, 1)).toEqual({ delta: 2, resets: 0, seen: true })
})
