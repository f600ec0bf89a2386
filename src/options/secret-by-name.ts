import { isNameCharacter, readEscape } from './escaped-character.ts'
import { after, codeAt, type Found, lastBefore, none, oneOf, SPACE } from './found.ts'
import { MAX_NAME_LENGTH, nameIn, nameOf, type Name } from './secret-names.ts'
import { readValue } from './secret-value.ts'
import { looksUnspoken } from './secret-words.ts'
import { QUOTED, word } from './value-enclosed.ts'
import { backslashesBefore, entityValue, percentValue } from './value-encoded.ts'
import {
  elementText,
  isAttribute,
  isElement,
  nextText,
  textAfterAttribute,
  valueBefore,
  valueOfElement,
} from './value-in-element.ts'
import { arrowValue, randomWord, saidValue, startsArrow } from './value-in-sentence.ts'
import {
  columnValues,
  isAfterLogin,
  inBrackets,
  partOfForm,
  quotedValue,
  separatorAfter,
  separatorInWords,
  sqlValue,
  valueApart,
} from './value-places.ts'
import { startsSentence, unlessState } from './value-unquoted.ts'

// Patterns are created once: a literal in a function is created with every call.
const ESCAPE_BEFORE = /u00[\da-f]{2}|x[\da-f]{2}|[nrt]/iy
const QUOTE_IN_URL = /(?:25)?22(?=[A-Za-z])/y
/** `the OTP code is 492817` */
const SAID_CODE = /(?: code| number)?(?: is| was)?:? ["']?(?=\d{4,10}\b)/y
const DIGITS = /\d+/y
const NEXT_ELEMENT = /<\/(?:key|name)>\s{0,80}<(?:string|data|integer|value)>/y
/** `token IN ('…', '…')` */
const IN_LIST = /\s+in\s{0,8}\((?=\s{0,8}['"])/iy
const NEXT_VALUE = /\r?\n[ \t]{1,40}value:/y

/** The value after the name of a secret. */
export function namedValue(text: string, index: number): Found {
  let nameEnd = index
  const last = index + MAX_NAME_LENGTH
  while (nameEnd < last && isNameCharacter(codeAt(nameEnd))) nameEnd++
  const follower = codeAt(nameEnd)
  if (!isFollower(follower)) return none(nameEnd)
  const nameStart = startOfName(text, index)
  if (nameEnd - nameStart <= MAX_NAME_LENGTH) {
    const name = nameIn(text, nameStart, nameEnd)
    if (name.isSecret) {
      const value =
        isSpace(follower) && !mayFollow(text, nameStart, nameEnd)
          ? undefined
          : valueAfter(text, name, nameStart, nameEnd)
      return value ?? none(nameEnd)
    }
  }
  // `\n` and `\u0022` before a name do not belong to it.
  const escape = codeAt(nameStart - 1) === BACKSLASH ? after(text, ESCAPE_BEFORE, nameStart) : -1
  if (escape < 0 || escape > index || nameEnd - escape > MAX_NAME_LENGTH) return none(nameEnd)
  const rest = nameIn(text, escape, nameEnd)
  return (rest.isSecret ? valueAfter(text, rest, escape, nameEnd) : undefined) ?? none(nameEnd)
}

/** The value after a name with a space, such as `api key`. @param meant a name with the same kind of value */
export function phraseValue(text: string, start: number, end: number, meant: string): Found | undefined {
  return isFollower(codeAt(end)) ? valueAfter(text, nameOf(meant), start, end) : undefined
}

const BACKSLASH = 92
const BLANK = 32

/**
 * Whether a value may follow a name and a space: after a sign, an arrow, an option or some words, or as a word that
 * looks random.
 */
function mayFollow(text: string, nameStart: number, nameEnd: number): boolean {
  let at = nameEnd + 1
  while (at < nameEnd + 8 && isSpace(codeAt(at))) at++
  if (startsValue(codeAt(at)) || startsArrow(codeAt(at)) || isVerb(codeAt(at) | 32, codeAt(at + 1) | 32)) return true
  const end = Math.min(at + 64, text.length)
  let wordEnd = at
  while (wordEnd < end && !isSpace(codeAt(wordEnd)) && !isDigit(codeAt(wordEnd))) wordEnd++
  if (wordEnd === end || isDigit(codeAt(wordEnd)) || isOption(text, nameStart)) return true
  while (wordEnd > at && !isNameCharacter(codeAt(wordEnd - 1))) wordEnd--
  return looksUnspoken(text, at, wordEnd)
}

const [HYPHEN, BAR, SEMICOLON] = [45, 124, 59]

/** `--password …`, `-password …`, `<password …>`, `login ann password …` */
function isOption(text: string, nameStart: number): boolean {
  return codeAt(nameStart) === HYPHEN || isElement(text, nameStart) || isAfterLogin(text, nameStart)
}

const isDigit = oneOf('0123456789')
const isSpace = oneOf(SPACE)
/** Signs before a value, separators of columns, and a quotation mark in SQL. */
const startsValue = oneOf(`:=+!<(["),|'`)

/** Whether two letters begin a word that may precede a value: `is`, `in`, `was`, `value`, `number`, `code`, `like`, `given`. */
function isVerb(first: number, second: number): boolean {
  return BEGINNINGS.has(first * 128 + second)
}

const BEGINNINGS = new Set(
  'is in wa va nu co li il gi us re se pr eq'.split(' ').map((two) => two.charCodeAt(0) * 128 + two.charCodeAt(1)),
)
const LETTER_I = 105

function startOfName(text: string, index: number): number {
  let start = index
  while (start > index - MAX_NAME_LENGTH && isNameCharacter(codeAt(start - 1))) start--
  // A quotation mark in a URL does not belong to the name.
  return codeAt(start - 1) === PERCENT ? Math.max(start, after(text, QUOTE_IN_URL, start)) : start
}

/** The value after a name with escaped characters: `"p\u0061ssword": "…"`. Undefined if none is escaped at the index. */
export function escapedName(text: string, index: number): Found | undefined {
  if (readEscape(text, index) < 0) return undefined
  const from = backslashesBefore(index)
  const nameStart = startOfName(text, from)
  let name = text.slice(nameStart, from)
  let nameEnd = index
  while (name.length <= MAX_NAME_LENGTH && nameEnd < text.length) {
    const code = codeAt(nameEnd)
    if (isNameCharacter(code)) {
      name += text[nameEnd++]!
      continue
    }
    let at = nameEnd
    // JSON in JSON has several backslashes.
    while (codeAt(at) === BACKSLASH && codeAt(at + 1) === BACKSLASH) at++
    const escape = readEscape(text, at)
    if (escape < 0) break
    name += String.fromCharCode(escape % 128)
    nameEnd = Math.floor(escape / 128)
  }
  if (name.length > MAX_NAME_LENGTH) return none(nameEnd)
  const known = nameOf(name)
  return (known.isSecret ? valueAfter(text, known, nameStart, nameEnd) : undefined) ?? none(nameEnd)
}

/** Characters that can follow a name with a value. */
const isFollower = oneOf(`:=+ \t\n\r"'\`\\)]><(,;|%&`)

function valueAfter(text: string, name: Name, nameStart: number, nameEnd: number): Found | undefined {
  const follower = codeAt(nameEnd)
  if (follower === GREATER && isElement(text, nameStart)) return elementText(text, nameEnd + 1)
  if (follower === PERCENT) return percentValue(text, nameEnd)
  if (follower === AMPERSAND) return entityValue(text, nameEnd)
  if (follower === LESS) return nextText(text, NEXT_ELEMENT, nameEnd) ?? inBrackets(text, nameEnd)
  const inElement = isSpace(follower) && isElement(text, nameStart) ? valueOfElement(text, nameEnd) : undefined
  if (inElement !== undefined) return inElement
  if (follower === OPENING || follower === BLANK) {
    const inSql = isPassword(name.text) ? sqlValue(text, nameStart, nameEnd) : undefined
    if (inSql !== undefined || follower === OPENING) return inSql ?? inBrackets(text, nameEnd)
  }
  if (follower === SEMICOLON || follower === BAR) return randomWord(text, nameEnd + 1)
  const isQuoted = isQuote(follower)
  const quoteEnd = isQuoted ? nameEnd + 1 : follower === BACKSLASH ? after(text, QUOTED, nameEnd) : -1
  if (quoteEnd < 0 && follower === BACKSLASH) return entityValue(text, nameEnd) ?? afterEscapedSign(text, nameEnd)
  const end = Math.max(quoteEnd, nameEnd)
  const columns = columnValues(text, end)
  if (columns !== undefined) return columns
  if (quoteEnd >= 0) {
    const part = partOfForm(text, quoteEnd)
    if (part !== undefined) return part
    const element = isAttribute(text, nameStart) ? textAfterAttribute(text, quoteEnd) : undefined
    if (element !== undefined) return element
  }
  const sign = separatorAfter(end)
  const separator = sign < 0 && isSpace(codeAt(end)) ? separatorInWords(text, end) : sign
  if (separator >= 0) {
    const sign = codeAt(separator - 1) === COLON ? ':' : '='
    return readValue(text, { name, at: separator, separator: sign, opening: text[nameStart - 1], nameStart })
  }
  const pointed = isSpace(codeAt(end)) ? arrowValue(text, name, nameStart, end) : undefined
  if (pointed !== undefined) return pointed
  const apart = quoteEnd >= 0 ? valueApart(text, name, quoteEnd, text[nameStart - 1]) : undefined
  if (apart !== undefined) return apart
  const before = quoteEnd >= 0 && isAttribute(text, nameStart) ? valueBefore(text, nameStart) : undefined
  if (before !== undefined) return before
  // The name of another secret is often in quotation marks: `secret "db-url" not found`.
  const quoted = follower === BLANK && isQuote(codeAt(nameEnd + 1)) && name.kind.isPassword ? nameEnd + 1 : -1
  if (quoted >= 0) return quotedValue(text, quoted)
  if (isSpace(follower) && (codeAt(nameEnd + 1) | 32) === LETTER_I) {
    const inList = after(text, IN_LIST, nameEnd)
    if (inList >= 0) return { start: inList, end: lastBefore(text, ')', inList), next: inList }
  }
  if (follower === BLANK && codeAt(nameStart) === HYPHEN && codeAt(nameStart + 1) !== HYPHEN) {
    return startsSentence(text, nameEnd + 1) ? undefined : word(text, nameEnd + 1)
  }
  // `--password hunter2`
  if (follower === BLANK && name.text.startsWith('--')) return word(text, nameEnd + 1)
  if (follower === BLANK && isAfterLogin(text, nameStart)) {
    const { start, end } = word(text, nameEnd + 1)
    return unlessState(text, start, end)
  }
  if (follower === BLANK && name.kind.isCode) {
    const code = after(text, SAID_CODE, nameEnd)
    if (code >= 0) return { start: code, end: after(text, DIGITS, code), next: code }
  }
  if (follower === NEW_LINE || follower === RETURN) {
    const value = after(text, NEXT_VALUE, nameEnd)
    if (value >= 0) return readValue(text, { name, at: value, separator: ':', opening: undefined })
  }
  const bracketed = follower === BLANK ? inBrackets(text, nameEnd + 1) : undefined
  if (bracketed !== undefined) return bracketed
  return isSpace(follower) && !(name.kind.isPass && isVerdict(text, nameStart, nameEnd))
    ? saidValue(text, name, nameEnd)
    : undefined
}

/** `token\u003d…\u0026page…`, as some writers of JSON escape a URL. */
function afterEscapedSign(text: string, nameEnd: number): Found | undefined {
  const start = after(text, ESCAPED_SIGN, nameEnd)
  if (start < 0) return undefined
  const end = after(text, UNESCAPED, start)
  return { start, end, next: end }
}

const ESCAPED_SIGN = /\\+u003[DdAa]/y
const UNESCAPED = /[^\s\\"'&<>]*/y

/** `result=pass`, `verdict: pass`, `PASS`, and `pass offered=40`, which another field follows. */
function isVerdict(text: string, nameStart: number, nameEnd: number): boolean {
  let before = nameStart
  while (before > nameStart - 8 && isSpace(codeAt(before - 1))) before--
  const sign = codeAt(before - 1)
  if (sign === COLON || sign === EQUALS || text.startsWith('PASS', nameStart)) return true
  return after(text, NEXT_FIELD, nameEnd) >= 0
}

const NEXT_FIELD = /\s{1,8}[A-Za-z_]\w{0,40}=/y
const EQUALS = 61
const [COLON, LESS, GREATER, PERCENT, AMPERSAND, OPENING, NEW_LINE, RETURN] = [58, 60, 62, 37, 38, 40, 10, 13]
const isPassword = (name: string) => name.length === 8 && name.toLowerCase() === 'password'
const isQuote = oneOf(`"'\``)
