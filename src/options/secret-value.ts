import { after, codeAt, endOfLine, type Found, lastBefore, none, oneOf, Search, searchOf, SPACE } from './found.ts'
import type { Name } from './secret-names.ts'
import { looksChosen } from './secret-words.ts'
import { isMessage, isState, looksRandom } from './sentence.ts'
import { content, isShorthand, joinedLiterals, list, quotedAt } from './value-enclosed.ts'
import { assigned, ASSIGNED, clause } from './value-unquoted.ts'

// Patterns are created once: a literal in a function is created with every call.
const NEXT_LINE = /\r?\n[ \t]+(?:string\(\d{1,9}\) )?(?=\\*["'`])/y
/** What `util.inspect()` shows before the content of a set, a typed array or an instance of a class. */
const COLLECTION = /(?:[A-Z]\w{0,40}(?:\(\d{1,9}\))? |\[Object: null prototype\] )(?=[[{])/y
/** Names in {@link COLLECTION} that are certainly not the secret. */
const BUILT_IN =
  /(?:\w+\(\d{1,9}\)|\[Object: null prototype\]|(?:Array|Map|Set|WeakMap|WeakSet|Object|Headers|FormData|URLSearchParams|URL|Blob|File|Promise|ArrayBuffer|Module) )/y
const BRACKET = new Search((text, from) => {
  let at = from
  while (at < text.length && !isOpening(codeAt(at))) at++
  return at
})
const BRACES = /\{(?:[^{}\n]|\}\})*\}(?=;|\s|["']|$)/y
const QUOTE_ENTITY = /&(?:quot|apos|#0{0,4}3[49]|#x0{0,4}2[27]);/iy
/** Lines below a name in YAML, each with one word or an item of a list. */
const LINES_BELOW = /(?:\r?\n[ \t]+(?:- )?["']?[^\s"':]{6,512}["']?[ \t]*(?=[\r\n]|$))+/y
/** The first line of base64, without indentation. */
const ENCODED_BELOW = /\r?\n(?=[\w+/-]{40,512}={0,2}[ \t]*(?:[\r\n]|$))/y
const SIGN = /\s{0,8}[:=]/y
const SPACES = /\s*/y
/** `|`, `>-` or `|2` in YAML, after a tag or an anchor and before a comment. */
const BLOCK_START = /(?:[!&][^\s|>]{1,60} {1,8}){0,2}[|>][\d+-]{0,2}[ \t]{0,8}(?:#[^\n\r]{0,200})?(?=\r?\n)/y
/** The indented lines below, which empty lines may separate. */
const BLOCK = /(?:(?:\r?\n)+[ \t]+[^\n\r]*)*/y
const JSON_NUMBER = /\d{1,40}(?=\s{0,8}[,}\]])/y
const SCHEME = /(?:bearer|basic|digest|negotiate|token|apikey|aws4-hmac-sha256)\s/iy
const FOLDED_SCHEME = /(?:bearer|basic|digest|negotiate|token|apikey)[ \t]*\r?\n[ \t]+/iy
const CLOSING_QUOTE = /["'`](?:[\s,)\]}]|$)/my

export interface ValuePlace {
  readonly name: Name
  readonly at: number
  /** `:`, `=` or `,`. */
  readonly separator: string
  /** The character before the name, e.g. a quotation mark. */
  readonly opening: string | undefined
  /** Index of the name if the value directly follows it. */
  readonly nameStart?: number
}

/** Values that are not secret. */
const HARMLESS =
  /(?:true|false|null|undefined|None|nil|NaN|YES|NO|\[Function|\[object|\*\*\*|<[a-z][a-z -]{0,40}>)(?![\w-])/y

const NUMBER = /\d{1,12}(?![\w.])/y
/** Number of passed tests; a longer number may be a password. */
const PASSED = /\d{1,3}(?![\w.])/y

/** `3 of 400 clients`, `2 failed`, `30m timeout` */
const COUNT =
  /\d{1,6}(?:\.\d{1,6})?(?:ms|[smhd]) (?:timeout|ttl|old|left|ago)\b|\d{1,12} (?:of \d{1,12}(?![\w.])|(?:added|changed|expired|failed|found|invalid|loaded|masked|missing|registered|rejected|removed|set|sent)\b)/y

/** Beginning of a rule about a header, but never of a header's value. */
const RULE = /(?:header )?(?:must (?:be|have|not)|cannot be|(?:is )?(?:required|missing)\b|is not|unknown option)\b/y

export function readValue(text: string, place: ValuePlace): Found | undefined {
  const found = valueAt(text, place)
  if (found === undefined || found.end === found.start || place.separator !== ':' || place.nameStart === undefined)
    return found
  const end = endOfContinued(text, found.end, place.nameStart)
  return end === found.end ? found : { start: found.start, end, next: end }
}

/** The end of a value in YAML or a header, which continues on lines below that are indented more than its name. */
function endOfContinued(text: string, end: number, nameStart: number): number {
  if (!isLineEnd(codeAt(end))) return end
  let lineStart = nameStart
  while (lineStart > nameStart - MAX_INDENT && beginsLine(codeAt(lineStart - 1))) lineStart--
  if (lineStart > 0 && codeAt(lineStart - 1) !== NEW_LINE) return end
  const indent = nameStart - lineStart
  let last = end
  for (;;) {
    const line = after(text, CONTINUED, last)
    if (line < 0 || line - after(text, LINE_BREAK, last) <= indent) return last
    last = endOfLine(text, line)
  }
}

const MAX_INDENT = 80
/** White space, a quotation mark, and the sign of an item of a list. */
const beginsLine = oneOf(` \t"'-`)
const LINE_BREAK = /\r?\n/y
/** Beginning of a line, except another field, an item of a list, and a place in a stack. */
const CONTINUED = /\r?\n[ \t]{1,80}(?!at |- |["']?[\w.-]{1,80}["']?\s{0,8}[:=])(?=[^\s{}[\]])/y

function valueAt(text: string, place: ValuePlace): Found | undefined {
  const { name, separator, opening } = place
  const at = separator === ',' ? after(text, SPACES, place.at) : startOfValue(text, place.at)
  const next = text[at]
  if (next === undefined) return none(at)
  const block = separator === ':' && mayBeBlock(codeAt(at)) ? after(text, BLOCK_START, at) : -1
  if (block >= 0) return { start: at, end: after(text, BLOCK, block), next: at }
  const harmless = mayBeHarmless(codeAt(at)) ? after(text, HARMLESS, at) : -1
  // `password=null;x` is a password.
  if (harmless >= 0 && !(separator === '=' && codeAt(harmless) === SEMICOLON && ASSIGNED.from(text, at) > harmless))
    return none(at)
  if (next >= '0' && next <= '9') {
    if (after(text, COUNT, at) >= 0) return none(at)
    if ((name.kind.isPass || name.kind.isTokens) && after(text, name.kind.isTokens ? NUMBER : PASSED, at) >= 0)
      return none(at)
    // In JSON, the next field may follow without a space.
    const number = separator === ':' ? after(text, JSON_NUMBER, at) : -1
    if (number >= 0) return { start: at, end: number, next: number }
  }
  const within = mayBeCollection(codeAt(at)) && BRACKET.from(text, at) < at + 80 ? after(text, COLLECTION, at) : -1
  if (within >= 0) {
    const found = text[within] === '[' ? list(text, within) : content(text, within)
    if (after(text, BUILT_IN, at) >= 0) return found
    // A class of the application, or a secret before other data: the word is masked with the content.
    const end = Math.max(found.end, within - 1)
    return { start: at, end, next: Math.max(found.next, end) }
  }
  const entity = next === '&' ? after(text, QUOTE_ENTITY, at) : -1
  const inEntities = entity < 0 ? undefined : upToEntity(text, entity, text.slice(at, entity))
  if (inEntities !== undefined) return inEntities
  const quoted = isOrdinary(codeAt(at)) ? undefined : quotedAt(text, at)
  if (quoted !== undefined) {
    if (isMessage(text, quoted.start, quoted.end)) return none(quoted.start)
    return separator === '=' ? joinedLiterals(text, at, quoted) : quoted
  }
  if (next === '[') return list(text, at)
  // `PWD={a;b}` of ODBC.
  const braces = next === '{' && separator === '=' && text[at - 1] === '=' ? after(text, BRACES, at) : -1
  if (braces >= 0) return { start: at, end: braces, next: braces }
  if (next === '{') return isShorthand(text, at) ? none(at) : content(text, at)
  if (next === '(') return { start: at + 1, end: lastBefore(text, ')', at + 1), next: at }
  if (next === '\n' || next === '\r') return separator === ':' ? linesBelow(text, name, at) : none(at)
  const first = codeAt(at)
  const isHeader = name.kind.isHeader || (mayBeScheme(first) && after(text, SCHEME, at) >= 0)
  if (isHeader && !(mayBeRule(first) && after(text, RULE, at) >= 0)) return headerValue(text, at, opening)
  return separator === '=' && text[place.at] !== ' ' ? assigned(text, at) : clause(text, name, at)
}

/** The text up to a closing quotation mark as an entity; undefined if it is the name of another value. */
function upToEntity(text: string, start: number, quote: string): Found | undefined {
  const found = upTo(text, start, quote)
  return after(text, SIGN, found.end + quote.length) < 0 ? found : undefined
}

/** `password:` and the value on the next line, if it looks like one. */
function linesBelow(text: string, name: Name, at: number): Found {
  const encoded = after(text, ENCODED_BELOW, at)
  if (encoded >= 0) return { start: encoded, end: endOfLine(text, encoded), next: encoded }
  const end = after(text, LINES_BELOW, at)
  if (end < 0) return none(at)
  const [first = ''] = /[^\s"'-][^\s"']*/.exec(text.slice(at, Math.min(end, at + 600))) ?? []
  const start = text.indexOf(first, at)
  const isValue = looksRandom(first) || (name.kind.isOfValue && looksChosen(first, true) && !isState(first))
  return isValue ? { start, end, next: end } : none(at)
}

/** Index after blanks; on the next line if that begins with a quotation mark. */
function startOfValue(text: string, from: number): number {
  let at = from
  while (isBlank(codeAt(at))) at++
  if (!isLineEnd(codeAt(at))) return at
  const quote = after(text, NEXT_LINE, at)
  return quote < 0 ? at : quote
}

const isBlank = (code: number) => code === 32 || code === 9
const isLineEnd = oneOf('\n\r')

/** White space, quotation marks and the backslash, which may precede one. */
const isSpecial = oneOf(`${SPACE}"'\`\\`)
const isOrdinary = (code: number) => !isSpecial(code)
const isOpening = oneOf('[{')
const mayBeScheme = oneOf('abdntABDNT')
const mayBeCollection = oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZ[')
const mayBeRule = oneOf('hmciru')
const mayBeBlock = oneOf('|>!&')
const mayBeHarmless = oneOf('tfnuNY[*<')
const SEMICOLON = 59

function upTo(text: string, start: number, character: string): Found {
  const at = text.indexOf(character, start)
  const end = at < 0 ? text.length : at
  return { start, end, next: end }
}

/** A header's value, which may contain spaces, quotes and semicolons: to the end of the line, or of the string around it. */
function headerValue(text: string, start: number, opening: string | undefined): Found {
  const scheme = mayBeScheme(codeAt(start)) ? after(text, FOLDED_SCHEME, start) : -1
  const line = endOfLine(text, Math.max(scheme, start))
  const quote = (opening === undefined ? undefined : QUOTES.get(opening)) ?? CLOSING
  const end = Math.min(quote.from(text, start), line)
  return isMessage(text, start, end) && SIGN_IN_HEADER.from(text, start) >= end ? none(end) : { start, end, next: end }
}

const SIGN_IN_HEADER = searchOf('=')
const QUOTES: ReadonlyMap<string, Search> = new Map(['"', "'", '`'].map((quote) => [quote, searchOf(quote)]))

/** The next quotation mark on the line if it is a closing one, else the end of the text. */
const CLOSING = new Search((text, from) => {
  let at = from
  while (at < text.length && !stopsHeader(codeAt(at))) at++
  return after(text, CLOSING_QUOTE, at) >= 0 ? at : text.length
})

const stopsHeader = oneOf(`"'\`\n\r`)

const NEW_LINE = 10
