import { placeIn, type TextFile } from './text-file.ts'

/** How a CSV file is read. */
export interface CsvFormat {
  /** Character between fields; `undefined` to detect it. */
  readonly delimiter?: string | undefined
  /** Whether no two rows may be equal. */
  readonly isUnique?: boolean | undefined
}

type Row = Record<string, string>

/** Delimiters of spreadsheets, in the order in which they are preferred. */
const DELIMITERS = [
  { delimiter: ',', plural: 'commas' },
  { delimiter: ';', plural: 'semicolons' },
  { delimiter: '\t', plural: 'tabs' },
] as const

/**
 * Rows of a CSV file (RFC 4180) by the column names in its first line, as spreadsheets write it: fields may be quoted, with
 * spaces around the quotes; lines end with CR, LF or both; empty rows and unnamed empty columns at the end are skipped; a
 * line `sep=;` at the beginning names the delimiter. Otherwise, the delimiter is the one with which all rows have as many
 * fields as the header.
 *
 * @throws {Error} with file, line and column: for a missing header, an empty or duplicate column name, a row of another
 *   length, a misplaced quote, an equal row under `isUnique`, or if more than one delimiter is possible
 */
export function parseCsv(file: TextFile, { delimiter, isUnique = false }: CsvFormat = {}): Row[] {
  const [line, declared] = /^"?sep=([^"\r\n])"?(?:\r\n|\r|\n|$)/i.exec(file.text) ?? ['']
  const start = line.length
  const given = delimiter ?? declared
  return toRows(given === undefined ? detected(file, start) : readTable(file, start, given), file, isUnique)
}

/** The table as the only delimiter of its header that fits all rows divides it. */
function detected(file: TextFile, start: number): Table {
  const header = firstLine(file.text.slice(start, start + LONGEST_HEADER))
  const used = DELIMITERS.filter(({ delimiter }) => header.includes(delimiter))
  const tables: Table[] = []
  const fitting: (typeof DELIMITERS)[number][] = []
  let problem: unknown
  for (const each of used.toSorted((a, b) => countOf(header, b.delimiter) - countOf(header, a.delimiter)))
    try {
      tables.push(readTable(file, start, each.delimiter))
      fitting.push(each)
    } catch (error) {
      problem ??= error
    }
  if (fitting.length > 1)
    throw new Error(
      `${placeIn(file, start)}: the fields may be separated by ${fitting.map(({ plural }) => plural).join(' or ')}\n` +
        `Fix: name the delimiter, as in delimiter: ${JSON.stringify(fitting[0]!.delimiter)}`,
    )
  if (tables.length > 0) return tables[0]!
  if (problem !== undefined) throw problem
  return readTable(file, start, ',')
}

/** Characters in which the end of the header is looked for. */
const LONGEST_HEADER = 65_536

