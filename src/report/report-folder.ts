import { existsSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestSpecification, Vitest } from 'vitest/node'
import { writeFileAtomically } from '../machine/atomic-file.ts'
import type { EarlierRuns } from './earlier.ts'
import { htmlReport } from './html/page.ts'
import { commentBody, markdownSummary } from './markdown/summary.ts'
import { readResults } from './read-results.ts'
import type { Results } from './results.ts'

/** Subfolder for reports of partial runs, used if the folder holds a report of all scenarios. */
export const PARTIAL_FOLDER = 'partial'

/** Whether only some of the project's scenarios run: because of a filter, a shard, or watch mode. */
export async function isPartialRun(vitest: Vitest, specifications: readonly TestSpecification[]): Promise<boolean> {
  const { config } = vitest
  if (config.mergeReports !== undefined) return false
  if (vitest.getGlobalTestNamePattern() !== undefined || config.tagsFilter?.length) return true
  if (specifications.some(({ testLines, testIds }) => testLines?.length || testIds?.length)) return true
  const chosen = new Set(specifications.map(({ moduleId }) => moduleId))
  return (await vitest.globTestSpecifications()).some(({ moduleId }) => !chosen.has(moduleId))
}

/** Text of the `results.json` of a complete run of all scenarios; `undefined` if there is none. */
export async function completeReportIn(folder: string): Promise<string | undefined> {
  const file = join(folder, 'results.json')
  const earlier = await readResults(file).catch(() => undefined)
  if (earlier?.complete !== true || earlier.isPartial === true) return undefined
  return readFile(file, 'utf8')
}

/** The folder for the report of a run. A partial report never replaces the report of all scenarios. */
export async function reportFolderOf(folder: string, isPartial: boolean): Promise<string> {
  if (!isPartial) return folder
  const results = join(folder, 'results.json')
  if (!existsSync(results)) return folder
  const earlier = await readResults(results).catch(() => undefined)
  return earlier?.isPartial === true ? folder : join(folder, PARTIAL_FOLDER)
}

const RENDERED = [
  ['index.html', htmlReport],
  ['summary.md', markdownSummary],
  ['comment.md', commentBody],
] as const

/** Folder of all reports. Write errors are collected, not thrown. */
export class ReportFolder {
  readonly path: string
  #writing: Promise<unknown> = Promise.resolve()
  #failures: string[] = []

  constructor(path: string) {
    this.path = path
  }

  fileOf(name: 'results.json' | 'index.html' | 'summary.md' | 'comment.md'): string {
    return join(this.path, name)
  }

  /** Writes the results so far to `results.json`, after pending writes. */
  saveProgress(results: Results): void {
    this.#enqueue(() => this.#writeResults(results))
  }

  /**
   * Writes all reports, after pending writes. If one cannot be written, the others still are.
   *
   * @param stepSummary a file to which the summary is also appended: `GITHUB_STEP_SUMMARY`
   * @returns messages of the write errors since the last call
   */
  finish(results: Results, earlier: EarlierRuns, stepSummary?: string): Promise<readonly string[]> {
    this.#enqueue(() => this.#writeResults(results))
    if (stepSummary) this.#enqueue(() => appendFile(stepSummary, markdownSummary(results, earlier)))
    for (const [name, make] of RENDERED)
      this.#enqueue(async () => writeFileAtomically(this.fileOf(name), await make(results, earlier)))
    return this.#flush()
  }

  /**
   * Writes all reports except `results.json`. Returns the same as {@link finish}.
   *
   * @throws if a report cannot be rendered because the results are damaged; nothing is written then
   */
  async render(results: Results, earlier: EarlierRuns): Promise<readonly string[]> {
    const reports = await Promise.all(
      RENDERED.map(async ([name, make]) => [this.fileOf(name), await make(results, earlier)] as const),
    )
    for (const [file, text] of reports) this.#enqueue(() => writeFileAtomically(file, text))
    return this.#flush()
  }

  /** Restores an earlier `results.json`, after pending writes. */
  async restoreResults(text: string): Promise<void> {
    this.#enqueue(() => writeFileAtomically(this.fileOf('results.json'), text))
    await this.#writing
  }

  async #flush(): Promise<readonly string[]> {
    await this.#writing
    return [...new Set(this.#failures.splice(0))]
  }

  #writeResults(results: Results): void {
    writeFileAtomically(this.fileOf('results.json'), `${JSON.stringify(results)}\n`)
  }

  /** Writes run one after the other, so that an older state never replaces a newer one. */
  #enqueue(write: () => Promise<void> | void): void {
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#failures.push(error instanceof Error ? error.message : String(error))
    })
  }
}
