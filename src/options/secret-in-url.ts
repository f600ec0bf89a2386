import { after, MASK, nextOf, none, oneOf, SPACE, type Found } from './found.ts'
import { looksGenerated, looksRandom } from './sentence.ts'

// Patterns are made once: a literal within a function is made with every call.
const WEB = /(?<=(?:^|[^a-z])(?:https?|wss?)):/iy
const HOST = /^(?:\[[\da-f:.%]*\]|[\w.,~%-]*)(?::\d{1,5})?(?:,[\w.,:-]*)?$/i
const HOST_BEFORE_PATH = /(?:\[[\da-f:.%]+\]|[\w.-]+)(?::\d{1,5})?(?=[/?#,]|$)/iy

const MAX_AUTHORITY = 1024

/** `scheme://user:password@host`: the user name stays, as it is needed to find a mistake. */
export function credentialsOfUrl(text: string, index: number): Found {
  const from = index + 3
  const firstAt = nextOf('@', text, from)
  if (firstAt >= from + MAX_AUTHORITY || firstAt >= text.length) return none(from)
  const nextUrl = nextOf('://', text, from)
  if (nextUrl < firstAt) return none(from)
  const bounded = text.slice(from, Math.min(nextUrl, from + MAX_AUTHORITY))
  const run = bounded.slice(0, endOf(bounded, endsRun))
  const authority = run.slice(0, endOf(run, endsAuthority))
  const isWeb = after(text, WEB, index) >= 0
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

const endsRun = oneOf(`${SPACE}"'\`<>`)
const endsAuthority = oneOf('/?#')
const endsPath = oneOf('?#')

function endOf(text: string, ends: (code: number) => boolean): number {
  let at = 0
  while (at < text.length && !ends(text.charCodeAt(at))) at++
  return at
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
  if (authority.includes('@')) {
    const at = (isWeb ? run.slice(0, endOf(run, endsPath)) : run).lastIndexOf('@')
    return isHostAt(run, at + 1) ? at : authority.lastIndexOf('@')
  }
  if (HOST.test(authority)) {
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
  return after(run, HOST_BEFORE_PATH, from) >= 0
}

/** Parameters of connection strings that say how to connect: what is wrong is often one of them. */
const DRIVER_SETTING = /(?:sslmode|sslnegotiation|channel_binding|connect_timeout|target_session_attrs)=/y

/** Every value of a query string, whatever its name: it may identify a person. */
export function queryValue(text: string, index: number): Found {
  let at = index + 1
  const limit = Math.min(at + MAX_PARAMETER, text.length)
  while (at < limit && !ends(text.charCodeAt(at))) at++
  if (at > index + 1 && text.charCodeAt(at) === EQUALS) return parameter(text, index + 1, at + 1)
  if (text.charCodeAt(index) === AMPERSAND) return none(index + 1)
  while (at < text.length && !ends(text.charCodeAt(at))) at++
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
  while (end < text.length && (!ends(text.charCodeAt(end)) || text[end] === '=' || text[end] === '?')) end++
  return { start: text.startsWith(MASK, start) ? end : start, end, next: end }
}

const MAX_PARAMETER = 100
const AMPERSAND = 38
const EQUALS = 61

/** What ends a name in a query string: white space, quotation marks and what separates. */
const ends = oneOf(`${SPACE}=&?#"'\`<>`)

/** What stands before a token in a path: `/webhook/telegram/<token>`, `/reset/<token>`. */
export const PATH_WORDS =
  'webhook hook token secret invit reset password verif confirm activat unsubscribe magic recover session login signin auth otp apikey api-key share join'.split(
    ' ',
  )

const SLASH = '(?:/|%(?:25)?2f)'
const NEXT = new RegExp(SLASH, 'iy')

/** Begins with a word after which a token may follow. */
export const pathWith = (word: string) => new RegExp(`${SLASH}${word}[a-z_-]{0,20}${SLASH}(?=[^\\s/])`, 'iy')

/** A segment of a path, up to four below the word, that nobody would have written by hand. */
export function tokenInPath(text: string, _: number, from: number): Found | undefined {
  let found: Found | undefined
  let start = from
  for (let depth = 0; depth < 4; depth++) {
    let end = start
    while (end < text.length && isSegment(text.charCodeAt(end))) end++
    const segment = end - start < MIN_TOKEN ? '' : text.slice(start, end)
    if (looksGenerated(segment) && !FILE.test(segment)) found = { start: found?.start ?? start, end, next: end }
    const code = text.charCodeAt(end)
    if (code !== SLASH_CODE && code !== PERCENT) break
    start = after(text, NEXT, end)
    if (start < 0) break
  }
  return found
}

const isSegment = oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~+=-')
const MIN_TOKEN = 10
const SLASH_CODE = 47
const PERCENT = 37
const FILE = /\.[a-z]{1,5}$/
