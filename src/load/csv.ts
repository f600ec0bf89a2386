import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

/**
 * Rows of a CSV file (RFC 4180) by the column names in its first line. Fields may be quoted, quotes in them are doubled, and
 * quoted fields may contain line breaks. Empty lines are skipped. The encoding is UTF-8, or UTF-16 with a byte order mark.
 *
 * @param isUnique whether no two rows may be equal
 * @throws {Error} with the absolute path, if the file cannot be read; with file and line, for a missing header, a duplicate
 *   column, a row of another length, a misplaced quote, a duplicate row, or another encoding
 */
export async function readCsv(path: string | URL, isUnique = false): Promise<Record<string, string>[]> {
  return parseCsv(decode(await bytesOf(path), String(path)), String(path), isUnique)
}

async function bytesOf(path: string | URL): Promise<Buffer> {
  try {
    return await readFile(path)
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

/** @throws {Error} with file and line, for bytes that are not text in UTF-8, or in UTF-16 with a byte order mark */
function decode(bytes: Buffer, name: string): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  const fix = (encoding: string) => `Fix: convert it: iconv -f ${encoding} -t UTF-8 ${name} > utf-8.csv`
  if (bytes.includes(0))
    throw new Error(
      `${name}:${lineAt(bytes, bytes.indexOf(0))}: a zero byte, so the file is not UTF-8 but probably UTF-16 without a byte order mark\n${fix('UTF-16LE')}`,
    )
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new Error(
    `${name}:${lineOfOtherEncoding(bytes)}: the line is not UTF-8 but probably Latin-1 (Windows-1252)\n${fix('WINDOWS-1252')}`,
  )
}

function lineAt(bytes: Buffer, offset: number): number {
  return bytes.subarray(0, offset).filter((byte) => byte === NEWLINE).length + 1
}

/** No character of several bytes contains a line feed, so each line is checked alone. */
function lineOfOtherEncoding(bytes: Buffer): number {
  let line = 1
  for (let from = 0; ; line++) {
    const to = bytes.indexOf(NEWLINE, from)
    if (to < 0 || !isUtf8(bytes.subarray(from, to))) return line
    from = to + 1
  }
}

const NEWLINE = 0x0a

/**
 * @param name file name in messages
 * @param isUnique whether no two rows may be equal
 */
export function parseCsv(text: string, name: string, isUnique = false): Record<string, string>[] {
  const [header, ...rows] = records(text.replace(/^\uFEFF/, ''), name)
  if (header === undefined)
    throw new Error(`${name}:1: the header line is missing\nFix: begin the file with the column names`)
  const columns = header.fields
  const duplicate = columns.find((column, at) => columns.indexOf(column) !== at)
  if (duplicate !== undefined)
    throw new Error(
      `${name}:${header.line}: the column ${JSON.stringify(duplicate)} appears twice\nFix: give each column its own name`,
    )
  const lines = new Map<string, number>()
  return rows.map(({ line, fields }) => {
    if (fields.length !== columns.length)
      throw new Error(
        `${name}:${line}: ${formatFields(fields.length)}, but the header has ${columns.length}\n` +
          'Fix: give each row as many fields as the header, and quote fields that contain a comma',
      )
    if (isUnique) {
      const key = JSON.stringify(fields)
      const earlier = lines.get(key)
      if (earlier !== undefined)
        throw new Error(
          `${name}:${line}: the same row as in line ${earlier}, but each VU needs its own\n` +
            'Fix: remove one of them, or the option unique',
        )
      lines.set(key, line)
    }
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
