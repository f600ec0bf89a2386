/** Width and height of a character cell, in units of the picture. */
const CELL = { width: 8.4, height: 19 } as const
const MARGIN = 18
const FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace'

/** Colours on the dark ground, by SGR code. */
const COLOURS: Readonly<Record<number, string>> = {
  30: '#0d1117',
  31: '#ff7b72',
  32: '#56d364',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#56d4dd',
  90: '#8b949e',
}
const GROUND = '#0d1117'
const TEXT = '#e6edf3'

interface Piece {
  readonly text: string
  readonly column: number
  readonly colour: string
  readonly isBold: boolean
  readonly isDim: boolean
}

/**
 * Lines of a terminal, with their SGR sequences, as an SVG picture. Each piece of text has the width of its cells, so that
 * columns are aligned in every font.
 */
export function terminalSvg(lines: readonly string[], title: string): string {
  const rows = lines.map(piecesOf)
  const columns = Math.max(...rows.map((pieces) => Math.max(0, ...pieces.map((one) => one.column + one.text.length))))
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN)
  const height = lines.length * CELL.height + 2 * MARGIN
  const texts = rows.flatMap((pieces, row) => pieces.map((one) => textOf(one, row)))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<title>${escape(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${GROUND}"/>
<g font-family="${FONT}" font-size="14">
${texts.join('\n')}
</g>
</svg>
`
}

function textOf({ text, column, colour, isBold, isDim }: Piece, row: number): string {
  const x = (MARGIN + column * CELL.width).toFixed(1)
  const y = MARGIN + row * CELL.height + 14
  const length = (text.length * CELL.width).toFixed(1)
  const style = `${isBold ? ' font-weight="bold"' : ''}${isDim ? ' opacity="0.65"' : ''}`
  return `<text x="${x}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs" fill="${colour}"${style}>${escape(text)}</text>`
}

/** Pieces of one style, without the spaces around them. Two spaces separate pieces, because SVG collapses them. */
function piecesOf(line: string): readonly Piece[] {
  const pieces: Piece[] = []
  let column = 0
  let colour = TEXT
  let isBold = false
  let isDim = false
  // oxlint-disable-next-line no-control-regex -- SGR sequences begin with an escape character
  for (const [, code, text] of line.matchAll(/\u001B\[([\d;]*)m|([^\u001B]+)/g)) {
    if (text !== undefined) {
      for (const { 0: part, index } of text.matchAll(/\S+(?: \S+)*/g))
        pieces.push({ text: part, column: column + index, colour, isBold, isDim })
      column += text.length
      continue
    }
    for (const value of code!.split(';').map(Number)) {
      if (value === 0 || value === 22) isBold = isDim = false
      if (value === 0 || value === 39) colour = TEXT
      if (value === 1) isBold = true
      if (value === 2) isDim = true
      colour = COLOURS[value] ?? colour
    }
  }
  return pieces
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
