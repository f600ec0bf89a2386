import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

/**
 * Rows of a CSV file by the names in its first line. RFC 4180: fields may be quoted, quotes within are doubled, quoted
 * fields may hold line breaks. Empty lines are passed over.
 *
 * @throws {Error} with the whole path, if it cannot be read; with file and line: no header, a column named twice, a ragged row, a quote out of place
 */
export async function readCsv(path: string | URL): Promise<Record<string, string>[]> {
  return parseCsv(await textOf(path), String(path))
}

async function textOf(path: string | URL): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${message})`
    const place = path instanceof URL ? path.href : resolve(path)
    throw new Error(
      `data: csv('${String(path)}'): ${problem}: ${place}\n` +
        `Fix: correct the path. A relative path counts from the working directory of the command, ${process.cwd()}; ` +
        `new URL('users.csv', import.meta.url) counts from the scenario's file`,
      { cause },
    )
  }
}

/** @param name of the file, for messages */
export function parseCsv(text: string, name: string): Record<string, string>[] {
  const [header, ...rows] = records(text.replace(/^\uFEFF/, ''), name)
  if (header === undefined) throw new Error(`${name}:1: there is no header line; begin with the columns' names`)
  const columns = header.fields
  const twice = columns.find((column, at) => columns.indexOf(column) !== at)
  if (twice !== undefined) throw new Error(`${name}:${header.line}: the column ${JSON.stringify(twice)} is named twice`)
  return rows.map(({ line, fields }) => {
    if (fields.length !== columns.length)
      throw new Error(`${name}:${line}: ${fields.length} fields, the header has ${columns.length}`)
    return Object.fromEntries(columns.map((column, at) => [column, fields[at]!]))
  })
}

interface CsvRecord {
  /** Of its first character, from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

const FIELD = /"((?:[^"]|"")*)"|([^",\r\n]*)/y
const SEPARATOR = /,|\r?\n|$/y

function records(text: string, name: string): CsvRecord[] {
  const found: CsvRecord[] = []
  let fields: string[] = []
  let line = 1
  let firstLine = 1
  for (let at = 0; ;) {
    FIELD.lastIndex = at
    const [whole, quoted, plain] = FIELD.exec(text)!
    line += whole.split('\n').length - 1
    SEPARATOR.lastIndex = at + whole.length
    const separator = SEPARATOR.exec(text)
    if (separator === null)
      throw new Error(`${name}:${line}: a quote out of place; quote the whole field and double quotes in it`)
    fields.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
    at = SEPARATOR.lastIndex
    if (separator[0] === ',') continue
    if (fields.length > 1 || whole !== '') found.push({ line: firstLine, fields })
    if (separator[0] === '') return found
    fields = []
    firstLine = ++line
  }
}
