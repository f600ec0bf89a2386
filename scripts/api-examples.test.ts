import { expect, test } from 'vitest'
import { functionsWithoutExample } from './api-examples.ts'

test('every public function has an example', { timeout: 60_000 }, () => {
  expect(functionsWithoutExample()).toEqual([])
})
