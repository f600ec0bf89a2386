import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestSpecification, Vitest } from 'vitest/node'
import { readResults } from './read-results.ts'

/** Within the folder of reports: those of runs of only some scenarios, while there is one of all of them. */
export const PARTIAL_FOLDER = 'partial'

/** Whether a run is of only some of the project's scenarios: by a filter, a shard, or in watch mode. */
export async function isPartialRun(vitest: Vitest, specifications: readonly TestSpecification[]): Promise<boolean> {
  const { config } = vitest
  if (config.mergeReports !== undefined) return false
  if (vitest.getGlobalTestNamePattern() !== undefined || config.tagsFilter?.length) return true
  if (specifications.some(({ testLines, testIds }) => testLines?.length || testIds?.length)) return true
  const chosen = new Set(specifications.map(({ moduleId }) => moduleId))
  return (await vitest.globTestSpecifications()).some(({ moduleId }) => !chosen.has(moduleId))
}

/** The text of the `results.json` of all scenarios that ran to their end; `undefined` if there is none. */
export async function completeReportIn(folder: string): Promise<string | undefined> {
  const file = join(folder, 'results.json')
  const earlier = await readResults(file).catch(() => undefined)
  if (earlier?.complete !== true || earlier.isPartial === true) return undefined
  return readFile(file, 'utf8')
}

/** The folder for the report of a run: a partial one never takes the place of that of all scenarios. */
export async function reportFolderOf(folder: string, isPartial: boolean): Promise<string> {
  if (!isPartial) return folder
  const results = join(folder, 'results.json')
  if (!existsSync(results)) return folder
  const earlier = await readResults(results).catch(() => undefined)
  return earlier?.isPartial === true ? folder : join(folder, PARTIAL_FOLDER)
}
