import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const DOCS = resolve(import.meta.dirname, '..')

/** An example of the documentation. */
export interface Snippet {
  /** Page and line of its first statement, such as `http.md:12`. */
  readonly place: string
  /** Page, such as `http.md`. */
  readonly page: string
  readonly code: string
  /** Whether it is a whole file with imports, not the body of a scenario. */
  readonly isFile: boolean
  /** Whether it is executed. Examples that need something the checks do not have, such as a second build, only compile. */
  readonly isRun: boolean
}

/** All TypeScript examples of the pages and of the README. */
export function snippets(): readonly Snippet[] {
  const pages = globSync('*.md', { cwd: DOCS, exclude: ['README.md'] }).toSorted()
  return [
    ...snippetsOf('README.md', readFileSync(join(DOCS, '../README.md'), 'utf8')),
    ...pages.flatMap((page) => snippetsOf(page, readFileSync(join(DOCS, page), 'utf8'))),
  ]
}

function snippetsOf(page: string, text: string): readonly Snippet[] {
  return [...text.matchAll(/^```ts( no-run)?\n([^]*?)^```$/gm)].map(({ index, 1: flag, 2: code }) => ({
    place: `${page}:${text.slice(0, index).split('\n').length + 1}`,
    page,
    code: code!,
    isFile: /^import /m.test(code!),
    isRun: flag === undefined,
  }))
}
