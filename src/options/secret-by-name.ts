import { after, endOfLine, lastBefore, lookAhead, nextBracket, none, oneOf, SPACE, type Found } from './found.ts'
import { isSecretName, MAX_NAME_LENGTH } from './secret-names.ts'
import { readValue, QUOTED, word } from './secret-value.ts'
import { isMessage, looksRandom } from './sentence.ts'

// Patterns are made once: a literal within a function is made with every call.
const ESCAPE_BEFORE = /u00[\da-f]{2}|x[\da-f]{2}|[nrt]/iy
const QUOTE_IN_URL = /(?:25)?22(?=[A-Za-z])/y
const BUT_LAST_BACKSLASH = /\\*(?=\\)/y
const EMPTY_LINE = /(?:; ?[^\n\r]{0,200})?\r?\n\r?\n/y
const NEXT_ITEM = /\s{0,8},\s{0,200}(?=\\*["'`[])/y
const SAID = /(?:\s+(?:is|was|value|number))?\s+["'`]?/y
const SAID_WORD = /[^\s"'`,;]*/y
const TEXT_OF_ELEMENT = /[^\s<]*/y
const QUOTED_IN_URL = /%(?:25)?22(?:%(?:25)?20|\+)?%(?:25)?3[Aa](?:%(?:25)?20|\+)?%(?:25)?22/y
const SIGN_IN_URL = /%(?:25)?3[DdAa]/y
const SIGN = /\s{0,8}(?:[:=]|&#58;)\s{0,8}/y
const BARE = /[^\s,;&\\}\])]*/y
const VALUES = /\)\s{0,8}(?:=|values?|VALUES?)\s{0,8}\(/y
const PLACEHOLDERS = /(?:\s{0,8}(?:\$\d+|\?|%s|:\w+|DEFAULT|NULL)\s{0,8},?)+\)/y
const ROWS = /(?:'(?:[^']|'')*'|[^)'])*(?:\)\s{0,8},\s{0,8}\((?:'(?:[^']|'')*'|[^)'])*)*/y

/** The value that follows a name which says that it is secret. */
export function namedValue(text: string, index: number): Found {
  let nameEnd = index
  const last = index + MAX_NAME_LENGTH
  while (nameEnd < last && isNameCharacter(text.charCodeAt(nameEnd))) nameEnd++
  const follower = text.charCodeAt(nameEnd)
  if (!isFollower(follower) || (follower === BLANK && !mayFollow(text, nameEnd))) return none(nameEnd)
  const nameStart = startOfName(text, index)
  const name = text.slice(nameStart, nameEnd)
  if (isSecretName(name)) return valueAfter(text, name, nameStart, nameEnd) ?? none(nameEnd)
  // `\n` and `\u0022` before a name are no part of it.
  const escape = text[nameStart - 1] === '\\' ? after(text, ESCAPE_BEFORE, nameStart) : -1
  const rest = escape < 0 || escape > index ? '' : text.slice(escape, nameEnd)
  return (isSecretName(rest) ? valueAfter(text, rest, escape, nameEnd) : undefined) ?? none(nameEnd)
}

const BLANK = 32

/** Whether a value may stand after a name and a space: behind a sign, an option or some words, or as a word with a digit. */
function mayFollow(text: string, nameEnd: number): boolean {
  let at = nameEnd + 1
  while (at < nameEnd + 8 && isSpace(text.charCodeAt(at))) at++
  const first = text.charCodeAt(at)
  if (first === COLON || first === EQUALS || isVerb(first)) return true
  const end = Math.min(at + 64, text.length)
  while (at < end && !isSpace(text.charCodeAt(at)) && !isDigit(text.charCodeAt(at))) at++
  return at - nameEnd > 64 || isDigit(text.charCodeAt(at)) || text.startsWith('--', startOfName(text, nameEnd))
}

const isDigit = oneOf('0123456789')
const COLON = 58
const EQUALS = 61
const isSpace = oneOf(SPACE)
/** How `is`, `was`, `value`, `number` begin, or another name of a list of columns. */
const isVerb = oneOf('iwvnIWVN),')

function startOfName(text: string, index: number): number {
  let start = index
  while (start > index - MAX_NAME_LENGTH && isNameCharacter(text.charCodeAt(start - 1))) start--
  // A quotation mark in a URL is no part of the name.
  return text[start - 1] === '%' ? Math.max(start, after(text, QUOTE_IN_URL, start)) : start
}

