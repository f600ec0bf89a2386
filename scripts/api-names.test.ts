import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apiNames } from './api-names.ts'

test('docs/api-names.md lists the public names as they are; npm run docs:names updates it', { timeout: 60_000 }, () => {
  const written = readFileSync(new URL('../docs/api-names.md', import.meta.url), 'utf8')
  expect(written).toBe(apiNames())
})
