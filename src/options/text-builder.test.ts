import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TextBuilder } from './text-builder.ts'

test('builds any text, longer than expected, too', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), fc.nat(40), (parts, length) => {
      const builder = new TextBuilder(length)
      for (const part of parts) builder.addText(part)
      expect(builder.toString()).toBe(parts.join(''))
    }),
  )
})
