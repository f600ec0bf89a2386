import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from './fifo.ts'

test('behaves as an array does, however it is pushed and shifted', () => {
  const steps = fc.array(fc.constantFrom('push', 'push', 'shift'), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (steps) => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      for (const [at, step] of steps.entries()) {
        if (step === 'push') {
          fifo.push(at)
          model.push(at)
        } else expect(fifo.shift()).toBe(model.shift())
        expect([fifo.size, fifo.peek()]).toEqual([model.length, model[0]])
      }
    }),
  )
})
