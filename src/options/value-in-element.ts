import { after, codeAt, type Found, oneOf, Search, SPACE } from './found.ts'
import { isMessage } from './sentence.ts'
import { word } from './value-enclosed.ts'

const TEXT_OF_ELEMENT = /[^\s<]*/y

/** The text of the element after a pattern. */
export function nextText(text: string, pattern: RegExp, from: number): Found | undefined {
  const start = after(text, pattern, from)
  if (start < 0) return undefined
  const at = text.indexOf('<', start)
  const end = at < 0 ? text.length : at
  return { start, end, next: end }
}

/** The text of the element whose name is in an attribute: `<entry key="password">…</entry>`, perhaps within another element. */
export function textAfterAttribute(text: string, quoteEnd: number): Found | undefined {
  // Few texts contain markup. A pattern would read 200 characters at each of many attributes.
  const markup = MARKUP.from(text, quoteEnd)
  if (codeAt(markup) !== GREATER || markup > quoteEnd + 201) return undefined
  return nextText(text, ELEMENT_AFTER, quoteEnd)
}

const ELEMENT_AFTER = /(?:\s[^<>]{0,200})?>\s{0,80}(?:<(?:value|string\w*)(?:\s[^<>]{0,200})?>)?(?=[^<]{1,4096}<\/)/y
const isMarkup = oneOf('<>')
const MARKUP = new Search((text, from) => {
  let at = from
  while (at < text.length && !isMarkup(codeAt(at))) at++
  return at
})

/** Whether a name is that of an element or object: `<entry key="password">`, `{"name":"password"}`. */
export function isAttribute(text: string, nameStart: number): boolean {
  return attributeBefore(text, nameStart) >= 0
}

/** The index of `name` in `name="` before a name, or -1. */
function attributeBefore(text: string, nameStart: number): number {
  let at = nameStart
  while (at > nameStart - 40 && isOfName(codeAt(at - 1))) at--
  const end = wordBeforeSign(at)
  if (end < 0) return -1
  let start = end
  while (start > end - MAX_ATTRIBUTE && isOfWord(codeAt(start - 1))) start--
  return !isOfWord(codeAt(start - 1)) && ATTRIBUTES.has(text.slice(start, end).toLowerCase()) ? start : -1
}

const ATTRIBUTES = new Set(['name', 'key', 'field', 'property', 'type'])
const MAX_ATTRIBUTE = 8

/** The index after the word in `name="`, `"name": \"` or `name='` before an index, or -1. */
function wordBeforeSign(index: number): number {
  let at = index - 1
  if (!isQuote(codeAt(at))) return -1
  if (codeAt(at - 1) === BACKSLASH) at--
  if (isSpace(codeAt(at - 1))) at--
  const sign = codeAt(--at)
  if (sign !== COLON && sign !== EQUALS) return -1
  if (isSpace(codeAt(at - 1))) at--
  if (isQuote(codeAt(at - 1))) at--
  return codeAt(at - 1) === BACKSLASH ? at - 1 : at
}

/** `{"value":"…","name":"password"}`, `<input value="…" name="password">`, with up to three attributes between them. */
export function valueBefore(text: string, nameStart: number): Found | undefined {
  let attribute = attributeBefore(text, nameStart)
  for (let between = 0; between < 4 && attribute >= 0; between++) {
    let at = attribute
    if (isQuote(codeAt(at - 1))) at--
    if (codeAt(at - 1) === BACKSLASH) at--
    const gap = at
    while (at > gap - 40 && isSpaceOrComma(codeAt(at - 1))) at--
    const quote = codeAt(at - 1)
    if (at === gap || !isQuote(quote)) return undefined
    const end = codeAt(at - 2) === BACKSLASH ? at - 2 : at - 1
    let start = end
    while (start > end - MAX_VALUE && !endsValue(codeAt(start - 1))) start--
    if (start === end || codeAt(start - 1) !== quote) return undefined
    const wordEnd = wordBeforeSign(start)
    let word = wordEnd
    while (word > wordEnd - MAX_ATTRIBUTE && isOfWord(codeAt(word - 1))) word--
    if (VALUES.has(text.slice(word, wordEnd).toLowerCase()) && precedesValue(codeAt(word - 1)))
      return isMessage(text, start, end) ? undefined : { start, end, next: nameStart }
    while (word > wordEnd - MAX_NAME && isOfName(codeAt(word - 1))) word--
    attribute = word < wordEnd ? word : -1
  }
  return undefined
}

const VALUES = new Set(['value', 'content', 'input'])
const MAX_VALUE = 300
const MAX_NAME = 20

/** `<token value="…"/>`, `<password type="text">…</password>` */
export function valueOfElement(text: string, nameEnd: number): Found | undefined {
  const attribute = after(text, VALUE_IN_TAG, nameEnd)
  return attribute < 0 ? nextText(text, REST_OF_TAG, nameEnd) : word(text, attribute)
}

const VALUE_IN_TAG = /\s(?:[^<>]{0,200}?\s)?(?:value|text|content|data|default)\s{0,8}=\s{0,8}(?=["'])/iy
const REST_OF_TAG = /\s[^<>]{0,200}>(?=[^<>]{1,4096}<\/)/y

export function isElement(text: string, nameStart: number): boolean {
  const before = codeAt(nameStart - 1)
  return before === LESS || (before === COLON && text.slice(Math.max(0, nameStart - 20), nameStart).includes('<'))
}

/** `<password>…</password>`, complete or truncated, but not the placeholder in `usage: login <password> <host>`. */
export function elementText(text: string, start: number): Found {
  if (text.startsWith('<![CDATA[', start)) {
    const close = text.indexOf(']]>', start)
    const end = close < 0 ? text.length : close
    return { start: start + 9, end, next: end }
  }
  const at = text.indexOf('<', start)
  if (at >= 0 && text.startsWith('</', at)) return { start, end: at, next: at }
  const end = after(text, TEXT_OF_ELEMENT, start)
  return { start, end, next: end }
}

const isQuote = oneOf(`"'`)
const isSpace = oneOf(SPACE)
const isSpaceOrComma = oneOf(`${SPACE},`)
const precedesValue = oneOf(`${SPACE},{;"'\\`)
const endsValue = oneOf(`"'\n\0`)
const isOfWord = oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_')
const isOfName = oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-')
const [BACKSLASH, COLON, EQUALS, LESS, GREATER] = [92, 58, 61, 60, 62]
