import { writeFileSync } from 'node:fs'
import { resultsSchema } from './results-schema.ts'

/** Writes `src/report/results.schema.json`: `npm run docs:schema`. */
writeFileSync(new URL('../src/report/results.schema.json', import.meta.url), resultsSchema())
