import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClientSet } from './client-set.ts'

const CAPACITY = 130

test('agrees with a Set for few and many clients, and makes independent copies', () => {
  const client = fc.nat({ max: CAPACITY - 1 })
  const act = fc.record({ isAdded: fc.constantFrom(true, true, false), client })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 150, size: 'max' }), fc.array(client, { maxLength: 80 }), (acts, others) => {
      const set = new ClientSet(CAPACITY)
      const plain = new Set<number>()
      for (const { isAdded, client: one } of acts) {
        expect(set.has(one)).toBe(plain.has(one))
        const isChanged = isAdded ? set.add(one) : set.delete(one)
        expect(isChanged).toBe(plain.has(one) !== isAdded)
        if (isAdded) plain.add(one)
        else plain.delete(one)
      }
      const ascending = [...plain].toSorted((a, b) => a - b)
      expect([...set]).toEqual(ascending)
      expect(set.size).toBe(plain.size)
      const other = new ClientSet(CAPACITY)
      for (const one of others) other.add(one)
      expect([...set.without(other)]).toEqual(ascending.filter((one) => !others.includes(one)))
      const copy = set.clone()
      for (let one = 0; one < CAPACITY; one++) copy.add(one)
      expect([...set]).toEqual(ascending)
      expect(copy.size).toBe(CAPACITY)
    }),
  )
})
