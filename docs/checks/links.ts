import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const REPOSITORY = resolve(import.meta.dirname, '../..')

/**
 * Broken links between pages, and to pictures, such as `docs/http.md: matchers.md#nothing`. External links are not checked.
 *
 * @param root folder of the repository or of the built package
 */
export function brokenLinks(root: string = REPOSITORY): readonly string[] {
  const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root, exclude: ['docs/checks/**', 'docs/api/**'] })
  return pages.flatMap((page) => {
    const text = withoutCode(readFileSync(join(root, page), 'utf8'))
    const links = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map((match) => match[1] ?? match[2]!)
    return links.filter((link) => !/^[a-z]+:/.test(link) && !exists(root, page, link)).map((link) => `${page}: ${link}`)
  })
}

function exists(root: string, page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? join(root, page) : resolve(root, dirname(page), path)
  if (!existsSync(file) || relative(root, file).startsWith('..')) return false
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
