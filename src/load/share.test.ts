import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amongVus, isOwn, ownIds, positionOf, shareOf, undivided, WHOLE } from './share.ts'

const share = fc
  .integer({ min: 1, max: 64 })
  .chain((count) => fc.record({ index: fc.nat(count - 1), count: fc.constant(count) }))

describe('a share', () => {
  test('has the ids that are its own, each at its position', () => {
    fc.assert(
      fc.property(share, fc.nat(500), (some, total) => {
        const own = ownIds(some, total)
        expect(own).toEqual([...Array(total).keys()].filter((id) => isOwn(some, id)))
        expect(shareOf(some, total)).toBe(own.length)
        expect(own.map((id) => positionOf(some, id))).toEqual(own.map((_, at) => at))
      }),
    )
  })

  test('of a generator that is alone is everything', () => {
    expect(ownIds(WHOLE, 5)).toEqual([0, 1, 2, 3, 4])
    expect(shareOf(WHOLE, 0)).toBe(0)
  })

  test('of arrivals is nothing for a generator without a VU', () => {
    const shares = [0, 1, 2, 3].map((index) => amongVus({ index, count: 4 }, 3))
    expect(shares.map((some) => ownIds(some, 7))).toEqual([[0, 3, 6], [1, 4], [2, 5], []])
    expect(amongVus({ index: 1, count: 4 }, 4)).toEqual({ index: 1, count: 4 })
  })

  test('of what cannot be divided is all for generator 1, and nothing for the others', () => {
    expect(undivided({ index: 0, count: 3 })).toBe(WHOLE)
    expect(ownIds(undivided({ index: 2, count: 3 }), 9)).toEqual([])
    expect(isOwn(undivided({ index: 2, count: 3 }), 1)).toBe(false)
  })
})
