import { expect, test } from 'vitest'
import { findIdioms } from './prose.ts'

test('finds an idiom with its line and its replacement', () => {
  expect(findIdioms('// fine\n// it is put away\n')).toEqual([{ line: 2, found: 'put away', better: 'clean up' }])
})

test('finds several idioms in one line', () => {
  expect(findIdioms('the guardian mends it').map(({ better }) => better)).toEqual(['fix', 'reaper'])
})

test('ignores the replacements and names in code', () => {
  const text =
    'cleanUp(); the reaper cleans up; const recommended = amend(x); unexpected: 0; the target responds; besides, there is no error; bystander'
  expect(findIdioms(text)).toEqual([])
})
