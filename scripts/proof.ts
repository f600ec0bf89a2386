import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { stripVTControlCharacters } from 'node:util'

/** Page with the last complete runs of `npm run faults` and `npm run soak`. */
const PAGE = new URL('../docs/proof.md', import.meta.url)

/** Replaces the table between `<!-- name -->` and `<!-- /name -->` in `docs/proof.md`. */
export async function publish(name: 'faults' | 'soak', dates: readonly string[], table: string): Promise<void> {
  const page = await readFile(PAGE, 'utf8')
  await writeFile(PAGE, withTable(page, name, `${when(dates)}, ${machine()}.`, table))
}

/** The page with a new caption and table between its markers. @throws {Error} if the page has no such markers */
export function withTable(page: string, name: string, caption: string, table: string): string {
  const [open, close] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
  const [from, to] = [page.indexOf(open), page.indexOf(close)]
  if (from === -1 || to < from) throw new Error(`docs/proof.md has no ${open.trim()} … ${close}`)
  const text = `\n${caption}\n\n\`\`\`text\n${stripVTControlCharacters(table)}\n\`\`\`\n\n`
  return page.slice(0, from + open.length) + text + page.slice(to)
}

function when(dates: readonly string[]): string {
  const [first, last] = [dates.toSorted()[0], dates.toSorted().at(-1)]
  return first === last ? `Run on ${first}` : `Run from ${first} to ${last}`
}

function machine(): string {
  return `Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()})`
}