/** The header without its quoted parts. */
function firstLine(text: string): string {
  return /[^\r\n]+/.exec(text.replaceAll(/"[^"]*"/g, ''))?.[0] ?? ''
}

function countOf(text: string, character: string): number {
  return text.split(character).length - 1
}

interface Table {
  readonly columns: readonly string[]
  readonly records: readonly CsvRecord[]
}

interface CsvRecord {
  /** Offset of its first character. */
  readonly at: number
  readonly fields: readonly string[]
}

/** @throws {Error} naming the first mistake */
function readTable(file: TextFile, start: number, delimiter: string): Table {
  const records = recordsOf(file, start, delimiter)
  const header = records.next().value
  if (header === undefined)
    throw new Error(`${placeIn(file, start)}: the header line is missing\nFix: begin the file with the column names`)
  const columns = columnNames(header, file)
  const width = header.fields.length
  const kept: CsvRecord[] = []
  for (const record of records) {
    checkFields(record, { columns, width, delimiter }, file)
    kept.push(record)
  }
  return { columns, records: kept }
}

/** Column names, without the unnamed columns at the end. */
function columnNames({ fields, offsets }: ReadRecord, file: TextFile): readonly string[] {
  const names = fields.map((name) => name.trim())
  const columns = names.slice(0, names.findLastIndex((name) => name !== '') + 1)
  for (const [at, column] of columns.entries()) {
    if (column === '')
      throw new Error(
        `${placeIn(file, offsets[at]!)}: column ${at + 1} has no name\nFix: name each column in the first line`,
      )
    if (columns.indexOf(column) < at)
      throw new Error(
        `${placeIn(file, offsets[at]!)}: the column ${JSON.stringify(column)} appears twice\nFix: give each column its own name`,
      )
  }
  return columns
}

function checkFields(
  { fields, offsets, end }: ReadRecord,
  {
    columns,
    width,
    delimiter,
  }: { readonly columns: readonly string[]; readonly width: number; readonly delimiter: string },
  file: TextFile,
): void {
  if (fields.length !== width)
    throw new Error(
      `${placeIn(file, offsets[width] ?? end)}: ${formatFields(fields.length)}, but the header has ${width}\n` +
        `Fix: give each row as many fields as the header, and quote fields that contain ${describeDelimiter(delimiter)}`,
    )
  const unnamed = fields.findIndex((field, at) => at >= columns.length && field !== '')
  if (unnamed >= 0)
    throw new Error(
      `${placeIn(file, offsets[unnamed]!)}: a value in column ${unnamed + 1}, which has no name\n` +
        'Fix: name the column in the first line, or remove the value',
    )
}

function describeDelimiter(delimiter: string): string {
  if (delimiter === '\t') return 'a tab'
  if (delimiter === ',') return 'a comma'
  return delimiter === ';' ? 'a semicolon' : JSON.stringify(delimiter)
}

function formatFields(count: number): string {
  return `${count} ${count === 1 ? 'field' : 'fields'}`
}

function toRows({ columns, records }: Table, file: TextFile, isUnique: boolean): Row[] {
  const places = new Map<string, number>()
  return records.map(({ at, fields }) => {
    if (isUnique) {
      const key = JSON.stringify(fields)
      const earlier = places.get(key)
      if (earlier !== undefined)
        throw new Error(
          `${placeIn(file, at)}: the same row as ${placeIn(file, earlier)}, but rows must be unique\n` +
            'Fix: remove one of them, or the option unique',
        )
      places.set(key, at)
    }
    return Object.fromEntries(columns.map((column, index) => [column, fields[index]!]))
  })
}

interface ReadRecord extends CsvRecord {
  /** Offset of each field. */
  readonly offsets: readonly number[]
  /** Offset of its end. */
  readonly end: number
}

/** Records that are not empty. A spreadsheet writes an empty row as delimiters only. */
function* recordsOf(file: TextFile, start: number, delimiter: string): Generator<ReadRecord, undefined> {
  const { text } = file
  const spaces = delimiter === '\t' ? / */y : /[ \t]*/y
  const plain = new RegExp(`[^"\\r\\n\\u{${delimiter.codePointAt(0)!.toString(16)}}]*`, 'uy')
  const skip = (pattern: RegExp, from: number) => {
    pattern.lastIndex = from
    pattern.test(text)
    return pattern.lastIndex
  }
  let fields: string[] = []
  let offsets: number[] = []
  let isEmpty = true
  for (let at = start, first = start; ;) {
    offsets.push(at)
    const quote = skip(spaces, at)
    if (text[quote] === '"') {
      const close = closingQuote(text, quote)
      if (close < 0) throw misplacedQuote(file, quote)
      fields.push(text.slice(quote + 1, close).replaceAll('""', '"'))
      at = skip(spaces, close + 1)
      isEmpty = false
    } else {
      const end = skip(plain, at)
      fields.push(text.slice(at, end))
      isEmpty &&= end === at
      at = end
    }
    if (text.startsWith(delimiter, at)) {
      at += delimiter.length
      continue
    }
    if (at < text.length && text[at] !== '\r' && text[at] !== '\n') throw misplacedQuote(file, at)
    if (!isEmpty) yield { at: first, fields, offsets, end: at }
    if (at >= text.length) return
    at += text.startsWith('\r\n', at) ? 2 : 1
    first = at
    fields = []
    offsets = []
    isEmpty = true
  }
}

/** Offset of the quote that closes a field; -1 if there is none. Doubled quotes are part of the field. */
function closingQuote(text: string, quote: number): number {
  for (let at = text.indexOf('"', quote + 1); at >= 0; at = text.indexOf('"', at + 2))
    if (text[at + 1] !== '"') return at
  return -1
}

function misplacedQuote(file: TextFile, offset: number): Error {
  return new Error(`${placeIn(file, offset)}: misplaced quote\nFix: quote the whole field, and double each quote in it`)
}
