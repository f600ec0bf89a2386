import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Random } from '../random.ts'
import { AssignedRows, type Assignment } from './assigned-rows.ts'

const ROWS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const assigned = (assignment: Assignment, seed = 1) => {
  const rows = new AssignedRows(ROWS, assignment, new Random(seed))
  return (count: number) => Array.from({ length: count }, (_, number) => rows.at(number))
}

test('assigns rows in order, and begins again after the last', () => {
  expect(assigned({})(10)).toEqual([...ROWS, 'a', 'b'])
})

test('draws each row at random, about equally often, from the seed', () => {
  const drawn = assigned({ order: 'random' })(8_000)
  const counts = ROWS.map((row) => drawn.filter((other) => other === row).length)
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150)
  expect(drawn.slice(0, 8)).not.toEqual(assigned({ order: 'random' }, 2)(8))
  expect(new Set(drawn.slice(0, 8)).size).toBeLessThan(8)
})

test('assigns unique rows in random order without repetition, and then none', () => {
  const take = assigned({ assignment: 'per-iteration', order: 'random', unique: true })
  const rows = take(8)
  expect(rows).not.toEqual(ROWS)
  expect(rows.toSorted()).toEqual(ROWS)
  expect(() => take(9)).toThrow(
    'data: all 8 rows are used, but each iteration needs its own\nFix: add rows, or reduce the duration or the number of VUs',
  )
})

test('assigns the same row to a number, whichever numbers a generator has', () => {
  const order = fc.constantFrom('sequential' as const, 'random' as const)
  fc.assert(
    fc.property(order, fc.boolean(), fc.nat(), fc.integer({ min: 1, max: 9 }), (kind, unique, seed, count) => {
      const rows = () => new AssignedRows(ROWS, { order: kind, unique }, new Random(seed))
      const whole = Array.from(ROWS, (_, number) => rows().at(number))
      const parts = Array.from({ length: count }, rows)
      expect(Array.from(ROWS, (_, number) => parts[number % count]!.at(number))).toEqual(whole)
    }),
  )
})
