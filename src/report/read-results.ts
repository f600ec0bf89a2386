import { readFile } from 'node:fs/promises'
import { redactData, redactText } from '../options/redact.ts'
import { shapeProblem } from './results-shape.ts'
import { RESULTS_SCHEMA_VERSION, type Results } from './results.ts'

/** A file that is no `results.json` this version can read. The message says what to do. */
export class ResultsFileError extends Error {
  override readonly name = 'ResultsFileError'
}

/**
 * Reads what the reporter wrote. A file may come from anywhere: its texts are shown as those of a run are, without control
 * characters and without what has the form of a secret.
 *
 * @throws {ResultsFileError} if the file cannot be read, is no such file, or was written in another form
 */
export async function readResults(file: string): Promise<Results> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new ResultsFileError(
        `${file} does not exist. Run the scenarios first, or name the results.json of an earlier run.`,
      )
    throw new ResultsFileError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  return parseResults(text, file)
}

/** @throws {ResultsFileError} as {@link readResults} */
function parseResults(text: string, file: string): Results {
  const found = parseJson(text)
  if (found?.schemaVersion === undefined || !Array.isArray(found.scenarios)) {
    throw new ResultsFileError(`${file} is no results file. vitest-slo writes one to perf-report/results.json.`)
  }
  if (found.schemaVersion !== RESULTS_SCHEMA_VERSION) {
    const { vitestSlo, schemaVersion } = redactData(found)
    const writer = isVersion(vitestSlo) ? `vitest-slo ${vitestSlo}` : 'another version'
    throw new ResultsFileError(
      `${file} was written by ${writer} in form ${JSON.stringify(schemaVersion)?.slice(0, 40)}; this version reads form ${RESULTS_SCHEMA_VERSION}. ` +
        `Use the version that wrote it, or run the scenarios again.`,
    )
  }
  const shape = shapeProblem(found)
  const problem = shape && redactText(shape)
  if (problem !== undefined) throw new ResultsFileError(`${file} is damaged: ${problem}. Run the scenarios again.`)
  try {
    return redactData(found as unknown as Results)
  } catch {
    // What is nested thousands of levels deep was not written by the reporter.
    throw new ResultsFileError(`${file} is damaged: it is nested too deeply. Run the scenarios again.`)
  }
}

function isVersion(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.+-]{1,40}$/.test(value)
}

function parseJson(text: string): Partial<Record<keyof Results, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
