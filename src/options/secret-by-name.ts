import { after, endOfLine, lastBefore, none, oneOf, Search, SPACE, type Found } from './found.ts'
import { MAX_NAME_LENGTH, nameIn, type Name } from './secret-names.ts'
import { readValue, QUOTED, word } from './secret-value.ts'
import { isMessage, looksRandom } from './sentence.ts'

// Patterns are made once: a literal within a function is made with every call.
const ESCAPE_BEFORE = /u00[\da-f]{2}|x[\da-f]{2}|[nrt]/iy
const QUOTE_IN_URL = /(?:25)?22(?=[A-Za-z])/y
const EMPTY_LINE = /(?:; ?[^\n\r]{0,200})?\r?\n\r?\n/y
const NEXT_ITEM = /\s{0,8},\s{0,200}(?=\\*["'`[])/y
const SAID = /(?:\s+(?:is|was|value|number))?\s+["'`]?/y
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
  if (!isFollower(follower) || (follower === BLANK && !mayFollow(text, index, nameEnd))) return none(nameEnd)
  const nameStart = startOfName(text, index)
  if (nameEnd - nameStart <= MAX_NAME_LENGTH) {
    const name = nameIn(text, nameStart, nameEnd)
    if (name.isSecret) return valueAfter(text, name, nameStart, nameEnd) ?? none(nameEnd)
  }
  // `\n` and `\u0022` before a name are no part of it.
  const escape = text.charCodeAt(nameStart - 1) === BACKSLASH ? after(text, ESCAPE_BEFORE, nameStart) : -1
  if (escape < 0 || escape > index || nameEnd - escape > MAX_NAME_LENGTH) return none(nameEnd)
  const rest = nameIn(text, escape, nameEnd)
  return (rest.isSecret ? valueAfter(text, rest, escape, nameEnd) : undefined) ?? none(nameEnd)
}

const BACKSLASH = 92
const BLANK = 32

/** Whether a value may stand after a name and a space: behind a sign, an option or some words, or as a word with a digit. */
function mayFollow(text: string, index: number, nameEnd: number): boolean {
  let at = nameEnd + 1
  while (at < nameEnd + 8 && isSpace(text.charCodeAt(at))) at++
  const first = text.charCodeAt(at)
  if (first === COLON || first === EQUALS || isVerb(first)) return true
  const end = Math.min(at + 64, text.length)
  while (at < end && !isSpace(text.charCodeAt(at)) && !isDigit(text.charCodeAt(at))) at++
  return at - nameEnd > 64 || isDigit(text.charCodeAt(at)) || text.startsWith('--', startOfName(text, index))
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

/** A name of which some characters are escaped: `"p\u0061ssword": "…"`. Undefined if no escaped character begins here. */
export function escapedName(text: string, index: number): Found | undefined {
  if (readEscape(text, index) < 0) return undefined
  const from = backslashesBefore(text, index)
  const nameStart = startOfName(text, from)
  let name = text.slice(nameStart, from)
  let nameEnd = index
  while (name.length <= MAX_NAME_LENGTH && nameEnd < text.length) {
    const code = text.charCodeAt(nameEnd)
    if (isNameCharacter(code)) {
      name += text[nameEnd++]!
      continue
    }
    let at = nameEnd
    // JSON in JSON has several.
    while (text.charCodeAt(at) === BACKSLASH && text.charCodeAt(at + 1) === BACKSLASH) at++
    const escape = readEscape(text, at)
    if (escape < 0) break
    name += String.fromCharCode(escape % 128)
    nameEnd = Math.floor(escape / 128)
  }
  if (name.length > MAX_NAME_LENGTH) return none(nameEnd)
  const known = nameIn(name, 0, name.length)
  return (known.isSecret ? valueAfter(text, known, nameStart, nameEnd) : undefined) ?? none(nameEnd)
}

/**
 * A letter, a digit, `_` or `-`, escaped: `\u0061` in JSON, `\x61`, `%61` in a URL, `&#97;` in HTML.
 *
 * @returns the place after it, times 128, and its code; -1 if none is here
 */
function readEscape(text: string, index: number): number {
  const first = text.charCodeAt(index)
  let at = index + 1
  if (first === PERCENT) {
    for (let level = 0; level < 3 && text.startsWith('25', at); level++) at += 2
    return hexEscape(text, at, 0)
  }
  const kind = text.charCodeAt(at++) | 32
  if (first === BACKSLASH && kind === LETTER_X) return hexEscape(text, at, BRACE)
  if (first === BACKSLASH && kind === LETTER_U) {
    if (text.startsWith('00', at)) return hexEscape(text, at + 2, BRACE)
    return text.charCodeAt(at) === OPEN_BRACE ? hexEscape(text, afterZeros(text, at + 1), BRACE) : -1
  }
  if (first !== AMPERSAND || kind !== (HASH | 32)) return -1
  if ((text.charCodeAt(at) | 32) === LETTER_X) {
    const escape = hexEscape(text, afterZeros(text, at + 1), SEMICOLON)
    return escape >= 0 && text.charCodeAt(Math.floor(escape / 128) - 1) === SEMICOLON ? escape : -1
  }
  at = afterZeros(text, at)
  let code = 0
  while (code < 128 && isDigit(text.charCodeAt(at))) code = code * 10 + text.charCodeAt(at++) - 48
  return text.charCodeAt(at) === SEMICOLON && isEscapable(code) ? (at + 1) * 128 + code : -1
}

/** Two hexadecimal digits, and what may follow them. */
function hexEscape(text: string, at: number, closing: number): number {
  const code = hexDigit(text.charCodeAt(at)) * 16 + hexDigit(text.charCodeAt(at + 1))
  if (!isEscapable(code)) return -1
  return (text.charCodeAt(at + 2) === closing ? at + 3 : at + 2) * 128 + code
}

/** Far below 0 if it is none. */
function hexDigit(code: number): number {
  if (isDigit(code)) return code - 48
  const letter = code | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1000
}

function afterZeros(text: string, from: number): number {
  let at = from
  while (at < from + 4 && text.charCodeAt(at) === 48) at++
  return at
}

/** A dollar sign is part of no name that is escaped. */
function isEscapable(code: number): boolean {
  return code !== 36 && isNameCharacter(code)
}

const [LETTER_U, LETTER_X, HASH, SEMICOLON, OPEN_BRACE, BRACE] = [117, 120, 35, 59, 123, 125]

function backslashesBefore(text: string, at: number): number {
  while (text.charCodeAt(at - 1) === BACKSLASH) at--
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

function valueAfter(text: string, name: Name, nameStart: number, nameEnd: number): Found | undefined {
  const before = text[nameStart - 1]
  const follower = text.charCodeAt(nameEnd)
  if (follower === GREATER && isElement(text, nameStart)) return elementText(text, nameEnd + 1)
  if (follower === PERCENT) return percentValue(text, nameEnd)
  if (follower === AMPERSAND) return entityValue(text, nameEnd)
  const isQuoted = isQuote(follower)
  const quoteEnd = isQuoted ? nameEnd + 1 : follower === BACKSLASH ? after(text, QUOTED, nameEnd) : -1
  if (quoteEnd < 0 && follower === BACKSLASH) return entityValue(text, nameEnd)
  const end = Math.max(quoteEnd, nameEnd)
  const columns = columnValues(text, end)
  if (columns !== undefined) return columns
  if (quoteEnd >= 0) {
    const part = partOfForm(text, quoteEnd)
    if (part !== undefined) return part
  }
  const separator = separatorAfter(text, end)
  if (separator >= 0) {
    const sign = text[separator - 1] === ':' ? ':' : '='
    return readValue(text, { name, at: separator, separator: sign, opening: before })
  }
  const apart = quoteEnd >= 0 ? valueApart(text, name, quoteEnd, before) : undefined
  if (apart !== undefined) return apart
  // `--password hunter2`
  if (follower === BLANK && name.text.startsWith('--')) return word(text, nameEnd + 1)
  return isSpace(follower) ? saidValue(text, nameEnd) : undefined
}

const [GREATER, PERCENT, AMPERSAND] = [62, 37, 38]
const isQuote = oneOf(`"'\``)

/** The place after `:`, `=`, `==` or `=>`, with a bracket and white space before it, or -1. */
function separatorAfter(text: string, from: number): number {
  let at = from
  if (isClosing(text.charCodeAt(at))) at++
  const last = at + 8
  while (at < last && isSpace(text.charCodeAt(at))) at++
  const sign = text.charCodeAt(at)
  if (sign !== COLON && sign !== EQUALS) return -1
  at++
  if (sign === EQUALS && text.charCodeAt(at) === GREATER) return at + 1
  for (let more = 0; more < 2 && text.charCodeAt(at) === EQUALS; more++) at++
  return at
}

const isClosing = oneOf(')]')

/** `name="password"`, an empty line, the value: a part of a form. */
function partOfForm(text: string, quoteEnd: number): Found | undefined {
  if (!startsRest(text.charCodeAt(quoteEnd))) return undefined
  const part = after(text, EMPTY_LINE, quoteEnd)
  return part < 0 ? undefined : { start: part, end: endOfLine(text, part), next: part }
}

const startsRest = oneOf(';\r\n')

/** A value that something stands before: it is named in quotation marks. */
function valueApart(text: string, name: Name, quoteEnd: number, before: string | undefined): Found | undefined {
  // `{"name":"password","value":"…"}`, `<input name="password" value="…">`
  if (VALUE_WORD.from(text, quoteEnd) <= quoteEnd + 90) {
    const pair = pairAfter(text, quoteEnd)
    if (pair >= 0) return readValue(text, { name, at: pair, separator: ':', opening: undefined })
  }
  if (!isSpaceOrComma(text.charCodeAt(quoteEnd))) return undefined
  const inList = after(text, NEXT_ITEM, quoteEnd)
  return inList >= 0 ? readValue(text, { name, at: inList, separator: ',', opening: before }) : undefined
}

const isSpaceOrComma = oneOf(`${SPACE},`)
const VALUE_WORD = new Search((text, from) => {
  ANY_VALUE.lastIndex = from
  return ANY_VALUE.test(text) ? ANY_VALUE.lastIndex : text.length
})
const ANY_VALUE = /value|args/gi
const VALUE_SIGN = /(?:value|args)\\?["']?\s{0,8}[:=]/iy

/** The place after `value=`, at most 80 characters from here and in the same element or object, or -1. */
function pairAfter(text: string, from: number): number {
  for (let at = from; at <= from + 80; at++) {
    const code = text.charCodeAt(at)
    if (isBeforeWord(code) && startsValue(text.charCodeAt(at + 1))) {
      const end = after(text, VALUE_SIGN, at + 1)
      if (end >= 0) return end
    }
    if (isMarkup(code)) break
  }
  return -1
}

const isBeforeWord = oneOf(`${SPACE},;"'\\`)
const startsValue = oneOf('vaVA')
const isMarkup = oneOf('<>{}\n\r')

/** `the token is a1b2c3d4`. */
function saidValue(text: string, nameEnd: number): Found | undefined {
  const said = after(text, SAID, nameEnd)
  if (said < 0) return undefined
  const end = endOfSaid(text, said)
  if (end - said < 8) return undefined
  let wordEnd = Math.min(end, said + 400)
  while (wordEnd > said && isPunctuation(text.charCodeAt(wordEnd - 1))) wordEnd--
  return looksRandom(text, said, wordEnd) ? { start: said, end, next: end } : undefined
}

function endOfSaid(text: string, from: number): number {
  let at = from
  while (at < text.length && !endsSaid(text.charCodeAt(at))) at++
  return at
}

const endsSaid = oneOf(`${SPACE}"'\`,;`)
const isPunctuation = oneOf('.:)')

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
  const first = text.charCodeAt(nameEnd + 1)
  if (first !== TWO && first !== THREE) return undefined
  const quoted = after(text, QUOTED_IN_URL, nameEnd)
  const start = quoted >= 0 ? quoted : after(text, SIGN_IN_URL, nameEnd)
  if (start < 0) return undefined
  const end = after(text, quoted >= 0 ? UP_TO_QUOTE : UP_TO_AMPERSAND, start)
  return { start, end, next: end }
}

const [TWO, THREE] = [50, 51]
const UP_TO_QUOTE = /(?:(?!%(?:25)?22)[^\s&"'<>])*/y
const UP_TO_AMPERSAND = /(?:(?!%(?:25)?26)[^\s&"'<>])*/y

/** A quotation mark as some writers of JSON and all of HTML escape it. */
const ENTITY = /(\\*)(u0022|x22|&quot;|&#34;|&#x22;)/iy

const startsEntity = oneOf('qQ#')

/** `\u0022token\u0022:\u0022…\u0022`, `&quot;token&quot;:&quot;…&quot;`. */
function entityValue(text: string, nameEnd: number): Found | undefined {
  if (text.charCodeAt(nameEnd) === AMPERSAND && !startsEntity(text.charCodeAt(nameEnd + 1))) return undefined
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
  const first = text.charCodeAt(at)
  if (first !== CLOSING && first !== COMMA) return undefined
  const bracket = BRACKET.from(text, at)
  if (bracket > at + 200 || text.charCodeAt(bracket) !== CLOSING) return undefined
  const next = text.charCodeAt(bracket + 1)
  if (!startsValues(next)) return undefined
  const start = after(text, VALUES, bracket)
  if (start < 0) return undefined
  if (after(text, PLACEHOLDERS, start) >= 0) return none(start)
  const rows = after(text, ROWS, start)
  const end = Math.max(rows, lastBefore(text, ')', start))
  return { start, end, next: end }
}

const [CLOSING, COMMA] = [41, 44]
const BRACKET = new Search((text, from) => after(text, NO_BRACKET, from))
const NO_BRACKET = /[^()]*/y
const startsValues = oneOf(`${SPACE}=vV`)