/** A letter, a digit, `_` or `-`, escaped: `\u0061` in JSON, `\x61`, `%61` in a URL, `&#97;` in HTML. */
const CODE = '(2d|3\\d|4[1-9a-f]|5[\\daf]|6[1-9a-f]|7[\\da])'
export const ESCAPED_NAME = new RegExp(
  String.raw`(?:\\(?:u00|u\{0{0,4}|x)${CODE}\}?|%(?:25){0,3}${CODE}|&#(?:x0{0,4}${CODE}|0{0,4}(4[5-9]|5[0-7]|6[5-9]|[78]\d|9[05789]|1[01]\d|12[0-2]));)`,
  'iy',
)

/** A name of which some characters are escaped: `"p\u0061ssword": "…"`. */
export function escapedName(text: string, index: number): Found | undefined {
  const nameStart = startOfName(text, backslashesBefore(text, index))
  let name = text.slice(nameStart, backslashesBefore(text, index))
  let nameEnd = index
  while (name.length <= MAX_NAME_LENGTH && nameEnd < text.length) {
    if (isNameCharacter(text.charCodeAt(nameEnd))) name += text[nameEnd++]!
    else {
      ESCAPED_NAME.lastIndex = after(text, BUT_LAST_BACKSLASH, nameEnd)
      if (ESCAPED_NAME.lastIndex < 0) ESCAPED_NAME.lastIndex = nameEnd
      const [, json, url, html, decimal] = ESCAPED_NAME.exec(text) ?? []
      const hex = json ?? url ?? html
      if (hex === undefined && decimal === undefined) break
      name += String.fromCharCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
      nameEnd = ESCAPED_NAME.lastIndex
    }
  }
  return (isSecretName(name) ? valueAfter(text, name, nameStart, nameEnd) : undefined) ?? none(nameEnd)
}

function backslashesBefore(text: string, at: number): number {
  while (text[at - 1] === '\\') at--
  return at
}

/** Letters, digits, `_`, `$` and `-`. False for NaN, before the text's first character. */
function isNameCharacter(code: number): boolean {
  if (code >= 97) return code <= 122
  if (code >= 65) return code <= 90 || code === 95
  return (code >= 48 && code <= 57) || code === 45 || code === 36
}

/** What can stand between a name and its value. */
const isFollower = oneOf(`:= \t\n\r"'\`\\)]>,%&`)

function valueAfter(text: string, name: string, nameStart: number, nameEnd: number): Found | undefined {
  const before = text[nameStart - 1]
  const follower = text[nameEnd]!
  if (follower === '>' && isElement(text, nameStart)) return elementText(text, nameEnd + 1)
  if (follower === '%') return percentValue(text, nameEnd)
  if (follower === '&') return entityValue(text, nameEnd)
  const quoteEnd = isQuote(follower) ? after(text, QUOTED, nameEnd) : -1
  if (quoteEnd < 0 && follower === '\\') return entityValue(text, nameEnd)
  const end = Math.max(quoteEnd, nameEnd)
  const columns = columnValues(text, end)
  if (columns !== undefined) return columns
  if (quoteEnd >= 0) {
    const part = partOfForm(text, quoteEnd)
    if (part !== undefined) return part
  }
  const separator = after(text, SEPARATOR, end)
  if (separator >= 0) {
    const sign = text[separator - 1] === ':' ? ':' : '='
    return readValue(text, { name, at: separator, separator: sign, opening: before })
  }
  const apart = quoteEnd >= 0 ? valueApart(text, name, quoteEnd, before) : undefined
  if (apart !== undefined) return apart
  // `--password hunter2`
  if (follower === ' ' && name.startsWith('--')) return word(text, nameEnd + 1)
  return saidValue(text, nameEnd)
}

/** `"`, `'`, a backtick, or a backslash, which one of them may follow. */
function isQuote(character: string): boolean {
  return character === '"' || character === "'" || character === '\\' || character === '`'
}

const SEPARATOR = /[)\]]?\s{0,8}(?:=>|[:=]=?=?)/y

/** `name="password"`, an empty line, the value: a part of a form. */
function partOfForm(text: string, quoteEnd: number): Found | undefined {
  if (!startsRest(text.charCodeAt(quoteEnd))) return undefined
  const part = after(text, EMPTY_LINE, quoteEnd)
  return part < 0 ? undefined : { start: part, end: endOfLine(text, part), next: part }
}

const startsRest = oneOf(';\r\n')

