import { readFile } from 'node:fs/promises'
import { redactData, redactText } from '../options/redact.ts'
import { shapeProblem } from './results-shape.ts'
import { countVerdicts, RESULTS_SCHEMA_VERSION, type Results, type Totals } from './results.ts'

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
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new ResultsFileError(
        `${file} does not exist\nFix: run the scenarios first, or pass the results.json of an earlier run`,
      )
    throw new ResultsFileError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}\nFix: make the file readable`,
    )
  }
  return parseResults(text, file)
}

/** @throws {ResultsFileError} as {@link readResults} */
function parseResults(text: string, file: string): Results {
  // Some editors write a byte order mark.
  const parsed = parseJson(text.replace(/^\uFEFF/, ''))
  if (parsed?.schemaVersion === undefined || !Array.isArray(parsed.scenarios)) {
    throw new ResultsFileError(
      `${file} is not a results file\nFix: pass the results.json that vitest-slo writes, perf-report/results.json by default`,
    )
  }
  if (parsed.schemaVersion !== RESULTS_SCHEMA_VERSION) {
    const { vitestSlo, schemaVersion } = redactData(parsed)
    const writer = isVersion(vitestSlo) ? `vitest-slo ${vitestSlo}` : 'another version'
    throw new ResultsFileError(
      `${file} was written by ${writer} in format ${JSON.stringify(schemaVersion)?.slice(0, 40)}; this version reads format ${RESULTS_SCHEMA_VERSION}\n` +
        `Fix: use the version that wrote it, or run the scenarios again`,
    )
  }
  const shape = shapeProblem(parsed) ?? totalsProblem(parsed as unknown as Results)
  const problem = shape && redactText(shape)
  if (problem !== undefined) throw new ResultsFileError(`${file} is damaged: ${problem}\nFix: run the scenarios again`)
  try {
    return redactData(parsed as unknown as Results)
  } catch {
    // The reporter never writes thousands of nested levels.
    throw new ResultsFileError(`${file} is damaged: it is nested too deeply\nFix: run the scenarios again`)
  }
}

function totalsProblem({ totals, scenarios }: Results): string | undefined {
  const counted = Object.entries(countVerdicts(scenarios)) as [keyof Totals, number][]
  const wrong = counted.find(([name, count]) => totals[name] !== count)
  return wrong && `totals.${wrong[0]} must be ${wrong[1]}, the number in scenarios, received ${totals[wrong[0]]}`
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
