import {
  after,
  afterWord,
  codeAt,
  endOfLine,
  type Found,
  lastBefore,
  none,
  oneOf,
  Search,
  searchOf,
  SPACE,
} from './found.ts'
import type { Name } from './secret-names.ts'
import { readValue } from './secret-value.ts'
import { isMessage, looksRandom } from './sentence.ts'
import { word } from './value-enclosed.ts'

// Patterns are created once: a literal in a function is created with every call.
const EMPTY_LINE = /(?:; ?[^\n\r]{0,200})?\r?\n\r?\n/y
const NEXT_ITEM = /\s{0,8},\s{0,200}(?=\\*["'`[])/y
const KEY_END = /\\*["'`]\s{0,8}:/y
const QUOTE_AFTER = /(?:\s+|\()(?=')/y
const VALUES = /\)\s{0,8}(?:=|values?|VALUES?)\s{0,8}\(/y
const PLACEHOLDERS = /(?:\s{0,8}(?:\$\d+|\?|%s|:\w+|DEFAULT|NULL)\s{0,8},?)+\)/y
const ROWS = /(?:'(?:[^']|'')*'|[^)'])*(?:\)\s{0,8},\s{0,8}\((?:'(?:[^']|'')*'|[^)'])*)*/y

/** `ALTER ROLE app WITH PASSWORD '…'`, `SET PASSWORD FOR a = PASSWORD('…')`. */
export function sqlValue(text: string, nameStart: number, nameEnd: number): Found | undefined {
  const quote = after(text, QUOTE_AFTER, nameEnd)
  return quote >= 0 && SQL.test(text.slice(Math.max(0, nameStart - 100), nameStart)) ? word(text, quote) : undefined
}

const SQL = /\b(?:role|user|login|set password)\b[^;\n]*$/i

/** `machine example.com login ann password …` of .netrc */
export function isAfterLogin(text: string, nameStart: number): boolean {
  if (LOGIN.from(text, Math.max(0, nameStart - 86)) > nameStart) return false
  let at = nameStart
  while (at > nameStart - 8 && isSpace(codeAt(at - 1))) at--
  if (at === nameStart) return false
  const userEnd = at
  while (at > userEnd - 64 && codeAt(at - 1) !== 0 && !isSpace(codeAt(at - 1))) at--
  const user = at
  while (at > user - 8 && isSpace(codeAt(at - 1))) at--
  return at < user && user < userEnd && codeAt(user) !== HYPHEN && text.startsWith('login', at - 5)
}

const LOGIN = searchOf('login')
const HYPHEN = 45

/** The index after `:`, `=`, `==` or `=>`, with optional bracket and white space before it, or -1. */
export function separatorAfter(from: number): number {
  let at = from
  if (isClosing(codeAt(at))) at++
  const last = at + 8
  while (at < last && isSpace(codeAt(at))) at++
  if (codeAt(at) === PLUS && codeAt(at + 1) === EQUALS) return at + 2
  const sign = codeAt(at)
  if (sign !== COLON && sign !== EQUALS) return -1
  at++
  if (sign === EQUALS && codeAt(at) === GREATER) return at + 1
  for (let more = 0; more < 2 && codeAt(at) === EQUALS; more++) at++
  return at
}

const PLUS = 43
const isClosing = oneOf(')]')

/** The index after words or an operator before a value: `is:`, `provided:`, `!= '…'`, `LIKE '…'`; or -1. */
export function separatorInWords(text: string, from: number): number {
  let at = from
  while (isSpace(codeAt(at))) at++
  return startsWords(codeAt(at)) ? Math.max(after(text, WORDS, at), after(text, OPERATOR, at)) : -1
}

