import { stripVTControlCharacters } from 'node:util'

/** Text of a cell, and the style to apply once it is padded. */
export interface Cell {
  readonly text: string
  readonly align?: 'left' | 'right'
  readonly style?: (text: string) => string
}

/** Width of a text in characters. Wide characters count as one, because scenario names rarely have any. */
function width(text: string): number {
  return stripVTControlCharacters(text).length
}

/** Unstyled text on one line, cut to `max` characters with an ellipsis. */
export function cut(text: string, max: number): string {
  const line = text.replace(/\s*\n\s*/g, ' ')
  return line.length <= max ? line : `${line.slice(0, Math.max(0, max - 1))}…`
}

/** Width of the widest text of every column. */
export function columnWidths(rows: readonly (readonly Cell[])[]): readonly number[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, width(cell.text))))
  return widths
}

/** Cells on one line, padded to the given widths and two spaces apart, without trailing space. */
export function joinCells(row: readonly Cell[], widths: readonly number[]): string {
  const cells = row.map(({ text, align, style = (t) => t }, at) => {
    const fill = ' '.repeat(Math.max(0, (widths[at] ?? 0) - width(text)))
    if (align === 'right') return fill + style(text)
    return style(text) + (at === row.length - 1 ? '' : fill)
  })
  return cells.join('  ')
}

/** Pieces on as few lines of at most `max` characters as possible, two spaces apart. A piece is never broken. */
export function wrapPieces(pieces: readonly string[], max: number): readonly string[] {
  const lines: string[] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    if (last !== undefined && width(last) + 2 + width(piece) <= max) lines[lines.length - 1] = `${last}  ${piece}`
    else lines.push(piece)
  }
  return lines
}

/** Words on lines of at most `max` characters. A longer word is not broken. */
export function wrapWords(text: string, max: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && width(last) + 1 + width(word) <= max) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
