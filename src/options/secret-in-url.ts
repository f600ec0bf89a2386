import { after, codeAt, endOfLine, type Found, MASK, none, oneOf, searchOf, SPACE } from './found.ts'
import { looksGenerated, looksRandom } from './sentence.ts'

// Patterns are created once: a literal in a function is created with every call.
const WEB = /(?<=(?:^|[^a-z])(?:https?|wss?)):/iy
const HOST = /^(?:\[[\da-f:.%]*\]|[\w.,~%-]*)(?::\d{1,5})?(?:,[\w.,:-]*)?$/i
const HOST_BEFORE_PATH = /^(?:\[[\da-f:.%]+\]|[\w.-]+)(?::\d{1,5})?(?=[/?#,]|$)/i

const MAX_AUTHORITY = 1024

/** `scheme://user:password@host`: the user name is kept, as it helps to find a mistake. */
export function credentialsOfUrl(text: string, index: number): Found | undefined {
  const from = index + 3
  if (!text.startsWith('://', index) || from >= text.length || !startsHost(codeAt(from))) return undefined
  const nextUrl = NEXT_URL.from(text, from)
  // Too short for a user.
  if (nextUrl < from + 2) return none(from)
  const firstAt = AT.from(text, from)
  if (firstAt >= from + MAX_AUTHORITY || firstAt >= text.length) return none(from)
  const limit = Math.min(nextUrl, from + MAX_AUTHORITY)
  if (firstAt >= limit) return none(from)
  const isWeb = endsScheme(codeAt(index - 1)) && after(text, WEB, index) >= 0
  const at = lastAt(text, { from, limit, firstAt, isWeb })
  if (at <= from) return none(from)
  const colon = endOf(from, at, isColon)
  const hidesUser = (colon === at && isWeb) || looksRandom(text, from, colon)
  if (colon === at && !hidesUser) return none(at)
  return { start: hidesUser ? from : colon + 1, end: at, next: at }
}

const startsHost = (code: number) => code !== 47 && !isSpace(code)
const AT = searchOf('@')
const NEXT_URL = searchOf('://')
const endsScheme = oneOf('psPS')
const endsRun = oneOf(`${SPACE}"'\`<>`)
const endsAuthority = oneOf('/?#')
const endsPath = oneOf('?#')
const isColon = oneOf(':')

/** The first index where `ends` returns true, or the end. */
function endOf(from: number, end: number, ends: (code: number) => boolean): number {
  let at = from
  while (at < end && !ends(codeAt(at))) at++
  return at
}

interface Authority {
  readonly from: number
  /** Index of the next URL, or of the maximum length. */
  readonly limit: number
  /** Index of the first `@`. */
  readonly firstAt: number
  readonly isWeb: boolean
}

/** Index of the end of the user information, or -1: passwords may contain `@`, `/`, `?`, `:`, quotes and spaces. */
function lastAt(text: string, { from, limit, firstAt, isWeb }: Authority): number {
  // The text up to white space or a quote, and its part before the path.
  const runEnd = endOf(from, limit, endsRun)
  const authorityEnd = endOf(from, runEnd, endsAuthority)
  if (firstAt < authorityEnd) {
    const end = isWeb ? endOf(authorityEnd, runEnd, endsPath) : runEnd
    const at = text.lastIndexOf('@', end - 1)
    return isHost(text, at + 1, runEnd) ? at : text.lastIndexOf('@', authorityEnd - 1)
  }
  const authority = text.slice(from, authorityEnd)
  if (HOST.test(authority)) {
    if (isWeb) return -1
    // An apostrophe is not escaped in an encoded password, but ends a string in other texts.
    const whole = endOf(from, limit, isSpace)
    const isCut = text[runEnd] === "'" && runEnd + 1 < whole && !followsQuote(codeAt(runEnd + 1))
    return hostedAt(text, from, isCut ? whole : runEnd)
  }
  if (firstAt < runEnd) return text.lastIndexOf('@', runEnd - 1)
  if (!authority.includes(':')) return -1
  const line = Math.min(endOfLine(text, from), limit)
  return firstAt < line ? text.lastIndexOf('@', line - 1) : -1
}

const isSpace = oneOf(SPACE)
const followsQuote = oneOf(`${SPACE},)]}:;`)

/** In `redis://u:123/4@host` the password looks like a port and a path. */
function hostedAt(text: string, from: number, end: number): number {
  const at = text.slice(from, end).lastIndexOf('@') + from
  return at > from && endOf(from, at, isColon) < at && isHost(text, at + 1, end) ? at : -1
}

function isHost(text: string, from: number, end: number): boolean {
  return HOST_BEFORE_PATH.test(text.slice(from, end))
}

/** Connection settings in connection strings, which are often the mistake and are shown. */
const DRIVER_SETTING = /(?:sslmode|sslnegotiation|channel_binding|connect_timeout|target_session_attrs)=/y

/** Every value of a query string, with any name, as it may identify a person. */
export function queryValue(text: string, index: number): Found | undefined {
  let at = index + 1
  if (at >= text.length || !startsParameter(codeAt(at))) return undefined
  const limit = Math.min(at + MAX_PARAMETER, text.length)
  while (at < limit && !ends(codeAt(at))) at++
  if (at > index + 1 && codeAt(at) === EQUALS) return parameter(text, index + 1, at + 1)
  if (codeAt(index) === AMPERSAND) return none(index + 1)
  while (at < text.length && !ends(codeAt(at))) at++
  if (at - index <= 8) return none(index + 1)
  const value = text.slice(index + 1, Math.min(at, index + 400))
  const isSecret = looksRandom(value) || (value.length >= 16 && !/[,:;]/.test(value))
  return isSecret && /\/\S*$/.test(text.slice(Math.max(0, index - 64), index))
    ? { start: index + 1, end: at, next: at }
    : none(index + 1)
}

function parameter(text: string, nameStart: number, start: number): Found {
  if (after(text, DRIVER_SETTING, nameStart) === start) return none(start)
  let end = start
  while (end < text.length && (!ends(codeAt(end)) || text[end] === '=' || text[end] === '?')) end++
  return { start: text.startsWith(MASK, start) ? end : start, end, next: end }
}

const endsBefore = oneOf(`${SPACE}?&"'`)
const startsParameter = (code: number) => !endsBefore(code)
const MAX_PARAMETER = 100
const AMPERSAND = 38
const EQUALS = 61

/** End of a name in a query string: white space, quotation marks and separators. */
const ends = oneOf(`${SPACE}=&?#"'\`<>`)

/** Words before a token in a path: `/webhook/telegram/<token>`, `/reset/<token>`. */
export const PATH_WORDS =
  'webhook hook token secret invit reset password verif confirm activat unsubscribe magic recover session login signin auth otp apikey api-key key share join'.split(
    ' ',
  )

/** A generated segment of a path, up to four after a segment that begins with one of the words. */
export function tokenInPath(text: string, index: number): Found | undefined {
  const word = afterSlash(index)
  if (word < 0) return undefined
  let wordEnd = word
  while (wordEnd < word + MAX_WORD && isOfWord(codeAt(wordEnd))) wordEnd++
  let start = afterSlash(wordEnd)
  if (start < 0 || start >= text.length || !startsSegment(codeAt(start))) return undefined
  const known = wordIn(word, wordEnd)
  if (known === undefined) return undefined
  const code = CODE_WORDS.has(known) ? after(text, CODE, start) : -1
  if (code >= 0) return { start, end: code, next: code }
  let found: Found | undefined
  for (let depth = 0; depth < 4; depth++) {
    let end = start
    while (end < text.length && isSegment(codeAt(end))) end++
    const segment = end - start < MIN_TOKEN ? undefined : text.slice(start, end)
    if (segment !== undefined && looksGenerated(segment) && !FILE.test(segment))
      found = { start: found?.start ?? start, end, next: end }
    start = afterSlash(end)
    if (start < 0) break
  }
  return found
}

/** The index after a slash, which may be encoded once or twice, or -1. */
function afterSlash(at: number): number {
  const code = codeAt(at)
  if (code === SLASH) return at + 1
  if (code !== PERCENT) return -1
  const digits = codeAt(at + 1) === TWO && codeAt(at + 2) === FIVE ? at + 3 : at + 1
  return codeAt(digits) === TWO && (codeAt(digits + 1) | 32) === LETTER_F ? digits + 2 : -1
}

/** The word with which a range begins, if at most 20 other characters follow. */
function wordIn(from: number, end: number): string | undefined {
  for (const word of WORDS_BY_LETTER[(codeAt(from) | 32) - LETTER_A] ?? NO_WORDS)
    if (end - from >= word.length && end - from <= word.length + MAX_REST && isWordAt(from, word)) return word
  return undefined
}

function isWordAt(from: number, word: string): boolean {
  for (let at = 0; at < word.length; at++) {
    const code = codeAt(from + at)
    if (word.charCodeAt(at) !== (code === HYPHEN ? code : code | 32)) return false
  }
  return true
}

/** Words before a code that consists of digits: `/reset/493021`. */
const CODE_WORDS = new Set('reset verif confirm activat magic recover otp'.split(' '))
const CODE = /\d{4,10}(?![\w.-])/y
const NO_WORDS: readonly string[] = []

const LETTER_A = 97
const WORDS_BY_LETTER = Array.from({ length: 26 }, (_, letter) =>
  PATH_WORDS.filter((word) => word.charCodeAt(0) === LETTER_A + letter),
)
const MAX_REST = 20
const MAX_WORD = 32
const isOfWord = (code: number) => ((code | 32) >= LETTER_A && (code | 32) <= 122) || code === HYPHEN || code === 95
const startsSegment = (code: number) => code !== SLASH && !isSpace(code)

const isSegment = oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~+=-')
const MIN_TOKEN = 10
const [PERCENT, HYPHEN, SLASH, TWO, FIVE, LETTER_F] = [37, 45, 47, 50, 53, 102]
const FILE = /\.[a-z]{1,5}$/

/** `ann:password@host:5432` without a scheme: the password looks random, or the host has a port. */
export function credentialsOfHost(text: string, index: number, _: number, done: number): Found | undefined {
  const from = Math.max(done, index - MAX_CREDENTIALS)
  let start = index
  while (start > from && isOfPassword(codeAt(start - 1))) start--
  if (start === index || codeAt(start - 1) !== COLON) return undefined
  let user = start - 1
  while (user > from && isOfUser(codeAt(user - 1))) user--
  if (user === start - 1 || !(user === 0 || precedesUser(codeAt(user - 1)))) return undefined
  if (ADDRESS.test(text.slice(user, start))) return undefined
  HOST_AFTER.lastIndex = index
  const host = HOST_AFTER.exec(text)
  if (host === null) return undefined
  const [, name = '', port] = host
  const isSecret = looksRandom(text, start, index)
    ? port !== undefined || /\.|^localhost$/.test(name)
    : port !== undefined
  return isSecret ? { start, end: index, next: index } : undefined
}

const MAX_CREDENTIALS = 200
const COLON = 58
const isPart = oneOf(`${SPACE}"'\`<>:@/(){}[],;=`)
const isOfPassword = (code: number) => code !== 0 && !isPart(code)
const isOfUser = oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-')
const precedesUser = oneOf(`${SPACE}"'\`(=,[`)
/** Words before an e-mail address. */
const ADDRESS = /^(?:mailto|e?-?mail|sips?|xmpp|acct|from|to|cc|bcc|user|name|login):$/i
const HOST_AFTER = /@([a-z][\w.-]{0,200}|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:]+\])(:\d{1,5})?(?![\w:])/iy
