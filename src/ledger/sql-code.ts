/** Code of SQL text. */
export interface SqlCode {
  /**
   * Text of the same length, with comments blanked out and constants replaced with apostrophes. Names remain, without `$`
   * and, if they are quoted, without `;`.
   */
  readonly code: string
  /** What is not terminated, so that the rest of the text belongs to it; `undefined` if everything is. */
  readonly unterminated?: string
}

const LETTER = String.raw`A-Za-z_\u0080-\uffff`
const ESCAPED = String.raw`'(?:\\[^]|''|[^'\\])*'`
/** White space between two parts of one constant: with a line break, and with comments. */
const GAP = String.raw`(?:[ \t\f\v]|--[^\n\r]*(?=[\n\r]))*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*`

/**
 * Tokens of Postgres' scanner (`src/backend/parser/scan.l`) that may contain what looks like another token. A comment ends
 * at a carriage return as at a line feed; escapes also apply to the parts of an `E'…'` after a line break; a digit does not
 * continue a name, and a `$` does.
 */
const TOKEN = new RegExp(
  [
    String.raw`--[^\n\r]*`,
    String.raw`\/\*`,
    `[eE]${ESCAPED}(?:${GAP}${ESCAPED})*(?!${GAP}')`,
    `[eE]'`,
    `'(?:''|[^'])*'`,
    `'`,
    `"(?:""|[^"])*"`,
    `"`,
    String.raw`\$\d+`,
    String.raw`\$(?:[${LETTER}][${LETTER}\d]*)?\$`,
    String.raw`0[xX](?:_?[\da-fA-F])+`,
    String.raw`\d+(?:\.\d*)?(?:[eE][+-]?\d+)?`,
    String.raw`[uU]&"(?:""|[^"])*"`,
    String.raw`[${LETTER}][${LETTER}\d$]*`,
  ].join('|'),
  'g',
)

/** Reads SQL as Postgres does with `standard_conforming_strings`. */
export function readCode(sql: string): SqlCode {
  let code = ''
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(sql); match !== null; match = TOKEN.exec(sql)) {
    const [token] = match
    code += sql.slice(code.length, match.index)
    const end = endOf(sql, match.index, token)
    if (end === undefined)
      return { code: code + "'".repeat(sql.length - code.length), unterminated: KINDS[token] ?? DOLLARS }
    const isComment = token.startsWith('--') || token === '/*'
    const isConstant = token.endsWith("'") || (token.startsWith('$') && token.endsWith('$'))
    if (isComment || isConstant) code += (isComment ? ' ' : "'").repeat(end - match.index)
    else code += token.includes('"') ? token.replaceAll(/[;$]/g, '_') : token.replaceAll(/(?<=.)\$/gs, '_')
    TOKEN.lastIndex = end
  }
  return { code: code + sql.slice(code.length) }
}

const DOLLARS = 'dollar-quoted constant'
const KINDS: Readonly<Record<string, string>> = {
  '/*': 'comment',
  "'": 'constant',
  "E'": 'constant',
  "e'": 'constant',
  '"': 'quoted name',
}

/** @returns `undefined` if the token is not terminated */
function endOf(sql: string, start: number, token: string): number | undefined {
  const end = start + token.length
  if (token === '/*') return endOfComment(sql, start)
  if (token in KINDS) return undefined
  if (!token.startsWith('$') || !token.endsWith('$')) return end
  const closing = sql.indexOf(token, end)
  return closing === -1 ? undefined : closing + token.length
}

/** End of a comment; Postgres' comments nest. */
function endOfComment(sql: string, start: number): number | undefined {
  const mark = /\/\*|\*\//g
  mark.lastIndex = start
  let depth = 0
  for (let match = mark.exec(sql); match !== null; match = mark.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return undefined
}
