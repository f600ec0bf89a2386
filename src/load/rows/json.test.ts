import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson, parseJsonLines } from './json.ts'

const json = (text: string) => parseJson({ name: 'u.json', text })
const lines = (text: string) => parseJsonLines({ name: 'u.jsonl', text })

test('reads an array, and integers beyond 2^53 as bigints', () => {
  expect(json('[{"user":"ann","id":9007199254740993},{"user":"bob","id":1.5e3}]\n')).toEqual([
    { user: 'ann', id: 9_007_199_254_740_993n },
    { user: 'bob', id: 1500 },
  ])
})

test('reads one value of each line, and skips empty lines', () => {
  expect(lines('{"user":"ann"}\r\n\n  \n{"user":"bob"}')).toEqual([{ user: 'ann' }, { user: 'bob' }])
})

test.each([
  ['a missing comma', '[\n  {"a": 1}\n  {"a": 2}\n]', 'u.json:3:3: the JSON is invalid\nFix: '],
  ['a comma at the end', '[1,\n]', 'u.json:2:1: the JSON is invalid\nFix: '],
  ['a name without quotes', '[{a: 1}]', 'u.json:1:3: the JSON is invalid\nFix: '],
  ['a word', '[{"a": secret}]', 'u.json:1:8: the JSON is invalid\nFix: '],
  ['two values', '[] []', 'u.json:1:4: the JSON is invalid\nFix: '],
  ['a missing end', '[{"a": 1}\n', 'u.json:2:1: the JSON is incomplete\nFix: '],
  ['nothing', '', 'u.json:1:1: the JSON is incomplete\nFix: '],
  [
    'an object',
    '\n {"users": []}',
    'u.json:2:2: the file contains an object, but must contain an array of rows\nFix: ',
  ],
  ['null', 'null', 'u.json:1:1: the file contains null, but must contain an array of rows\nFix: '],
])('names file, line and column of %s', (_, text, message) => {
  expect(() => json(text)).toThrow(message)
})

test('names the line of JSON Lines that is invalid, and repeats none of it', () => {
  expect(() => lines('{"password":"x1"}\n\n{"password":"x2}\n')).toThrow(
    /^u\.jsonl:3:13: the JSON is invalid\nFix: correct the syntax at this place$/,
  )
})

test('reads any JSON, and finds a place in any text that is not JSON', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.nat(), (rows, cut) => {
      const text = JSON.stringify(rows, undefined, cut % 3)
      fc.pre(!/\d{16}/.test(text))
      expect(json(text)).toEqual(JSON.parse(text))
      const broken = text.slice(0, cut % text.length)
      expect(() => json(broken)).toThrow(/^u\.json:\d+:\d+: the JSON is (?:in(?:valid|complete))\nFix: /)
    }),
  )
})
