import { JsonFileError, readJsonFile } from '../machine/json-file.ts'
import { redactData, redactText } from '../options/redact.ts'
import { showValue } from '../options/show-value.ts'
import { contradictionIn } from './results-contradiction.ts'
import { shapeProblem } from './results-shape.ts'
import { RESULTS_SCHEMA_VERSION, type Results } from './results.ts'

/** Thrown if a file is not a `results.json` that this version can read. The message includes the fix. */
export class ResultsFileError extends Error {
  /** Name of the class. */
  override readonly name = 'ResultsFileError'
}

/**
 * Reads a `results.json`. Its source is not trusted: control characters are removed, and text that has the form of a secret
 * is masked.
 *
 * @throws {ResultsFileError} if the file cannot be read, is not a results file, or was written in another format
 */
export async function readResults(file: string): Promise<Results> {
  let value: unknown
  try {
    value = await readJsonFile(file)
  } catch (error) {
    if (!(error instanceof JsonFileError)) throw error
    throw new ResultsFileError(`${redactText(error.message)}\nFix: ${error.fix ?? AGAIN}`)
  }
  if (value === undefined)
    throw new ResultsFileError(
      `${file} does not exist\nFix: run the scenarios first, or pass the results.json of an earlier run`,
    )
  return resultsOf(value, file)
}

const AGAIN = 'run the scenarios again, or copy the whole file again'

/** @throws {ResultsFileError} as {@link readResults} */
function resultsOf(value: unknown, file: string): Results {
  const { schemaVersion, vitestSlo, scenarios } = ownFieldsOf(value)
  if (schemaVersion === undefined || !Array.isArray(scenarios)) {
    throw new ResultsFileError(
      `${file} is not a results file\nFix: pass the results.json that vitest-slo writes, perf-report/results.json by default`,
    )
  }
  if (schemaVersion !== RESULTS_SCHEMA_VERSION) {
    const writer = isVersion(vitestSlo) ? `vitest-slo ${redactText(vitestSlo)}` : 'another version'
    throw new ResultsFileError(
      `${file} was written by ${writer} in format ${redactText(showValue(schemaVersion)).slice(0, 40)}; this version reads format ${RESULTS_SCHEMA_VERSION}\n` +
        `Fix: use the version that wrote it, or run the scenarios again`,
    )
  }
  const shape = shapeProblem(value) ?? contradictionIn(value as Results)
  const problem = shape && redactText(shape)
  if (problem !== undefined) throw new ResultsFileError(`${file} is damaged: ${problem}\nFix: ${AGAIN}`)
  try {
    return redactData(value as Results)
  } catch {
    // The reporter never writes thousands of nested levels.
    throw new ResultsFileError(`${file} is damaged: it is nested too deeply\nFix: ${AGAIN}`)
  }
}

function ownFieldsOf(value: unknown): Partial<Record<keyof Results, unknown>> {
  return typeof value === 'object' && value !== null ? Object.assign(Object.create(null), value) : {}
}

function isVersion(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.+-]{1,40}$/.test(value)
}
