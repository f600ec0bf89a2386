import { FORMATS, PRECEDED_START, precededValue } from './secret-formats.ts'
import { isSecretName, MAX_NAME_LENGTH } from './secret-names.ts'
import { isMessage, looksRandom } from './sentence.ts'

/** A stretch of a text to mask, and where to go on looking. Nothing to mask: `start` equals `end`. */
interface Found {
  readonly start: number
  readonly end: number
  readonly next: number
}

export const MASK = '***'

/**
 * Where a secret may begin. Every alternative is a short literal or consumes what it matches, so that a search over the
 * whole text takes time in proportion to its length, whatever the text.
 */
const TRIGGER = new RegExp(
  [
    `(${FORMATS})`,
    `(${PRECEDED_START})`,
    String.raw`:\/\/(?=[^\s/])`,
    String.raw`-----BEGIN [A-Z ]{0,40}PRIVATE KEY`,
    String.raw`[Rr]ow contains \(`,
    String.raw`[?&](?=[^\s?&"'])`,
    String.raw`\b(?:[Bb]earer|BEARER|[Bb]asic|BASIC|[Dd]igest|[Nn]egotiate)(?:[ ,]|\r?\n[ \t])`,
    `(?:${[
      'pass',
      'pwd',
      'token',
      'secret',
      'credential',
      'auth',
      'cookie',
      'jwt',
      'otp',
      'pin',
      'cvv',
      'cvc',
      'sess',
      'sid',
      'sig',
      'ssn',
      'card',
      'csrf',
      'xsrf',
      'pat',
      'api[-_]?key',
      'access[-_]?key',
      'private[-_]?key',
      'encryption[-_]?key',
      'account[-_]?key',
      'master[-_]?key',
      'subscription[-_]?key',
    ]
      .map(anyCase)
      .join('|')}|_KEY(?![A-Z_]))`,
  ].join('|'),
  'g',
)

/** The text with everything masked that has the form of a secret. Takes time in proportion to the text's length. */
export function maskForms(text: string): string {
  const pieces: string[] = []
  let done = 0
  TRIGGER.lastIndex = 0
  for (let match = TRIGGER.exec(text); match !== null; match = TRIGGER.exec(text)) {
    const found = find(text, match)
    if (found.end > found.start && found.start >= done) {
      pieces.push(text.slice(done, found.start), MASK)
      done = found.end
    }
    TRIGGER.lastIndex = Math.max(found.next, found.end, done)
  }
  line = { text: '', from: 0, end: 0 }
  return pieces.length === 0 ? text : pieces.join('') + text.slice(done)
}

/** The alternatives are told apart by their ends: named groups would cost more than the search. */
function find(text: string, match: RegExpExecArray): Found {
  const { index } = match
  const [found, format, preceded] = match
  const end = index + found.length
  if (format !== undefined) return { start: index, end, next: end }
  if (preceded !== undefined) {
    const value = precededValue(text, index)
    return value === undefined ? none(end) : { ...value, next: value.end }
  }
  const [first, last] = [found[0], found.at(-1)]
  if (first === '?' || first === '&') return queryValue(text, index)
  if (first === ':') return credentialsOfUrl(text, index)
  if (first === '-') return privateKey(text, index)
  if (last === '(') return { start: end, end: Math.max(end, lastBefore(text, ')', end)), next: end }
  if (last === ' ' || last === ',' || last === '\t') return schemeValue(text, end, found)
  return namedValue(text, index)
}

const none = (next: number): Found => ({ start: next, end: next, next })

