import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TextBuilder } from './text-builder.ts'

test('builds any text, longer than expected, too', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, length) => {
      const builder = new TextBuilder(length)
      for (let at = 0; at < text.length; at++) builder.add(text.charCodeAt(at))
      expect(builder.toString()).toBe(text)
    }),
  )
})

test('writes characters as string literals do', () => {
  const builder = new TextBuilder(0)
  for (const point of [0x1b, 0x9b, 0x200b, 0xfeff, 0xe0041]) builder.addEscaped(point)
  expect(builder.toString()).toBe(String.raw`\x1b\x9b\u200b\ufeff\u{e0041}`)
})
