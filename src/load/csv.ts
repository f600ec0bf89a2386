import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

/**
 * Rows of a CSV file (RFC 4180) by the column names in its first line. Fields may be quoted, quotes in them are doubled, and
 * quoted fields may contain line breaks. Empty lines are skipped.
 *
 * @throws {Error} with the absolute path, if the file cannot be read; with file and line, for a missing header, a duplicate
 *   column, a row of another length, or a misplaced quote
 */
export async function readCsv(path: string | URL): Promise<Record<string, string>[]> {
  return parseCsv(await textOf(path), String(path))
}

async function textOf(path: string | URL): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'no such file' : `the file cannot be read (${message})`
    const resolved = path instanceof URL ? path.href : resolve(path)
    throw new Error(
      `data: csv('${String(path)}'): ${problem}: ${resolved}\n` +
        `Fix: correct the path. A relative path is resolved against the working directory, ${process.cwd()}; ` +
        `new URL('users.csv', import.meta.url) is resolved against the scenario's file`,
      { cause },
    )
  }
}

/** @param name file name in messages */
export function parseCsv(text: string, name: string): Record<string, string>[] {
  const [header, ...rows] = records(text.replace(/^\uFEFF/, ''), name)
  if (header === undefined)
    throw new Error(`${name}:1: the header line is missing\nFix: begin the file with the column names`)
  const columns = header.fields
  const duplicate = columns.find((column, at) => columns.indexOf(column) !== at)
  if (duplicate !== undefined)
    throw new Error(
      `${name}:${header.line}: the column ${JSON.stringify(duplicate)} appears twice\nFix: give each column its own name`,
    )
  return rows.map(({ line, fields }) => {
    if (fields.length !== columns.length)
      throw new Error(
        `${name}:${line}: ${formatFields(fields.length)}, but the header has ${columns.length}\n` +
          'Fix: give each row as many fields as the header, and quote fields that contain a comma',
      )
    return Object.fromEntries(columns.map((column, at) => [column, fields[at]!]))
  })
}

function formatFields(count: number): string {
  return `${count} ${count === 1 ? 'field' : 'fields'}`
}

interface CsvRecord {
  /** Line of its first character, from 1. */
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
      throw new Error(`${name}:${line}: misplaced quote\nFix: quote the whole field, and double each quote in it`)
    fields.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
    at = SEPARATOR.lastIndex
    if (separator[0] === ',') continue
    if (fields.length > 1 || whole !== '') found.push({ line: firstLine, fields })
    if (separator[0] === '') return found
    fields = []
    firstLine = ++line
  }
}
