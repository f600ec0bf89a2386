import { after, endOfLine, lastBefore, lookAhead, nextOf, none, oneOf, SPACE, type Found } from './found.ts'
import { isMessage, isState, looksRandom } from './sentence.ts'

// Patterns are made once: a literal within a function is made with every call.
const BEFORE_VALUE = /[ \t]*(?:\r?\n[ \t]+(?=\\*["'`]))?/y
const SPACES = /\s*/y
const BLOCK_START = /[|>][+-]?\r?\n/y
const BLOCK = /[|>][+-]?(?:\r?\n[ \t]+[^\n\r]*)*/y
const MANY_TOKENS = /tokens$/i
const JSON_NUMBER = /\d{1,40}(?=\s{0,8}[,}\]])/y
const HELD_IN_OBJECT = /cookies?$|credentials?$|secrets?$|tokens?$/i
const SCHEME = /(?:bearer|basic|digest|negotiate|token|apikey|aws4-hmac-sha256)\s/iy
const BETWEEN_ITEMS = /[\s,]*/y
const REST_OF_LIST = /[^\]\n]*/y
const WORD = /\S*/y
const FOLDED_SCHEME = /(?:bearer|basic|digest|negotiate|token|apikey)[ \t]*\r?\n[ \t]+/iy
const CLOSING_QUOTE = /["'`](?:[\s,)\]}]|$)/my
const NO_SEPARATOR = /.(?!\s|$|[\w-]{1,40}=)/sy
const PASS = /^pass$/i
const TWO_WORDS = /[^\s,;]{1,80}[ ,;]+\S/y

export interface ValuePlace {
  readonly name: string
  readonly at: number
  /** `:`, `=` or `,`. */
  readonly separator: string
  /** The character before the name: a quote that it stands in, for instance. */
  readonly opening: string | undefined
}

export const QUOTED = /\\*["'`]/y
const HEADER = /^(?:proxy-)?authorization$|^(?:set-)?cookie2?$/i

/** Values that give nothing away. */
const HARMLESS = /(?:true|false|null|undefined|None|nil|NaN|\[Function|\[object|\*\*\*)(?![\w-])|\*\*\*/y
/** How a sentence about a value begins. */
const SENTENCE =
  /(?:must|is|was|are|has|had|should|cannot|can't|can|could|does|did|may|not|no|missing|required|invalid|unknown|expected|expects|found|failed|failure|expired|rejected|refused|denied|wrong|malformed|empty|nothing|timed|timeout|connect|received|needs|only|unexpected|unsupported|unauthorized|forbidden|incorrect|too|an?|the|exactly|status|error)\b/iy

/** Names of counts: of tests that pass, of tokens that a model may use. */
const COUNTED = /^pass$|tokens$/i
const NUMBER = /\d{1,12}(?![\w.])/y
/** What is longer may be a password. */
const PASSED = /\d{1,3}(?![\w.])/y

/** How a rule about a header begins: no value of one does. */
const RULE = /(?:header )?(?:must (?:be|have|not)|cannot be|(?:is )?(?:required|missing)\b|is not|unknown option)\b/y

export function readValue(text: string, place: ValuePlace): Found | undefined {
  const { name, separator, opening } = place
  let at = place.at
  if (!isOrdinary(text.charCodeAt(at))) at = after(text, separator === ',' ? SPACES : BEFORE_VALUE, at)
  const next = text[at]
  if (next === undefined) return none(at)
  const block = separator === ':' && (next === '|' || next === '>') ? after(text, BLOCK_START, at) : -1
  if (block >= 0) return { start: at, end: after(text, BLOCK, at), next: at }
  if (mayBeHarmless(text.charCodeAt(at)) && after(text, HARMLESS, at) >= 0) return none(at)
  if (next >= '0' && next <= '9') {
    if (COUNTED.test(name) && after(text, MANY_TOKENS.test(name) ? NUMBER : PASSED, at) >= 0) return none(at)
    // The next field of JSON follows without a space.
    const number = separator === ':' ? after(text, JSON_NUMBER, at) : -1
    if (number >= 0) return { start: at, end: number, next: number }
  }
  const quoted = isOrdinary(text.charCodeAt(at)) ? undefined : quotedAt(text, at)
  if (quoted !== undefined) return isMessage(text.slice(quoted.start, quoted.end)) ? none(quoted.start) : quoted
  if (next === '[') return list(text, at)
  if (next === '{') return HELD_IN_OBJECT.test(name) ? upTo(text, at + 1, '}') : none(at)
  if (next === '(') return { start: at + 1, end: lastBefore(text, ')', at + 1), next: at }
  if (next === '\n' || next === '\r') return none(at)
  const isHeader = HEADER.test(name) || (mayBeScheme(text.charCodeAt(at)) && after(text, SCHEME, at) >= 0)
  if (isHeader && after(text, RULE, at) < 0) return headerValue(text, at, opening)
  return separator === '=' && text[place.at] !== ' ' ? assigned(text, at) : clause(text, name, at)
}

/** Neither white space, nor a quotation mark or what may stand before one. */
const isSpecial = oneOf(`${SPACE}"'\`\\`)
const isOrdinary = (code: number) => !isSpecial(code)
const mayBeScheme = oneOf('abdntABDNT')
const mayBeHarmless = oneOf('tfnuN[*')

/** A string literal from its first character to its last, in JSON within JSON as well. */
function quotedAt(text: string, at: number): Found | undefined {
  const start = after(text, QUOTED, at)
  if (start < 0) return undefined
  const quote = text[start - 1]!
  const level = start - 1 - at
  const limit = quote === '`' ? text.length : endOfLine(text, start)
  for (let end = text.indexOf(quote, start); end >= 0 && end < limit; end = text.indexOf(quote, end + 1)) {
    const slashes = backslashesBefore(text, end, start)
    if (slashes <= level) return { start, end: end - slashes, next: end }
  }
  return { start, end: limit, next: limit }
}

function backslashesBefore(text: string, at: number, from: number): number {
  let count = 0
  while (at - count > from && text[at - count - 1] === '\\') count++
  return count
}

/** All strings of an array: `["sid=…; Path=/", "csrf=…"]`. */
function list(text: string, at: number): Found {
  let end = at + 1
  for (;;) {
    const item = quotedAt(text, after(text, BETWEEN_ITEMS, end))
    if (item === undefined) break
    if (end === at + 1 && isMessage(text.slice(item.start, item.end))) return none(item.start)
    end = after(text, QUOTED, item.next - (item.next - item.end))
    if (end < 0) return { start: at + 1, end: item.next, next: item.next }
  }
  const close = after(text, REST_OF_LIST, end)
  return { start: at + 1, end: close, next: close }
}

function upTo(text: string, start: number, character: string): Found {
  const at = text.indexOf(character, start)
  const end = at < 0 ? text.length : at
  return { start, end, next: end }
}

export function word(text: string, start: number): Found {
  return quotedAt(text, start) ?? { start, end: after(text, WORD, start), next: start }
}

/** To the end of the line, or of the string that the header stands in. Its value may hold spaces, quotes and semicolons. */
function headerValue(text: string, start: number, opening: string | undefined): Found {
  const scheme = after(text, FOLDED_SCHEME, start)
  const line = endOfLine(text, Math.max(scheme, start))
  const isQuoted = opening !== undefined && `"'\``.includes(opening)
  const quote = isQuoted
    ? nextOf(opening, text, start)
    : lookAhead('quote', text, start, (from) => closingQuote(text, from))
  return unlessState(text, start, Math.min(quote, line))
}

/** The next quotation mark on the line, if it ends something; otherwise the end of the text. */
function closingQuote(text: string, from: number): number {
  let at = from
  while (at < text.length && !stopsHeader(text.charCodeAt(at))) at++
  return after(text, CLOSING_QUOTE, at) >= 0 ? at : text.length
}

const stopsHeader = oneOf(`"'\`\n\r`)

/** `password=…`, up to white space or what separates it from the next. */
function assigned(text: string, start: number): Found {
  const end = lookAhead('assigned', text, start, (from) => {
    let at = from
    while (at < text.length) {
      const code = text.charCodeAt(at)
      const isPart =
        !endsAssigned(code) ||
        (isClosing(code) && !endsAfterClosing(text.charCodeAt(at + 1)) && at + 1 < text.length) ||
        (isSeparating(code) && after(text, NO_SEPARATOR, at) >= 0)
      if (!isPart) break
      at++
    }
    return at
  })
  return unlessState(text, start, end)
}

const endsAssigned = oneOf(`${SPACE}&"'\`;,)]}`)
/** What ends a text unless it goes on directly behind. */
const isClosing = oneOf(`"'\`)]}`)
const isSeparating = oneOf(';,')
const endsAfterClosing = oneOf(`${SPACE},:)]}"'\``)

/** `token=expired` says something of the token. */
function unlessState(text: string, start: number, end: number): Found {
  return end - start <= 30 && isState(text.slice(start, end)) ? none(end) : { start, end, next: end }
}

const VERB = /\b(?:should|must|not|to|will|would|can|may|does|did|tests?|checks?|all) pass: *$/i

/** `password: …`, up to the end of the clause: a passphrase has spaces. A sentence about the value stays readable. */
function clause(text: string, name: string, start: number): Found {
  const isProse = after(text, SENTENCE, start) >= 0 || (isVerb(text, name, start) && after(text, TWO_WORDS, start) >= 0)
  const end = lookAhead('clause', text, start, (from) => endOfClause(text, from))
  if (!isProse) return unlessState(text, start, end)
  const random = lookAhead('random', text, start, (from) => nextRandom(text, from, end))
  if (random >= Math.min(end, start + MAX_SENTENCE)) return none(start)
  const randomEnd = endOfWord(text, random, end)
  return { start: random, end: randomEnd, next: randomEnd }
}

const MAX_SENTENCE = 120

/** `must not PASS: run not awaited`, `should pass: the token is sent` */
function isVerb(text: string, name: string, start: number): boolean {
  return name === 'PASS' || (PASS.test(name) && VERB.test(text.slice(Math.max(0, start - 24), start)))
}

function endOfClause(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (endsClause(code)) {
      if (code === NEW_LINE || code === RETURN || at + 1 >= text.length) break
      const next = text.charCodeAt(at + 1)
      if (isSeparating(code) ? isSpace(next) : endsClauseAfter(next)) break
    }
    at++
  }
  return at
}

const endsClauseAfter = oneOf(`${SPACE},:;)]}`)
const endsClause = oneOf(`\n\r,;"'\`)]}`)
const isSpace = oneOf(SPACE)
const NEW_LINE = 10
const RETURN = 13

/** The start of the next word that looks random, or the end. */
function nextRandom(text: string, from: number, end: number): number {
  for (let at = from; at < end;) {
    while (at < end && isSpace(text.charCodeAt(at))) at++
    const wordEnd = endOfWord(text, at, end)
    if (wordEnd - at >= 8 && looksRandom(text.slice(at, wordEnd))) return at
    at = wordEnd
  }
  return end
}

function endOfWord(text: string, from: number, end: number): number {
  let at = from
  while (at < end && !isSpace(text.charCodeAt(at))) at++
  return at
}
