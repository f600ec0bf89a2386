import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from './fifo.ts'

test('behaves like an array for any order of push and shift', () => {
  const steps = fc.array(fc.constantFrom('push', 'push', 'shift'), { maxLength: 200, size: 'max' })
  fc.assert(
    fc.property(steps, (steps) => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      for (const [at, step] of steps.entries()) {
        if (step === 'push') fifo.push(at)
        if (step === 'push') model.push(at)
        const shifted = step === 'shift' ? [fifo.shift(), model.shift()] : []
        expect([fifo.size, fifo.peek(), shifted[0]]).toEqual([model.length, model[0], shifted[1]])
      }
    }),
  )
})

test('keeps its items when it grows, at any position of the first item', () => {
  const fifo = new Fifo<number>()
  for (let n = 0; n < 10; n++) fifo.push(n)
  for (let n = 0; n < 7; n++) expect(fifo.shift()).toBe(n)
  for (let n = 10; n < 60; n++) fifo.push(n)
  expect(fifo.size).toBe(53)
  for (let n = 7; n < 60; n++) expect(fifo.shift()).toBe(n)
  expect([fifo.size, fifo.peek(), fifo.shift()]).toEqual([0, undefined, undefined])
})
