import { expect, test } from 'vitest'
import { jsonPath } from './json-path.ts'

const json = { access: { token: 't', 'x-y': 1 }, items: [{ id: 7 }, { id: 8 }], 'a.b': true, none: null }

test.each([
  ['$', json],
  ['$.access.token', 't'],
  ['$.access.x-y', 1],
  ['$.items[0].id', 7],
  ['$.items[-1].id', 8],
  [`$['a.b']`, true],
  ['$["access"]["token"]', 't'],
  ['$.none', null],
  ['$.items[2].id', undefined],
  ['$.access.token.length', undefined],
  ['$.constructor', undefined],
  ['$.items.length', 2],
])('finds the value at %s', (path, value) => {
  expect(jsonPath(path)!(json)).toEqual(value)
})

test.each(['access', '$access', '$.', '$..token', '$.items[*]', '$.items[0:1]', '$.items[?(@.id)]', ''])(
  'returns undefined for %s, which is not a path to one value',
  (path) => {
    expect(jsonPath(path)).toBeUndefined()
  },
)
