import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { contradictionIn } from '../report/results-contradiction.ts'
import schema from '../report/results.schema.json' with { type: 'json' }
import type { Results } from '../report/results.ts'

const isValid = new Ajv2020({ allErrors: true }).compile(schema)

const MAX_MISTAKES = 20

/** Mistakes in a value by the schema of `results.json`, the first ones; empty if there are none. */
export function schemaMistakes(value: unknown): readonly string[] {
  if (isValid(value)) return []
  return (isValid.errors ?? []).slice(0, MAX_MISTAKES).map(({ instancePath, message, params }) => {
    return `${instancePath} ${message} ${JSON.stringify(params)}`
  })
}

/**
 * Reads a `results.json`.
 *
 * @throws {Error} if its schema does not describe it, or it contradicts itself
 */
export async function readValidResults(file: string): Promise<Results> {
  const results = JSON.parse(await readFile(file, 'utf8')) as Results
  const mistakes = schemaMistakes(results)
  if (mistakes.length > 0) throw new Error(`${file} does not match its schema:\n${mistakes.join('\n')}`)
  const contradiction = contradictionIn(results)
  if (contradiction !== undefined) throw new Error(`${file}: ${contradiction}`)
  return results
}
