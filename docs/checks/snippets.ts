import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const DOCS = resolve(import.meta.dirname, '..')

/** An example of the documentation. */
export interface Snippet {
  /** `http.md:12`: the line of its first statement. */
  readonly place: string
  /** `http.md` */
  readonly page: string
  readonly code: string
  /** A whole file, with imports of its own; else the body of a scenario. */
  readonly isFile: boolean
  /** Needs what the checks do not have, as a second build: its types are checked, and it is not run. */
  readonly isRun: boolean
}

/** Every TypeScript example of the pages and of the README. */
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
