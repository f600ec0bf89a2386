import { writeFileSync } from 'node:fs'
import { apiNames } from './api-names.ts'

/** Writes `docs/api-names.md`: `npm run docs:names`. */
writeFileSync(new URL('../docs/api-names.md', import.meta.url), apiNames())
