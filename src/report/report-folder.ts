import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EarlierRuns } from './earlier.ts'
import { htmlReport } from './html/page.ts'
import { commentBody, markdownSummary } from './markdown/summary.ts'
import type { Results } from './results.ts'
import { writeFileAtomically } from './write-file.ts'

const RENDERED = [
  ['index.html', (results: Results) => htmlReport(results)],
  ['summary.md', markdownSummary],
  ['comment.md', commentBody],
] as const

/** The folder of all reports. Where it cannot be written, that is remembered and nothing is thrown. */
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

  /** Writes what is known so far to `results.json`, after any write still going on. */
  saveProgress(results: Results): void {
    this.#add(() => this.#writeResults(results))
  }

  /**
   * Writes all reports, after any write still going on. One that fails does not keep the others from being written.
   *
   * @param stepSummary a file to append the summary to as well: `GITHUB_STEP_SUMMARY`
   * @returns what could not be written since the last call, in the words of the file system
   */
  finish(results: Results, earlier: EarlierRuns, stepSummary?: string): Promise<readonly string[]> {
    this.#add(() => this.#writeResults(results))
    if (stepSummary) this.#add(() => appendFile(stepSummary, markdownSummary(results, earlier)))
    for (const [name, make] of RENDERED)
      this.#add(async () => writeFileAtomically(this.fileOf(name), await make(results, earlier)))
    return this.#written()
  }

  /**
   * Writes what is made from results, and leaves `results.json` alone. Returns as {@link finish} does.
   *
   * @throws if one of them cannot be made, as the results are damaged: nothing is written then
   */
  async render(results: Results, earlier: EarlierRuns): Promise<readonly string[]> {
    const made = await Promise.all(
      RENDERED.map(async ([name, make]) => [this.fileOf(name), await make(results, earlier)] as const),
    )
    for (const [file, text] of made) this.#add(() => writeFileAtomically(file, text))
    return this.#written()
  }

  /** Puts an earlier `results.json` back, after any write still going on. */
  async restoreResults(text: string): Promise<void> {
    this.#add(() => writeFileAtomically(this.fileOf('results.json'), text))
    await this.#writing
  }

  async #written(): Promise<readonly string[]> {
    await this.#writing
    return [...new Set(this.#failures.splice(0))]
  }

  #writeResults(results: Results): Promise<void> {
    return writeFileAtomically(this.fileOf('results.json'), `${JSON.stringify(results)}\n`)
  }

  /** One after the other, so that an older state never replaces a newer one. */
  #add(write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#failures.push(error instanceof Error ? error.message : String(error))
    })
  }
}
