import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutControls, withoutUnseen } from './control-characters.ts'

test.each([
  ['\u001b]0;owned\u0007', String.raw`\x1b]0;owned\x07`],
  ['\u001b[2J\u001b[1;1HPASS', String.raw`\x1b[2J\x1b[1;1HPASS`],
  ['failed\rpassed', String.raw`failed\x0dpassed`],
  ['a\b\b\u009b2J', String.raw`a\x08\x08\x9b2J`],
  ['user\u202egnp.exe\u2066', String.raw`user\u202egnp.exe\u2066`],
  ['\u0000\u007f', String.raw`\x00\x7f`],
  ['two\r\nlines\tand\n\u001b[1;31mcolours\u001b[0m', 'two\nlines\tand\ncolours'],
  ['\u001b[8mHIDDEN\u001b[0m \u001b[32mPASS\u001b[0m \u009b30;40mblack', 'HIDDEN PASS black'],
  ['a\u200bb\u00adc\u061cd\u200e\u{e0041}', String.raw`a\u200bb\xadc\u061cd\u200e\u{e0041}`],
  ['a\u200db', String.raw`a\u200db`],
  ['x\n::error file=a::b ::add-mask::c', String.raw`x` + '\n' + String.raw`\x3a:error file=a::b \x3a:add-mask::c`],
  ['##[error]a ##vso[task.x] ##teamcity[y', String.raw`\x23#[error]a \x23#vso[task.x] \x23#teamcity[y`],
  [
    'Größe 日本 😀 👨‍👩‍👧 ⚠️ ::1 ::ffff:10.0.0.1 std::map ## title',
    'Größe 日本 😀 👨‍👩‍👧 ⚠️ ::1 ::ffff:10.0.0.1 std::map ## title',
  ],
])('escapes control characters: %j', (text, shown) => expect(withoutControls(text)).toBe(shown))

test('leaves nothing that a terminal interprets, and is idempotent', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = withoutControls(text)
      const codes = Array.from(shown, (character) => character.charCodeAt(0))
      expect(codes.filter((code) => (code < 32 && code !== 9 && code !== 10) || (code >= 127 && code < 160))).toEqual(
        [],
      )
      expect(withoutControls(shown)).toBe(shown)
    }),
  )
})

test('removes invisible characters from names', () => {
  expect(withoutUnseen('t\u200bo\u001b[1mk\u0000e\u200d\u{e0041}\u202en\ufe0f=\r\n')).toBe('token=\n')
})
