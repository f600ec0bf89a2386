import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutControls } from './control-characters.ts'

test.each([
  ['\u001b]0;owned\u0007', String.raw`\x1b]0;owned\x07`],
  ['\u001b[2J\u001b[1;1HPASS', String.raw`\x1b[2J\x1b[1;1HPASS`],
  ['failed\rpassed', String.raw`failed\x0dpassed`],
  ['a\b\b\u009b2J', String.raw`a\x08\x08\x9b2J`],
  ['user\u202egnp.exe\u2066', String.raw`user\u202egnp.exe\u2066`],
  ['\u0000\u007f', String.raw`\x00\x7f`],
  ['two\r\nlines\tand\n\u001b[1;31mcolours\u001b[0m', 'two\nlines\tand\n\u001b[1;31mcolours\u001b[0m'],
  ['Größe 日本 😀', 'Größe 日本 😀'],
])('writes control characters out: %j', (text, shown) => expect(withoutControls(text)).toBe(shown))

test('nothing is left that a terminal obeys, and doing it twice changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = withoutControls(text)
      const codes = Array.from(stripVTControlCharacters(shown), (character) => character.charCodeAt(0))
      expect(codes.filter((code) => (code < 32 && code !== 9 && code !== 10) || (code >= 127 && code < 160))).toEqual(
        [],
      )
      expect(withoutControls(shown)).toBe(shown)
    }),
  )
})
