import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript'

export const DOCS = resolve(import.meta.dirname, '..')
const SRC = resolve(DOCS, '../src')

/** An example of the documentation. */
export interface Snippet {
  /** Page and line of its first statement, such as `http.md:12`. */
  readonly place: string
  /** Page, such as `http.md`, or source. */
  readonly page: string
  readonly code: string
  /** Whether it is a whole file with imports, not the body of a scenario. */
  readonly isFile: boolean
  /** Whether it is executed. Examples that need something the checks do not have, such as a second build, only compile. */
  readonly isRun: boolean
}

/** All TypeScript examples of the pages, of the README, and of doc comments. */
export function snippets(): readonly Snippet[] {
  const pages = globSync('*.md', { cwd: DOCS, exclude: ['README.md'] }).toSorted()
  return [
    ...snippetsOf('README.md', readFileSync(join(DOCS, '../README.md'), 'utf8')),
    ...pages.flatMap((page) => snippetsOf(page, readFileSync(join(DOCS, page), 'utf8'))),
    ...commented(),
  ]
}

/** Names that an example can only use with a target. */
const NEEDS_TARGET = /\b(http|ws|ledger|metrics|capacity|freshness|compare|chaos|baseline|reset|run|fanOut)\b[.(]/

/** The `@example` of doc comments. They are executed if they need no target. */
function commented(): readonly Snippet[] {
  const files = globSync('**/*.ts', { cwd: SRC, exclude: ['**/*.test.ts', '**/*.test-d.ts', 'testing/**'] }).toSorted()
  return files.flatMap((file) => {
    const text = readFileSync(join(SRC, file), 'utf8')
    if (!text.includes('@example')) return []
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
    const found: Snippet[] = []
    const visit = (node: ts.Node): void => {
      for (const tag of ts.getJSDocTags(node).filter((one) => one.tagName.text === 'example')) {
        const code = codeOf(ts.getTextOfJSDocComment(tag.comment) ?? '')
        const line = source.getLineAndCharacterOfPosition(tag.pos).line + 1
        const isFile = /^import /m.test(code)
        found.push({
          ...{ place: `src/${file}:${line}`, page: file.replaceAll('/', '-').replace(/\.ts$/, ''), code, isFile },
          isRun: isFile || !NEEDS_TARGET.test(code),
        })
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
    return found.filter(({ place }, at) => found.findIndex((other) => other.place === place) === at)
  })
}

/** Code of an example, which may be fenced. */
function codeOf(text: string): string {
  return `${text.replace(/^```ts\n([^]*)\n```$/, '$1').trim()}\n`
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