const startsWords = oneOf('!<>~isgupwrvlIL')
const WORDS =
  /(?:(?:is|was|given|used|provided|received|sent|value|value is|set to|equals)\s{0,8}[:=]|(?:is|was) (?=["']))/iy
const OPERATOR = /(?:!={1,2}|<>|~|i?like)\s{0,8}(?=[NEB]?["'])/iy

/** A text in quotation marks, unless it is a message. */
export function quotedValue(text: string, at: number): Found {
  const { start, end, next } = word(text, at)
  return isMessage(text, start, end) ? none(start) : { start, end, next }
}

/** `token (a1b2c3d4)`, `Token<a1b2c3d4>`. */
export function inBrackets(text: string, at: number): Found | undefined {
  if (!isOpening(codeAt(at))) return undefined
  const start = isQuote(codeAt(at + 1)) ? at + 2 : at + 1
  let end = start
  while (end < start + MAX_WORD && !endsInBrackets(codeAt(end)) && end < text.length) end++
  return looksRandom(text, start, end) ? { start, end, next: end } : undefined
}

const isOpening = oneOf('([<#')
const endsInBrackets = oneOf(`${SPACE}"'\`()[]<>{},;:`)
const MAX_WORD = 512

/** `name="password"`, an empty line, the value: a part of a form. */
export function partOfForm(text: string, quoteEnd: number): Found | undefined {
  if (!startsRest(codeAt(quoteEnd))) return undefined
  const part = after(text, EMPTY_LINE, quoteEnd)
  return part < 0 ? undefined : { start: part, end: endOfLine(text, part), next: part }
}

const startsRest = oneOf(';\r\n')

/** A value apart from its name, which is in quotation marks. */
export function valueApart(text: string, name: Name, quoteEnd: number, before: string | undefined): Found | undefined {
  // `{"name":"password","value":"…"}`, `<input name="password" value="…">`
  if (VALUE_WORD.from(text, quoteEnd) <= quoteEnd + 90) {
    const pair = pairAfter(text, quoteEnd)
    if (pair >= 0) return readValue(text, { name, at: pair, separator: ':', opening: undefined })
  }
  if (!isSpaceOrComma(codeAt(quoteEnd))) return undefined
  const inList = after(text, NEXT_ITEM, quoteEnd)
  if (inList < 0) return undefined
  // Arguments of a Redis command: a user, and the password.
  if (name.text === 'AUTH') return { start: inList, end: lastBefore(text, ']', inList), next: inList }
  const item = readValue(text, { name, at: inList, separator: ',', opening: before })
  // `{"name":"token","type":"string"}`: the next field.
  return item !== undefined && after(text, KEY_END, item.end) >= 0 ? undefined : item
}

const isSpaceOrComma = oneOf(`${SPACE},`)
const VALUE_WORD = new Search((text, from) => nextValue(text, from))
const MARKUP = new Search((text, from) => after(text, NO_MARKUP, from))
const NO_MARKUP = /[^<>{}\n\r]*/y
const VALUE_SIGN = /\\?["']?\s{0,8}[:=]/y

/** The index after the next `value` or `args`, or the end. */
function nextValue(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (!startsValueWord(codeAt(at))) continue
    for (const each of VALUE_WORDS) {
      const end = afterWord(each, at)
      if (end >= 0) return end
    }
  }
  return text.length
}

const VALUE_WORDS = ['value', 'args', 'input', 'received', 'content']
const startsValueWord = oneOf('vaircVAIRC')

/** The index after `value=`, at most 80 characters away in the same element or object, or -1. */
function pairAfter(text: string, from: number): number {
  const markup = MARKUP.from(text, from)
  let end = PAIR.from(text, from)
  if (beforeWord(end) < from) end = nextPair(text, end)
  if (end < text.length && beforeWord(end) <= Math.min(markup, from + 80)) return after(text, VALUE_SIGN, end)
  const isLineEnd = codeAt(markup) === NEW_LINE || codeAt(markup) === RETURN
  return isLineEnd && markup <= from + 80 ? after(text, NEXT_LINE_VALUE, markup) : -1
}

const PAIR = new Search((text, from) => nextPair(text, from))

/** The index after the next `value` or `args` with a sign after it, or the end. */
function nextPair(text: string, from: number): number {
  let end = nextValue(text, from)
  while (end < text.length && !(isBeforeWord(codeAt(beforeWord(end))) && after(text, VALUE_SIGN, end) >= 0))
    end = nextValue(text, end)
  return end
}

/** The index before the letters that end at an index. */
function beforeWord(end: number): number {
  let before = end - 1
  while (before > end - 9 && isLetter(codeAt(before))) before--
  return before
}

const isLetter = oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
const NEXT_LINE_VALUE = /\r?\n\s{0,40}["']?value["']?\s{0,8}[:=]/y
const isBeforeWord = oneOf(`${SPACE},;"'\\`)

/** `Key (tenant, token)=(a, …)` of Postgres, `INSERT INTO users (name, password) VALUES ('a', …)`. */
export function columnValues(text: string, at: number): Found | undefined {
  const first = codeAt(at)
  if (first !== CLOSING && first !== COMMA) return undefined
  const bracket = BRACKET.from(text, at)
  if (bracket > at + 200 || codeAt(bracket) !== CLOSING) return undefined
  const next = codeAt(bracket + 1)
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

const isSpace = oneOf(SPACE)
const isQuote = oneOf(`"'\``)
const [COLON, EQUALS, GREATER, NEW_LINE, RETURN] = [58, 61, 62, 10, 13]
