import { maxHeaderSize } from 'node:http'
import type { HttpParser } from 'autocannon/lib/httpClient.js'
import { formatCount } from '../stats/units.ts'

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
  /** What is too large if the line, with those before it, exceeds the limit. */
  readonly part?: string
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+"
const QUOTED = String.raw`"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"`

/** Any characters except control characters. */
const VALUE = String.raw`[\t\x20-\x7e\x80-\xff]*`
const HEADER_LINE = `${TOKEN}:${VALUE}`
const STATUS_LINE = String.raw`HTTP/(?:1\.[01]|2\.0|0\.9) [1-9]\d\d(?: [^\r\n]*)?`

/** A whole head, from the status line to the last header, each line with its CRLF. */
export const VALID_HEAD = new RegExp(String.raw`^${STATUS_LINE}\r\n(?:${HEADER_LINE}\r\n)*$`)

/** Problem of bytes that do not begin a response. */
export const MALFORMED_STATUS_LINE = 'its status line is malformed'

const HEADER: LineRule = {
  whole: new RegExp(`^(?:${HEADER_LINE})?$`),
  partial: /^(?![ \t])/,
  problem: 'a header line is malformed',
  part: 'its head is',
}

const RULES: Readonly<Record<string, LineRule>> = {
  RESPONSE_LINE: {
    whole: new RegExp(`^(?:${STATUS_LINE})?$`),
    partial: /^(?:$|\r$|H$|HT$|HTT$|HTTP$|HTTP\/)/,
    problem: MALFORMED_STATUS_LINE,
    part: 'its head is',
  },
  HEADER,
  BODY_CHUNKHEAD: {
    whole: new RegExp(`^0*[\\da-fA-F]{1,13}(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`),
    partial: /^[\da-fA-F]*(?:$|[;\r])/,
    problem: 'a chunk size is malformed',
    part: 'a chunk size is',
  },
  BODY_CHUNKEMPTYLINE: { whole: /^$/, partial: /^\r?$/, problem: 'a chunk is longer than its size' },
  BODY_CHUNKTRAILERS: { ...HEADER, problem: 'a trailer line is malformed', part: 'its trailers are' },
}

export const NEW_LINE = 0x0a
export const RETURN = 0x0d
const STATUS_PREFIX = 'HTTP/1.1 200 '.length

/**
 * Replaces a parser's reading of lines with a strict one, which throws errors that `execute` returns. It also limits heads,
 * trailers and chunk sizes to what Node allows.
 */
export function readStrictly(parser: HttpParser): void {
  // The parser's own limit, which each response takes from its class, depends on how the response is split into reads.
  parser.constructor.maxHeaderSize = Number.POSITIVE_INFINITY
  /** Size of the complete lines of the head or the trailers being read. */
  let size = 0
  parser.consumeLine = () => {
    const { chunk, offset, end, state } = parser
    const rule = RULES[state]!
    const at = chunk.indexOf(NEW_LINE, offset)
    const text = parser.line + chunk.toString('latin1', offset, at < 0 ? end : at)
    const isFirst = state !== 'HEADER' && state !== 'BODY_CHUNKTRAILERS'
    const newSize = (isFirst ? 0 : size) + sizeOf(text, state)
    if (newSize >= maxHeaderSize && rule.part !== undefined)
      throw new Error(rule.partial.test(text) ? tooLarge(rule.part) : rule.problem)
    if (at < 0) {
      if (!rule.partial.test(text)) throw new Error(rule.problem)
      parser.line = text
      parser.offset = end
      return undefined
    }
    size = state === 'BODY_CHUNKHEAD' ? 0 : newSize
    parser.line = ''
    parser.offset = at + 1
    // An empty line before the status line is not part of the response (RFC 9112, 2.2).
    if (!text.endsWith('\r') && (text !== '' || state !== 'RESPONSE_LINE'))
      throw new Error('a line does not end with CRLF')
    const line = text.slice(0, -1)
    if (!rule.whole.test(line)) throw new Error(rule.problem)
    return line
  }
}

/** Size of a line, complete or not, as Node counts it: names, values and the reason phrase, without what separates them. */
function sizeOf(text: string, state: string): number {
  const length = text.charCodeAt(text.length - 1) === RETURN ? text.length - 1 : text.length
  if (state === 'RESPONSE_LINE') return Math.max(0, length - STATUS_PREFIX)
  const colon = text.indexOf(':')
  if (colon < 0) return length
  let at = colon + 1
  while (at < length && (text[at] === ' ' || text[at] === '\t')) at++
  return length - (at - colon)
}

function tooLarge(part: string): string {
  return `${part} larger than ${formatCount(maxHeaderSize)} bytes (http.maxHeaderSize)`
}