function anyCase(pattern: string): string {
  return pattern.replace(/(?<!\[[^\]]*)[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
}

/** Matches a pattern (with the flag `y`) at one place. @returns the place after it, or -1 */
function after(text: string, pattern: RegExp, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

/** The line looked at last: a long one is asked for its end many times. */
let line = { text: '', from: 0, end: 0 }

function endOfLine(text: string, from: number): number {
  if (line.text !== text || from < line.from || from > line.end) line = { text, from, end: after(text, LINE, from) }
  return line.end
}

const LINE = /[^\n\r]*/y

/** The last place of a character in the rest of the line, or its end. */
function lastBefore(text: string, character: string, from: number): number {
  const end = endOfLine(text, from)
  const at = text.slice(from, end).lastIndexOf(character)
  return at < 0 ? end : from + at
}

const MAX_AUTHORITY = 1024

/** `scheme://user:password@host`: the user name stays, as it is needed to find a mistake. */
function credentialsOfUrl(text: string, index: number): Found {
  const from = index + 3
  const window = text.slice(from, from + MAX_AUTHORITY)
  const nextUrl = window.indexOf('://')
  const bounded = nextUrl < 0 ? window : window.slice(0, nextUrl)
  const run = /^[^\s"'`<>]*/.exec(bounded)![0]
  const authority = /^[^/?#]*/.exec(run)![0]
  const isWeb = /(?:^|[^a-z])(?:https?|wss?)$/i.test(text.slice(Math.max(0, index - 6), index))
  const at = lastAt({ bounded, run, authority, isWeb })
  if (at <= 0) return none(from)
  const userinfo = bounded.slice(0, at)
  const colon = userinfo.indexOf(':')
  const user = colon < 0 ? userinfo : userinfo.slice(0, colon)
  const hidesUser = looksRandom(user) || (colon < 0 && isWeb)
  const start = hidesUser || colon < 0 ? from : from + colon + 1
  if (colon < 0 && !hidesUser) return none(from + at)
  return { start, end: from + at, next: from + at }
}

interface Authority {
  /** The text up to the next URL. */
  readonly bounded: string
  /** Without what white space and quotes cut off. */
  readonly run: string
  /** Up to the path. */
  readonly authority: string
  readonly isWeb: boolean
}

/** Where the user information ends: passwords may hold `@`, `/`, `?`, `:`, quotes and spaces, encoded or not. */
function lastAt({ bounded, run, authority, isWeb }: Authority): number {
  const isHost = /^(?:\[[\da-f:.%]*\]|[\w.,~%-]*)(?::\d{1,5})?(?:,[\w.,:-]*)?$/i.test(authority)
  if (authority.includes('@')) {
    const beforeQuery = /^[^?#]*/.exec(run)![0]
    const at = (isWeb ? beforeQuery : run).lastIndexOf('@')
    return isHostAt(run, at + 1) ? at : authority.lastIndexOf('@')
  }
  if (isHost) {
    // An apostrophe stays as it is when a password is encoded, and ends a string in other texts.
    const whole = /^\S*/.exec(bounded)![0]
    const isCut = /^'[^\s,)\]}:;]/.test(whole.slice(run.length))
    return isWeb ? -1 : hostedAt(isCut ? whole : run)
  }
  if (run.includes('@')) return run.lastIndexOf('@')
  const line = /^[^\n\r]*/.exec(bounded)![0]
  return authority.includes(':') ? line.lastIndexOf('@') : -1
}

/** In `redis://u:123/4@host` the password looks like a port and a path. */
function hostedAt(run: string): number {
  const at = run.lastIndexOf('@')
  return at > 0 && run.includes(':') && run.indexOf(':') < at && isHostAt(run, at + 1) ? at : -1
}

function isHostAt(run: string, from: number): boolean {
  return after(run, /(?:\[[\da-f:.%]+\]|[\w.-]+)(?::\d{1,5})?(?=[/?#,]|$)/iy, from) >= 0
}

/** A private key in PEM form, whole or cut off. */
function privateKey(text: string, index: number): Found {
  const footer = text.indexOf('-----END', index)
  const end = footer < 0 ? text.length : after(text, /-----END [A-Z ]{0,40}(?:-----)?/y, footer)
  return { start: index, end: Math.max(end, index), next: Math.max(end, index) }
}

/** Parameters of connection strings that say how to connect: what is wrong is often one of them. */
const DRIVER_SETTING = /(?:sslmode|sslnegotiation|channel_binding|connect_timeout|target_session_attrs)=/y

/** Every value of a query string, whatever its name: it may identify a person. */
function queryValue(text: string, index: number): Found {
  const start = after(text, /[^\s=&?#"'`<>]{1,100}=/y, index + 1)
  if (start >= 0) {
    if (after(text, DRIVER_SETTING, index + 1) === start) return none(start)
    const end = after(text, /[^&\s#"'`<>]*/y, start)
    return { start, end: text.startsWith(MASK, start) ? start : end, next: end }
  }
  const end = after(text, /[^\s&=?#"'`<>]*/y, index + 1)
  const isPath =
    text[index] === '?' &&
    text
      .slice(Math.max(0, index - 64), index)
      .split(/\s/)
      .at(-1)!
      .includes('/')
  const value = text.slice(index + 1, Math.min(end, index + 400))
  const isSecret = isPath && (looksRandom(value) || (value.length >= 16 && !/[\s,:;]/.test(value)))
  return isSecret ? { start: index + 1, end, next: end } : none(index + 1)
}

const SCHEME_WORDS =
  /(?:tokens?|auth\w*|scheme|realm|credentials?|headers?|information|access|requests?|usage|challenge|is|was|are|and|or|with|for|of)\b/iy

/** What a server says of a credential: `WWW-Authenticate: Bearer error="invalid_token"`. */
const CHALLENGE = /(?:realm|error|error_description|error_uri|scope|charset|title|resource_metadata)\s?=/iy

/** `Bearer …`, `Basic …` and the parameters of `Digest …`. */
function schemeValue(text: string, from: number, scheme: string): Found {
  const start = after(text, /[ ,]*/y, from)
  if (/digest/i.test(scheme) && after(text, /\w+=/y, start) >= 0) {
    const end = endOfLine(text, start)
    return { start, end, next: end }
  }
  if (after(text, SCHEME_WORDS, start) >= 0 || after(text, CHALLENGE, start) >= 0) return none(start)
  const end = after(text, /[\w.~+/=:-]*/y, start)
  return end - start >= 6 ? { start, end, next: end } : none(start)
}

/** The value that follows a name which says that it is secret. */
function namedValue(text: string, index: number): Found {
  let nameStart = index
  while (nameStart > index - MAX_NAME_LENGTH && isNameCharacter(text.charCodeAt(nameStart - 1))) nameStart--
  let nameEnd = index
  while (nameEnd < index + MAX_NAME_LENGTH && isNameCharacter(text.charCodeAt(nameEnd))) nameEnd++
  // A quotation mark in a URL is no part of the name.
  if (text[nameStart - 1] === '%') nameStart = Math.max(nameStart, after(text, /(?:25)?22(?=[A-Za-z])/y, nameStart))
  const name = text.slice(nameStart, nameEnd)
  if (!FOLLOWED.includes(text[nameEnd] ?? '-') || !isSecretName(name)) return none(nameEnd)
  return valueAfter(text, name, nameStart, nameEnd) ?? none(nameEnd)
}

/** Letters, digits, `_`, `$` and `-`. False for NaN, before the text's first character. */
function isNameCharacter(code: number): boolean {
  if (code >= 97) return code <= 122
  if (code >= 65) return code <= 90 || code === 95
  return (code >= 48 && code <= 57) || code === 45 || code === 36
}

const QUOTED = /\\*["'`]/y
/** What can stand between a name and its value. */
const FOLLOWED = `:= \t\n\r"'\`\\)]>,%`
const HEADER = /^(?:proxy-)?authorization$|^(?:set-)?cookie2?$/i

function valueAfter(text: string, name: string, nameStart: number, nameEnd: number): Found | undefined {
  const before = text[nameStart - 1]
  const element = before === '<' || (before === ':' && text.slice(Math.max(0, nameStart - 20), nameStart).includes('<'))
  if (element && text[nameEnd] === '>') return elementText(text, nameEnd + 1)
  if (text[nameEnd] === '%') return percentValue(text, nameEnd)
  const quoteEnd = after(text, QUOTED, nameEnd)
  const columns = columnValues(text, Math.max(quoteEnd, nameEnd))
  if (columns !== undefined) return columns
  if (quoteEnd >= 0) {
    // `{"name":"password","value":"…"}`, `<input name="password" value="…">`
    const pair = after(text, PAIR, quoteEnd)
    if (pair >= 0) return readValue(text, { name, at: pair, separator: ':', opening: undefined })
    // `name="password"`, an empty line, the value: a part of a form.
    const part = after(text, /(?:; ?[^\n\r]{0,200})?\r?\n\r?\n/y, quoteEnd)
    if (part >= 0) return { start: part, end: endOfLine(text, part), next: part }
    const inList = after(text, /\s{0,8},\s{0,200}(?=\\*["'`[])/y, quoteEnd)
    if (inList >= 0) return readValue(text, { name, at: inList, separator: ',', opening: before })
  }
  const separator = after(text, /[)\]]?\s{0,8}(?:=>|[:=]=?=?)/y, Math.max(quoteEnd, nameEnd))
  if (separator >= 0) {
    const last = text[separator - 1]
    const sign = last === ':' ? ':' : '='
    return readValue(text, { name, at: separator, separator: sign, opening: before })
  }
  // `--password hunter2`
  if (name.startsWith('--') && text[nameEnd] === ' ') return word(text, nameEnd + 1)
  const said = after(text, /(?:\s+(?:is|was|value|number))?\s+["'`]?/y, nameEnd)
  if (said < 0) return undefined
  const end = after(text, /[^\s"'`,;]*/y, said)
  return looksRandom(text.slice(said, Math.min(end, said + 400)).replace(/[.:)]+$/, ''))
    ? { start: said, end, next: end }
    : undefined
}

const PAIR = /[^<>{}\n\r]{0,80}?[\s,;"'\\](?:value|args)\\?["']?\s{0,8}[:=]/iy

/** `<password>…</password>`, whole or cut off. `usage: login <password> <host>` names what is to be given. */
function elementText(text: string, start: number): Found {
  const at = text.indexOf('<', start)
  if (at >= 0 && text.startsWith('</', at)) return { start, end: at, next: at }
  const end = after(text, /[^\s<]*/y, start)
  return { start, end, next: end }
}

/** What follows a name in a URL: `password%22%3A%22…`, `password%3D…`. Text that is encoded twice has `%25` for `%`. */
function percentValue(text: string, nameEnd: number): Found | undefined {
  const quoted = after(text, /%(?:25)?22(?:%(?:25)?20|\+)?%(?:25)?3[Aa](?:%(?:25)?20|\+)?%(?:25)?22/y, nameEnd)
  const start = quoted >= 0 ? quoted : after(text, /%(?:25)?3[DdAa]/y, nameEnd)
  if (start < 0) return undefined
  const pattern = quoted >= 0 ? /(?:(?!%(?:25)?22)[^\s&"'<>])*/y : /(?:(?!%(?:25)?26)[^\s&"'<>])*/y
  const end = after(text, pattern, start)
  return { start, end, next: end }
}

/** `Key (tenant, token)=(a, …)` of Postgres, `INSERT INTO users (name, password) VALUES ('a', …)`. */
function columnValues(text: string, at: number): Found | undefined {
  if (text[at] !== ')' && text[at] !== ',') return undefined
  const start = after(text, /[^()]{0,200}\)\s{0,8}(?:=|values?|VALUES?)\s{0,8}\(/y, at)
  if (start < 0) return undefined
  if (after(text, /(?:\s{0,8}(?:\$\d+|\?|%s|:\w+|DEFAULT|NULL)\s{0,8},?)+\)/y, start) >= 0) return none(start)
  const rows = after(text, /(?:'(?:[^']|'')*'|[^)'])*(?:\)\s{0,8},\s{0,8}\((?:'(?:[^']|'')*'|[^)'])*)*/y, start)
  const end = Math.max(rows, lastBefore(text, ')', start))
  return { start, end, next: end }
}

interface ValuePlace {
  readonly name: string
  readonly at: number
  /** `:`, `=` or `,`. */
  readonly separator: string
  /** The character before the name: a quote that it stands in, for instance. */
  readonly opening: string | undefined
}

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

function readValue(text: string, place: ValuePlace): Found | undefined {
  const { name, separator, opening } = place
  const at = after(text, separator === ',' ? /\s*/y : /[ \t]*(?:\r?\n[ \t]+(?=\\*["'`]))?/y, place.at)
  const block = separator === ':' ? after(text, /[|>][+-]?\r?\n/y, at) : -1
  if (block >= 0) return { start: at, end: after(text, /[|>][+-]?(?:\r?\n[ \t]+[^\n\r]*)*/y, at), next: at }
  if (after(text, HARMLESS, at) >= 0) return none(at)
  if (after(text, /tokens$/i.test(name) ? NUMBER : PASSED, at) >= 0 && COUNTED.test(name)) return none(at)
  // The next field of JSON follows without a space.
  const number = separator === ':' ? after(text, /\d{1,40}(?=\s{0,8}[,}\]])/y, at) : -1
  if (number >= 0) return { start: at, end: number, next: number }
  const quoted = quotedAt(text, at)
  if (quoted !== undefined) return isMessage(text.slice(quoted.start, quoted.end)) ? none(quoted.start) : quoted
  const next = text[at]
  if (next === '[') return list(text, at)
  if (next === '{') return /cookies?$|credentials?$|secrets?$|tokens?$/i.test(name) ? upTo(text, at + 1, '}') : none(at)
  if (next === '(') return { start: at + 1, end: lastBefore(text, ')', at + 1), next: at }
  if (next === undefined || /[\n\r]/.test(next)) return none(at)
  const isHeader =
    HEADER.test(name) || after(text, /(?:bearer|basic|digest|negotiate|token|apikey|aws4-hmac-sha256)\s/iy, at) >= 0
  if (isHeader && after(text, RULE, at) < 0) return headerValue(text, at, opening)
  return separator === '=' && text[place.at] !== ' ' ? assigned(text, at) : clause(text, name, at)
}

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
    const item = quotedAt(text, after(text, /[\s,]*/y, end))
    if (item === undefined) break
    if (end === at + 1 && isMessage(text.slice(item.start, item.end))) return none(item.start)
    end = after(text, QUOTED, item.next - (item.next - item.end))
    if (end < 0) return { start: at + 1, end: item.next, next: item.next }
  }
  const close = after(text, /[^\]\n]*/y, end)
  return { start: at + 1, end: close, next: close }
}

function upTo(text: string, start: number, character: string): Found {
  const at = text.indexOf(character, start)
  const end = at < 0 ? text.length : at
  return { start, end, next: end }
}

function word(text: string, start: number): Found {
  return quotedAt(text, start) ?? { start, end: after(text, /\S*/y, start), next: start }
}

/** To the end of the line, or of the string that the header stands in. Its value may hold spaces, quotes and semicolons. */
function headerValue(text: string, start: number, opening: string | undefined): Found {
  const scheme = after(text, /(?:bearer|basic|digest|negotiate|token|apikey)[ \t]*\r?\n[ \t]+/iy, start)
  const line = endOfLine(text, Math.max(scheme, start))
  const isQuoted = opening !== undefined && `"'\``.includes(opening)
  const quote = isQuoted ? text.indexOf(opening, start) : after(text, /[^"'`\n\r]*(?=["'`](?:[\s,)\]}]|$))/my, start)
  const end = quote < 0 || quote > line ? line : quote
  return { start, end, next: end }
}

/** `password=…`, up to white space or what separates it from the next. */
function assigned(text: string, start: number): Found {
  const end = after(text, /(?:[^\s&"'`;,)\]}]|["'`)\]}](?![\s,:)\]}"'`]|$)|[;,](?!\s|$|[\w-]{1,40}=))*/y, start)
  return { start, end, next: end }
}

const VERB = /\b(?:should|must|not|to|will|would|can|may|does|did|tests?|checks?|all) pass: *$/i

/** `password: …`, up to the end of the clause: a passphrase has spaces. A sentence about the value stays readable. */
function clause(text: string, name: string, start: number): Found {
  // `must not PASS: run not awaited`, `should pass: the token is sent`
  const isVerb = name === 'PASS' || VERB.test(text.slice(Math.max(0, start - 24), start))
  const isProse = after(text, SENTENCE, start) >= 0 || (isVerb && after(text, /[^\s,;]{1,80}[ ,;]+\S/y, start) >= 0)
  if (!isProse) {
    const end = after(text, /(?:[^\n\r,;"'`)\]}]|[,;](?=\S)|["'`)\]}](?![\s,:;)\]}]|$))*/y, start)
    return { start, end, next: end }
  }
  const end = after(text, /(?:[^\n\r,;"'`)\]}]|[,;](?=\S)|["'`)\]}](?![\s,:;)\]}]|$)){0,120}/y, start)
  let at = start
  for (const part of text.slice(start, end).split(/(\s+)/)) {
    if (looksRandom(part)) return { start: at, end: at + part.length, next: at + part.length }
    at += part.length
  }
  return none(start)
}
