import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { resultsSchema } from './results-schema.ts'

test('results.schema.json describes the type Results; npm run docs:schema updates it', { timeout: 60_000 }, () => {
  const written = readFileSync(new URL('../src/report/results.schema.json', import.meta.url), 'utf8')
  expect(written).toBe(resultsSchema())
})
