import { readFile } from 'node:fs/promises'
import { writeFileAtomically } from '../machine/atomic-file.ts'
import { Histogram } from '../stats/histogram.ts'
import type { JsonMs } from '../stats/summary.ts'
import { FORMAT, type StoredRun } from './stored-run.ts'

/** Thrown for a baseline that cannot be used. The message names the file and the fix. */
export class BaselineError extends Error {
  /** Name of the class. */
  override readonly name = 'BaselineError'
}

const STORE_AGAIN = 'Fix: store it again with vitest -u, or delete the file'

/** Writes one line per key, so that a diff shows what changed. */
export function writeBaseline(path: string, stored: StoredRun): void {
  const lines = Object.entries(stored).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  writeFileAtomically(path, `{\n${lines.join(',\n')}\n}\n`)
}

/**
 * @returns `undefined` if there is no file
 * @throws {BaselineError} if the file is not a baseline, was written by another version, or is of another scenario or run
 */
export async function readBaseline(
  path: string,
  expected: Pick<StoredRun, 'scenario' | 'run'>,
): Promise<StoredRun | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new BaselineError(
      `The baseline ${path} cannot be read: ${(error as Error).message}\nFix: make the file readable, or delete it`,
    )
  }
  const stored = parse(path, text)
  for (const part of ['scenario', 'run'] as const)
    if (stored[part] !== expected[part])
      throw new BaselineError(
        `The baseline ${path} is of the ${part} ${JSON.stringify(stored[part])}, not of ${JSON.stringify(expected[part])}.\n${STORE_AGAIN}, or rename the scenario`,
      )
  return stored
}

function parse(path: string, text: string): StoredRun {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new BaselineError(`${path} is not a baseline: ${(error as Error).message}.\n${STORE_AGAIN}`)
  }
  const format = (value as { format?: unknown } | null)?.format
  if (typeof format === 'number' && format > FORMAT)
    throw new BaselineError(
      `The baseline ${path} was written in format ${format} by a later version of vitest-slo; this version reads format ${FORMAT}.\nFix: update vitest-slo`,
    )
  if (typeof format === 'number' && format < FORMAT)
    throw new BaselineError(
      `The baseline ${path} was written in format ${format} by an earlier version of vitest-slo, which counted failed requests with the time up to their failure; this version reads format ${FORMAT}.\n${STORE_AGAIN}`,
    )
  const problem = problemWith(value)
  if (problem !== undefined) throw new BaselineError(`${path} is not a baseline: ${problem}.\n${STORE_AGAIN}`)
  return value as StoredRun
}

function problemWith(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it is not an object'
  const fields = value as Partial<Record<keyof StoredRun, unknown>>
  if (fields.format !== FORMAT) return 'format is missing'
  for (const key of ['scenario', 'run', 'kind', 'quantity', 'storedAt'] as const)
    if (typeof fields[key] !== 'string') return `${key} is missing`
  if (!isMs(fields.meanMs)) return 'meanMs is missing'
  if (typeof fields.environment !== 'object' || fields.environment === null) return 'environment is missing'
  if (!Array.isArray(fields.percentiles) || !fields.percentiles.every(isPercentile)) return 'percentiles are missing'
  try {
    Histogram.fromJSON(fields.histogram as StoredRun['histogram'])
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return undefined
}

function isPercentile(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { p, ms, lowMs, highMs } = value as Record<string, unknown>
  return typeof p === 'number' && [ms, lowMs, highMs].every(isMs)
}

function isMs(value: unknown): value is JsonMs {
  return typeof value === 'number' || value === 'Infinity'
}
