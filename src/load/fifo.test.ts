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
        if (step === 'push') fifo.push(at)
        if (step === 'push') model.push(at)
        const shifted = step === 'shift' ? [fifo.shift(), model.shift()] : []
        expect([fifo.size, fifo.peek(), shifted[0]]).toEqual([model.length, model[0], shifted[1]])
      }
    }),
  )
})
