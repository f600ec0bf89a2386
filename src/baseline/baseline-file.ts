import { writeFileAtomically } from '../machine/atomic-file.ts'
import { JsonFileError, readJsonFile } from '../machine/json-file.ts'
import { redactText } from '../options/redact.ts'
import { showValue } from '../options/show-value.ts'
import { storedRunProblem } from './stored-run-problem.ts'
import { FORMAT, type StoredRun } from './stored-run.ts'

/** Thrown for a baseline that cannot be used. The message names the file and the fix. */
export class BaselineError extends Error {
  /** Name of the class. */
  override readonly name = 'BaselineError'
}

const STORE_AGAIN = 'Fix: store it again with vitest -u, or delete the file'

/**
 * Writes one line per key, so that a diff shows what changed.
 *
 * @throws {BaselineError} if the file cannot be written
 */
export function writeBaseline(path: string, stored: StoredRun): void {
  const lines = Object.entries(stored).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  try {
    writeFileAtomically(path, `{\n${lines.join(',\n')}\n}\n`)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new BaselineError(
      `The baseline ${path} cannot be written: ${reason}.\nFix: make its folder writable, or store it elsewhere and commit it`,
      { cause: error },
    )
  }
}

/**
 * @returns `undefined` if there is no file
 * @throws {BaselineError} if the file is not a baseline, was written by another version, or is of another scenario or run
 */
export async function readBaseline(
  path: string,
  expected: Pick<StoredRun, 'scenario' | 'run'>,
): Promise<StoredRun | undefined> {
  let value: unknown
  try {
    value = await readJsonFile(path)
  } catch (error) {
    if (!(error instanceof JsonFileError)) throw error
    const fix = error.fix === undefined ? STORE_AGAIN : `Fix: ${error.fix}, or delete it`
    throw new BaselineError(redactText(`The baseline ${error.message}.`) + `\n${fix}`)
  }
  if (value === undefined) return undefined
  refuseOtherFormat(path, value)
  const problem = storedRunProblem(value)
  // The file is not trusted: its text can contain control characters.
  if (problem !== undefined)
    throw new BaselineError(`${path} is not a baseline: ${redactText(problem)}.\n${STORE_AGAIN}`)
  const stored = value as StoredRun
  for (const part of ['scenario', 'run'] as const)
    if (stored[part] !== expected[part])
      throw new BaselineError(
        `The baseline ${path} is of the ${part} ${redactText(showValue(stored[part]))}, not of ${JSON.stringify(expected[part])}.\n${STORE_AGAIN}, or rename the scenario`,
      )
  return stored
}

/** @throws {BaselineError} if the file was written by another version */
function refuseOtherFormat(path: string, value: unknown): void {
  const format = (value as { format?: unknown } | null)?.format
  if (typeof format !== 'number' || format === FORMAT) return
  const [writer, fix] =
    format > FORMAT
      ? ['a later version of vitest-slo', 'Fix: update vitest-slo']
      : [
          'an earlier version of vitest-slo, which counted failed requests with the time up to their failure',
          STORE_AGAIN,
        ]
  throw new BaselineError(
    `The baseline ${path} was written in format ${format} by ${writer}; this version reads format ${FORMAT}.\n${fix}`,
  )
}
