import { MASK } from './found.ts'
import { isSecretName } from './secret-names.ts'

const BORDER = '│'

/**
 * Masks cells in tables of `console.table()`: in columns with the name of a secret, and in rows whose index or key is one.
 */
export function maskTables(text: string): string {
  if (!text.includes(BORDER)) return text
  let header: readonly string[] | undefined
  let isHeader = false
  return text
    .split('\n')
    .map((line) => {
      const start = line.trimStart()
      if (start.startsWith('┌')) isHeader = true
      if (!start.startsWith(BORDER)) return line
      const cells = cellsOf(line)
      if (isHeader || header === undefined) {
        header = cells.map((cell) => cell.trim())
        isHeader = false
        return line
      }
      const masked = maskedCells(header, cells)
      return masked === cells ? line : [line.slice(0, line.indexOf(BORDER)), ...masked, ''].join(BORDER)
    })
    .join('\n')
}

/** The cells between the borders of a row. */
function cellsOf(line: string): readonly string[] {
  return line.split(BORDER).slice(1, -1)
}

function maskedCells(header: readonly string[], cells: readonly string[]): readonly string[] {
  const secret = header.map((name, at) => at > 0 && isSecretName(name))
  // A value may contain the sign of a border: then its columns are unknown.
  if (cells.length !== header.length) return secret.includes(true) ? cells.map(maskedCell) : cells
  const [index = '', key = ''] = cells.map((cell) => cell.trim().replaceAll(/^'|'$/g, ''))
  const isSecretRow = isSecretName(index) || (header[1] === 'Key' && isSecretName(key))
  if (!isSecretRow && !secret.includes(true)) return cells
  const first = header[1] === 'Key' ? 2 : 1
  return cells.map((cell, at) => (secret[at] || (isSecretRow && at >= first) ? maskedCell(cell) : cell))
}

/** The mask, in the width of the cell. Empty cells are kept. */
function maskedCell(cell: string): string {
  return cell.trim() === '' ? cell : ` ${MASK} `.padEnd(cell.length)
}

/** First line of CSV: at least two names, without spaces. */
const CSV_HEADER = /^("?)[\w.-]{1,80}\1(?:([,;\t])\1[\w.-]{1,80}\1)(?:\2\1[\w.-]{1,80}\1){0,99}(?=\n)/
const MAX_HEADER = 2000

/** Masks columns of CSV with the name of a secret, if its header is the first line of the text. */
export function maskCsv(text: string): string {
  const [header, , separator] = CSV_HEADER.exec(text.slice(0, MAX_HEADER)) ?? []
  if (header === undefined || separator === undefined) return text
  const secret = header.split(separator).map((name) => isSecretName(name.replaceAll(/^"|"$/g, '')))
  if (!secret.includes(true)) return text
  const [, ...rows] = text.slice(header.length).split('\n')
  const masked = rows.map((row) => {
    const cells = row.split(separator)
    // A quoted value may contain the separator: then its columns are unknown.
    if (cells.length === secret.length)
      return cells.map((cell, at) => (secret[at] ? maskedValue(cell) : cell)).join(separator)
    return cells.length > secret.length && row.includes('"') ? MASK : row
  })
  return [header, ...masked].join('\n')
}

/** The mask, in quotation marks if the value is. */
function maskedValue(cell: string): string {
  return cell.replace(/^("?).+?("?)$/, `$1${MASK}$2`)
}
