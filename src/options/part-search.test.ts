import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PartSearch } from './part-search.ts'

test('finds every place of every part of a text', () => {
  const part = fc.string({ minLength: 6, maxLength: 9, unit: fc.constantFrom('a', 'b', 'é') })
  fc.assert(
    fc.property(fc.array(part), fc.array(part), (parts, words) => {
      const text = words.join('')
      const expected = Array.from(text, (_, at) =>
        parts.filter((each) => text.startsWith(each, at)).map((each) => [each, at]),
      )
      expect(placesIn(text, parts)).toEqual(expected.flat())
    }),
  )
})

test('finds nothing in a text that contains none of many parts', () => {
  const parts = Array.from({ length: 1000 }, (_, at) => `secret-${at * 7919}`)
  expect(placesIn(Array.from({ length: 10_000 }, (_, at) => `GET /live?id=${at} `).join(''), parts)).toEqual([])
})

function placesIn(text: string, parts: readonly string[]): readonly (readonly [part: string, at: number])[] {
  const places: [string, number][] = []
  new PartSearch(parts.map((part) => ({ part }))).each(text, ({ part }, at) => places.push([part, at]))
  return places
}
