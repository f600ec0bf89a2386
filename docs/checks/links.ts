import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGES = [
  'README.md',
  'AGENTS.md',
  'CHANGELOG.md',
  ...globSync('docs/**/*.md', { cwd: ROOT, exclude: ['docs/checks/**'] }),
]

/** Broken links between pages, such as `docs/http.md: matchers.md#nothing`. External links are not checked. */
export function brokenLinks(): readonly string[] {
  return PAGES.flatMap((page) => {
    const text = withoutCode(readFileSync(join(ROOT, page), 'utf8'))
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!)
    return links.filter((link) => !/^[a-z]+:/.test(link) && !exists(page, link)).map((link) => `${page}: ${link}`)
  })
}

function exists(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path)
  if (!existsSync(file) || relative(ROOT, file).startsWith('..')) return false
  return anchor === undefined || anchorsOf(readFileSync(file, 'utf8')).includes(anchor)
}

/** Anchors of the headings, in GitHub's form. */
function anchorsOf(text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '')
}
