import { after, codeAt, endOfLine, type Found, none, oneOf } from './found.ts'
import { isSecretName } from './secret-names.ts'
import { isMessage } from './sentence.ts'

// Patterns are created once: a literal in a function is created with every call.
export const QUOTED = /\\*["'`]/y
const BETWEEN_ITEMS = /[\s,]*/y
const NESTED = /\s{0,80}[[{]/y
const REST_OF_LIST = /[^\]\n]*/y
const PLACEHOLDER = /<[\w -]{1,40}>/y
const WORD = /\S*/y
const SHORTHAND = /\{ \w{1,40} \}/y

/** The content of a string literal, including JSON within JSON. */
export function quotedAt(text: string, at: number): Found | undefined {
  const start = isQuote(codeAt(at)) ? at + 1 : after(text, QUOTED, at)
  if (start < 0) return undefined
  const quote = text[start - 1]!
  const triple = start === at + 1 && text.startsWith(quote + quote, start) ? quote.repeat(3) : undefined
  if (triple !== undefined && start + 2 < text.length) {
    const end = text.indexOf(triple, start + 2)
    if (end >= 0) return { start: start + 2, end, next: end }
  }
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

export function word(text: string, start: number): Found {
  // `--token <token>` has a placeholder.
  if (text[start] === '<' && after(text, PLACEHOLDER, start) >= 0) return none(start)
  return quotedAt(text, start) ?? { start, end: after(text, WORD, start), next: start }
}

/** `PASSWORD='a'"b"` of a shell, `'it''s'` of SQL: literals without a space between them. */
export function joinedLiterals(text: string, at: number, first: Found): Found {
  let { next } = first
  while (isQuote(codeAt(next)) && isQuote(codeAt(next + 1)) && codeAt(next + 2) !== codeAt(next + 1))
    next = quotedAt(text, next + 1)!.next
  return next === first.next ? first : { start: at, end: next + 1, next: next + 1 }
}

/** All strings of an array: `["sid=…; Path=/", "csrf=…"]`. */
export function list(text: string, at: number): Found {
  if (after(text, NESTED, at + 1) >= 0) return content(text, at)
  let end = at + 1
  for (;;) {
    const item = quotedAt(text, after(text, BETWEEN_ITEMS, end))
    if (item === undefined) break
    if (end === at + 1 && isMessage(text, item.start, item.end)) return none(item.start)
    end = after(text, QUOTED, item.next - (item.next - item.end))
    if (end < 0) return { start: at + 1, end: item.next, next: item.next }
  }
  const close = after(text, REST_OF_LIST, end)
  return { start: at + 1, end: close, next: close }
}

/** `auth: { token }` in code: names without values. */
export function isShorthand(text: string, at: number): boolean {
  const end = after(text, SHORTHAND, at)
  return end >= 0 && isSecretName(text.slice(at + 2, end - 2))
}

/** Everything between a bracket and the one that closes it, or the end of the text, whatever the values in it are named. */
export function content(text: string, at: number): Found {
  let depth = 0
  let end = at
  for (; end < text.length; end++) {
    const code = codeAt(end)
    if (isOpening(code)) depth++
    else if (isClosingBracket(code)) depth--
    else if (isQuote(code) || code === BACKSLASH) end = quotedAt(text, end)?.next ?? end
    if (depth === 0) break
  }
  return { start: at + 1, end, next: end }
}

const BACKSLASH = 92
const isOpening = oneOf('[{')
const isClosingBracket = oneOf(']}')
const isQuote = oneOf(`"'\``)