/** A value that something stands before: it is named in quotation marks. */
function valueApart(text: string, name: string, quoteEnd: number, before: string | undefined): Found | undefined {
  // `{"name":"password","value":"…"}`, `<input name="password" value="…">`
  if (lookAhead('value', text, quoteEnd, (from) => nextValueWord(text, from)) <= quoteEnd + 90) {
    const pair = after(text, PAIR, quoteEnd)
    if (pair >= 0) return readValue(text, { name, at: pair, separator: ':', opening: undefined })
  }
  if (!isSpaceOrComma(text.charCodeAt(quoteEnd))) return undefined
  const inList = after(text, NEXT_ITEM, quoteEnd)
  return inList >= 0 ? readValue(text, { name, at: inList, separator: ',', opening: before }) : undefined
}

const isSpaceOrComma = oneOf(`${SPACE},`)
const VALUE_WORD = /value|args/gi

function nextValueWord(text: string, from: number): number {
  VALUE_WORD.lastIndex = from
  return VALUE_WORD.test(text) ? VALUE_WORD.lastIndex : text.length
}

/** `the token is a1b2c3d4`. */
function saidValue(text: string, nameEnd: number): Found | undefined {
  const said = after(text, SAID, nameEnd)
  if (said < 0) return undefined
  const end = after(text, SAID_WORD, said)
  if (end - said < 8) return undefined
  return looksRandom(text.slice(said, Math.min(end, said + 400)).replace(/[.:)]+$/, ''))
    ? { start: said, end, next: end }
    : undefined
}

const PAIR = /[^<>{}\n\r]{0,80}?[\s,;"'\\](?:value|args)\\?["']?\s{0,8}[:=]/iy

function isElement(text: string, nameStart: number): boolean {
  const before = text[nameStart - 1]
  return before === '<' || (before === ':' && text.slice(Math.max(0, nameStart - 20), nameStart).includes('<'))
}

/** `<password>…</password>`, whole or cut off. `usage: login <password> <host>` names what is to be given. */
function elementText(text: string, start: number): Found {
  const at = text.indexOf('<', start)
  if (at >= 0 && text.startsWith('</', at)) return { start, end: at, next: at }
  const end = after(text, TEXT_OF_ELEMENT, start)
  return { start, end, next: end }
}

/** What follows a name in a URL: `password%22%3A%22…`, `password%3D…`. Text that is encoded twice has `%25` for `%`. */
function percentValue(text: string, nameEnd: number): Found | undefined {
  const quoted = after(text, QUOTED_IN_URL, nameEnd)
  const start = quoted >= 0 ? quoted : after(text, SIGN_IN_URL, nameEnd)
  if (start < 0) return undefined
  const pattern = quoted >= 0 ? /(?:(?!%(?:25)?22)[^\s&"'<>])*/y : /(?:(?!%(?:25)?26)[^\s&"'<>])*/y
  const end = after(text, pattern, start)
  return { start, end, next: end }
}

/** A quotation mark as some writers of JSON and all of HTML escape it. */
const ENTITY = /(\\*)(u0022|x22|&quot;|&#34;|&#x22;)/iy

/** `\u0022token\u0022:\u0022…\u0022`, `&quot;token&quot;:&quot;…&quot;`. */
function entityValue(text: string, nameEnd: number): Found | undefined {
  const close = after(text, ENTITY, nameEnd)
  const separator = close < 0 ? -1 : after(text, SIGN, close)
  if (separator < 0) return undefined
  ENTITY.lastIndex = separator
  const [opening, slashes = '', quote] = ENTITY.exec(text) ?? []
  if (opening === undefined) {
    const end = after(text, BARE, separator)
    return { start: separator, end, next: end }
  }
  const start = separator + opening.length
  for (let at = text.indexOf(quote!, start); at >= 0; at = text.indexOf(quote!, at + quote!.length)) {
    const end = Math.max(start, backslashesBefore(text, at))
    if (at - end <= slashes.length) {
      const isKept = isMessage(text.slice(start, Math.min(end, start + 301)))
      return isKept ? none(end) : { start, end, next: end }
    }
  }
  const end = endOfLine(text, start)
  return { start, end, next: end }
}

/** `Key (tenant, token)=(a, …)` of Postgres, `INSERT INTO users (name, password) VALUES ('a', …)`. */
function columnValues(text: string, at: number): Found | undefined {
  if (text[at] !== ')' && text[at] !== ',') return undefined
  const bracket = nextBracket(text, at)
  if (bracket > at + 200 || text[bracket] !== ')') return undefined
  const start = after(text, VALUES, bracket)
  if (start < 0) return undefined
  if (after(text, PLACEHOLDERS, start) >= 0) return none(start)
  const rows = after(text, ROWS, start)
  const end = Math.max(rows, lastBefore(text, ')', start))
  return { start, end, next: end }
}
