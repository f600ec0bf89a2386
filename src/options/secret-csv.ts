import { codeAt, oneOf, release, take } from './found.ts'
import { Masked } from './masked.ts'
import { MAX_NAME_LENGTH, type Name, nameIn, nameOf } from './secret-names.ts'

/** First line of CSV: at least two names. */
interface Header {
  readonly separator: number
  readonly names: readonly Name[]
  /** Whether a sentence may look like it: it is not at the beginning of the text, or a name has a space. */
  readonly isUncertain: boolean
  readonly end: number
}

/** Masks columns of CSV with the name of a secret, below a header on any line. */
export function maskCsv(text: string): string {
  take(text)
  const masked = new Masked(text)
  for (let at = 0; at < text.length;) {
    const header = headerAt(text, at)
    at = header === undefined ? lineAfter(text, at) : maskRows(text, header, masked)
  }
  release()
  return masked.toString()
}

function lineAfter(text: string, from: number): number {
  const at = text.indexOf('\n', from)
  return at < 0 ? text.length : at + 1
}

/** The header on the line that begins at an index, if it has the name of a secret. */
function headerAt(text: string, start: number): Header | undefined {
  let separator = 0
  let end = start
  for (let code = codeAt(end); end < text.length && code !== NEW_LINE; code = codeAt(++end)) {
    if (separator === 0 && isSeparator(code)) separator = code
    else if (code !== separator && !isOfHeader(code)) return undefined
  }
  if (separator === 0 || end === text.length || !hasSecretName(text, start, end, separator)) return undefined
  const cells = text.slice(start, end).trimEnd().split(String.fromCharCode(separator))
  if (cells.length > MAX_COLUMNS || !cells.every(isName)) return undefined
  const names = cells.map((cell) => nameOf(cell.replaceAll('"', '').replaceAll(' ', '-')))
  const isUncertain = start > 0 || cells.some((cell) => cell.includes(' '))
  return { separator, names, isUncertain, end }
}

/** Whether a line has the name of a secret between separators. Few lines without spaces have one. */
function hasSecretName(text: string, from: number, end: number, separator: number): boolean {
  for (let start = from, at = from; at <= end; at++) {
    if (at < end && codeAt(at) !== separator) continue
    if (at === start || at - start > MAX_NAME_LENGTH) return false
    if (nameIn(text, start, at).isSecret) return true
    start = at + 1
  }
  return false
}

const MAX_COLUMNS = 100
const NAME = /^(?:[\w.-]+(?: [\w.-]+){0,4}|"[\w.-]+(?: [\w.-]+){0,4}")$/
const isName = (name: string) => name.length <= MAX_NAME_LENGTH && NAME.test(name)

/** @returns the index of the line after the rows */
function maskRows(text: string, { separator, names, isUncertain, end }: Header, masked: Masked): number {
  for (let at = end + 1; at < text.length;) {
    const { cells, lineEnd } = rowAt(text, at, separator)
    const isRow = cells.length === names.length
    if (isUncertain && !(isRow && cells.every(({ start }) => text.charCodeAt(start) !== BLANK))) return at
    if (isRow) cells.forEach((cell, column) => maskCell(text, names[column]!, cell, masked))
    // The end of a quoted value is missing: then the columns are unknown.
    else if (cells.length > names.length && text.slice(at, lineEnd).includes('"')) masked.mask(at, lineEnd)
    at = lineEnd + 1
  }
  return text.length
}

interface Cell {
  readonly start: number
  readonly end: number
}

/** The cells of the line that begins at an index. A separator in quotation marks does not end a cell. */
function rowAt(text: string, from: number, separator: number): { readonly cells: readonly Cell[]; lineEnd: number } {
  const cells: Cell[] = []
  let start = from
  let at = from
  for (; ; at++) {
    let code = text.charCodeAt(at)
    if (code === QUOTE && at === start) {
      const close = closingQuote(text, at)
      if (close > 0) code = text.charCodeAt((at = close + 1))
    }
    const isEnd = at >= text.length || code === NEW_LINE
    if (!isEnd && code !== separator) continue
    cells.push({ start, end: isEnd && text.charCodeAt(at - 1) === RETURN && at > start ? at - 1 : at })
    if (isEnd) return { cells, lineEnd: at }
    start = at + 1
  }
}

/** The index of the quotation mark that ends a value on the same line, or -1. Two of them are a part of the value. */
function closingQuote(text: string, from: number): number {
  for (let at = from + 1; at < text.length && text.charCodeAt(at) !== NEW_LINE; at++) {
    if (text.charCodeAt(at) !== QUOTE) continue
    if (text.charCodeAt(at + 1) !== QUOTE) return at
    at++
  }
  return -1
}

/** Masks a value, in quotation marks if it is. */
function maskCell(text: string, name: Name, { start, end }: Cell, masked: Masked): void {
  if (!name.isSecret) return
  const isQuoted = end - start >= 2 && text.charCodeAt(start) === QUOTE && text.charCodeAt(end - 1) === QUOTE
  const [from, to] = isQuoted ? [start + 1, end - 1] : [start, end]
  // A column `pass` may count passed tests.
  if (to > from && !(name.kind.isPass && /^\d+$/.test(text.slice(from, to)))) masked.mask(from, to)
}

const isSeparator = oneOf(',;\t')
const isOfHeader = oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-" \r')
const [NEW_LINE, RETURN, QUOTE, BLANK] = [10, 13, 34, 32]
