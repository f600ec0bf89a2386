import type { HttpParser } from 'autocannon/lib/httpClient.js'

/**
 * Syntax of the lines of a response, as strict as in Node's parser (llhttp). autocannon's parser skips a header line without
 * a colon, reads `200503` as 200, and reads a chunk size with `parseInt`: it reads a proxy's error page instead of a chunk
 * as the end of the body, so a broken response would count as good.
 */

interface LineRule {
  /** A complete line, without its CRLF. */
  readonly whole: RegExp
  /** The beginning of a line, so that invalid text fails before its line is complete. */
  readonly partial: RegExp
  readonly problem: string
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+"
const QUOTED = String.raw`"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"`

/** Any characters except control characters. */
const VALUE = String.raw`[\t\x20-\x7e\x80-\xff]*`
const HEADER_LINE = `${TOKEN}:${VALUE}`
const STATUS_LINE = String.raw`HTTP/(?:1\.[01]|2\.0|0\.9) [1-9]\d\d(?: [^\r\n]*)?`

/** A whole head, from the status line to the last header, each line with its CRLF. */
export const VALID_HEAD = new RegExp(String.raw`^${STATUS_LINE}\r\n(?:${HEADER_LINE}\r\n)*$`)

const HEADER: LineRule = {
  whole: new RegExp(`^(?:${HEADER_LINE})?$`),
  partial: /^(?![ \t])/,
  problem: 'a header line is malformed',
}

const RULES: Readonly<Record<string, LineRule>> = {
  RESPONSE_LINE: {
    whole: new RegExp(`^(?:${STATUS_LINE})?$`),
    partial: /^(?:$|\r$|H$|HT$|HTT$|HTTP$|HTTP\/)/,
    problem: 'its status line is malformed',
  },
  HEADER,
  BODY_CHUNKHEAD: {
    whole: new RegExp(`^0*[\\da-fA-F]{1,13}(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`),
    partial: /^[\da-fA-F]*(?:$|[;\r])/,
    problem: 'a chunk size is malformed',
  },
  BODY_CHUNKEMPTYLINE: { whole: /^$/, partial: /^\r?$/, problem: 'a chunk is longer than its size' },
  BODY_CHUNKTRAILERS: { ...HEADER, problem: 'a trailer line is malformed' },
}

const NEW_LINE = 0x0a

/** Replaces a parser's reading of lines with a strict one, which throws errors that `execute` returns. */
export function readStrictly(parser: HttpParser): void {
  parser.consumeLine = consumeStrictLine
}

function consumeStrictLine(this: HttpParser): string | undefined {
  const { chunk, offset, end, state } = this
  const rule = RULES[state]!
  const at = chunk.indexOf(NEW_LINE, offset)
  const text = this.line + chunk.toString('latin1', offset, at < 0 ? end : at)
  if (at < 0) {
    if (!rule.partial.test(text)) throw new Error(rule.problem)
    this.line = text
    this.offset = end
    return undefined
  }
  this.line = ''
  this.offset = at + 1
  // An empty line before the status line is not part of the response (RFC 9112, 2.2).
  if (!text.endsWith('\r') && (text !== '' || state !== 'RESPONSE_LINE'))
    throw new Error('a line does not end with CRLF')
  const line = text.slice(0, -1)
  if (!rule.whole.test(line)) throw new Error(rule.problem)
  return line
}
