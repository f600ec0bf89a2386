import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PartSearch } from './part-search.ts'

test('finds every part that occurs in a text, in the order of the items', () => {
  const part = fc.string({ maxLength: 9, unit: fc.constantFrom('a', 'b', 'é') })
  fc.assert(
    fc.property(fc.array(part), fc.array(part), (parts, words) => {
      const text = words.join('')
      const items = parts.map((each) => ({ part: each }))
      const found = new PartSearch(items).candidates(text)
      expect(found).toEqual(items.filter((item) => found.includes(item)))
      expect(items.filter(({ part: each }) => text.includes(each)).filter((item) => !found.includes(item))).toEqual([])
    }),
  )
})

test('returns few parts that do not occur', () => {
  const items = Array.from({ length: 1000 }, (_, at) => ({ part: `secret-${at * 7919}` }))
  expect(new PartSearch(items).candidates('GET /api/live?streamerId=42 200 12.3 ms '.repeat(100)).length).toBeLessThan(
    20,
  )
})
