import {
  after,
  codeAt,
  endOfLine,
  type Found,
  lastBefore,
  none,
  oneOf,
  release,
  searchOf,
  SPACE,
  take,
} from './found.ts'
import { Masked } from './masked.ts'
import { escapedName, namedValue } from './secret-by-name.ts'
import { FORMATS, PRECEDED, preceded } from './secret-formats.ts'
import { credentialsOfHost, credentialsOfUrl, PATH_WORDS, queryValue, tokenInPath } from './secret-in-url.ts'

// Patterns are created once: a literal in a function is created with every call.
const BEFORE_CREDENTIALS = /[ ,]*/y
const PARAMETER = /\w+=/y
const CREDENTIALS = /[\w.~+/=:-]*/y

type Read = (text: string, index: number, end: number, done: number) => Found | undefined

/** A possible start of a secret. */
class Trigger {
  /** First three characters, in lower case; any character may follow a shorter start. */
  readonly starts: readonly string[]
  /** Lower-case letters, found in any case; empty if `read` searches itself. */
  readonly word: string | undefined
  /** With the flag `y`. */
  readonly pattern: RegExp
  /** Returns the range to mask; undefined if another trigger may match. The trigger is from `index` to `end`, `done` is the end of the range masked last. */
  readonly read: Read

  constructor(starts: readonly string[], given: RegExp | string, read: Read) {
    this.starts = starts
    this.word = typeof given === 'string' ? given : undefined
    this.pattern = typeof given === 'string' ? NOTHING : given
    this.read = read
  }
}

const NOTHING = /(?!)/y

const whole = (_: string, start: number, end: number): Found => ({ start, end, next: end })

/** Parts of names that may be secret. */
const NAMES =
  'pass pwd token secret credential auth cookie jwt otp pin cvv cvc sess sid sig ssn card csrf xsrf pat api[-_]?key access[-_]?key private[-_]?key encryption[-_]?key account[-_]?key master[-_]?key subscription[-_]?key client[-_]?key recovery[-_]?code backup[-_]?code'.split(
    ' ',
  )

/** All triggers; the first match at an index applies. */
const TRIGGERS: readonly Trigger[] = [
  ...FORMATS.map(({ starts, pattern }) => new Trigger(starts, pattern, whole)),
  ...PRECEDED.map((known) => new Trigger(known.starts, known.pattern, (text, index) => preceded(text, known, index))),
  new Trigger(['://'], '', credentialsOfUrl),
  new Trigger(['---'], /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/y, privateKey),
  new Trigger(['pri'], /Private-Lines: \d{1,4}\r?\n/y, (text, _, end) => upTo(text, end, 'Private-MAC')),
  new Trigger(['@tc', '@un', '@ud'], /@(?:tcp|unix|udp)6?\(/y, credentialsBefore),
  new Trigger(['@'], '', credentialsOfHost),
  new Trigger(['row'], /[Rr]ow contains \(/y, (text, _, end) => ({
    start: end,
    end: Math.max(end, lastBefore(text, ')', end)),
    next: end,
  })),
  new Trigger(
    ['bea', 'bas', 'dig', 'neg'],
    /\b(?:[Bb]earer|BEARER|[Bb]asic|BASIC|[Dd]igest|[Nn]egotiate)(?:[ ,]|\r?\n[ \t])/y,
    schemeValue,
  ),
  new Trigger([...PATH_WORDS.map((word) => `/${word.slice(0, 2)}`), '%2f', '%25'], '', tokenInPath),
  ...NAMES.map(
    (name) => new Trigger([name.slice(0, 3)], name.includes('[') ? new RegExp(name, 'iy') : name, namedValue),
  ),
  new Trigger(['_ke'], /_KEY(?![A-Z_])/y, namedValue),
  new Trigger(['\\u', '\\x', '%2', '%3', '%4', '%5', '%6', '%7', '&#'], '', escapedName),
  new Trigger(['?', '&'], '', queryValue),
]

/**
 * Triggers that three characters of a text may match, by the first one and five bits of the others, which are the same in
 * both cases. Few indexes of a text have any.
 */
const [candidates, byCandidate] = table()

function table(): readonly [Uint8Array, readonly (readonly Trigger[])[]] {
  const lists = new Map<number, Trigger[]>()
  for (const trigger of TRIGGERS)
    for (const key of new Set(trigger.starts.flatMap(keysOf))) {
      if (!lists.has(key)) lists.set(key, [])
      lists.get(key)!.push(trigger)
    }
  const distinct: (readonly Trigger[])[] = [[]]
  const places = new Uint8Array(128 * 32 * 32)
  for (const [key, list] of lists) {
    const known = distinct.findIndex((one) => one.length === list.length && one.every((each, at) => each === list[at]))
    places[key] = known < 0 ? distinct.push(list) - 1 : known
  }
  return [places, distinct]
}

function keysOf(start: string): readonly number[] {
  const firsts = [start[0]!, start[0]!.toUpperCase()].map((first) => first.charCodeAt(0))
  const [seconds, thirds] = [1, 2].map((at) =>
    at < start.length ? [start.charCodeAt(at) & 31] : Array.from({ length: 32 }, (_, bits) => bits),
  ) as [number[], number[]]
  return firsts.flatMap((first) => seconds.flatMap((second) => thirds.map((third) => keyOf(first, second, third))))
}

function keyOf(first: number, second: number, third: number): number {
  return (first << 10) | ((second & 31) << 5) | (third & 31)
}

/** The text with everything masked that has the form of a secret. Takes time linear in the length. */
export function maskForms(text: string): string {
  take(text)
  const masked = new Masked(text)
  for (let at = nextCandidate(text, 0); at < text.length;) {
    const found = find(text, at, masked.end)
    if (found === undefined) at = nextCandidate(text, at + 1)
    else {
      if (found.end > found.start && found.start >= masked.end) masked.mask(found.start, found.end)
      at = nextCandidate(text, Math.max(found.next, found.end, masked.end, at + 1))
    }
  }
  release()
  return masked.toString()
}

/** The next index where a trigger may match, or the end. */
function nextCandidate(text: string, from: number): number {
  // No secret begins in the last two characters.
  const last = text.length - 2
  if (from >= last) return text.length
  let second = codeAt(from)
  let third = codeAt(from + 1)
  for (let at = from; at < last; at++) {
    const first = second
    second = third
    third = codeAt(at + 2)
    if (first >= 128 || candidates[keyOf(first, second, third)] === 0) continue
    if (!isDigit(first) || !isAlphanumeric(codeAt(at - 1))) return at
  }
  return text.length
}

/** Whether a code is a digit. Formats that begin with a digit do not begin within a word. */
function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isAlphanumeric(code: number): boolean {
  return isDigit(code) || ((code | 32) >= 97 && (code | 32) <= 122)
}

function find(text: string, at: number, done: number): Found | undefined {
  const key = keyOf(codeAt(at), codeAt(at + 1), codeAt(at + 2))
  const triggers = byCandidate[candidates[key]!]!
  for (let index = 0; index < triggers.length; index++) {
    const trigger = triggers[index]!
    const end = trigger.word === undefined ? after(text, trigger.pattern, at) : afterWord(trigger.word, at)
    const found = end < 0 ? undefined : trigger.read(text, at, end, done)
    if (found !== undefined) return found
  }
  return undefined
}

/** The index after the word, in any case, or -1. */
function afterWord(word: string, at: number): number {
  for (let index = 0; index < word.length; index++) if ((codeAt(at + index) | 32) !== word.charCodeAt(index)) return -1
  return at + word.length
}

function upTo(text: string, start: number, wanted: string): Found {
  const found = text.indexOf(wanted, start)
  const end = found < 0 ? text.length : found
  return { start, end, next: end }
}

/** `user:password@tcp(host:3306)/db`, as in MySQL drivers for Go. */
function credentialsBefore(text: string, index: number, _: number, done: number): Found | undefined {
  const from = Math.max(done, index - 200)
  if (COLON.from(text, from) >= index) return undefined
  let start = index
  while (start > from && isPartOfCredentials(codeAt(start - 1))) start--
  const colon = COLON.from(text, start)
  return colon < index ? { start: colon + 1, end: index, next: index } : undefined
}

const COLON = searchOf(':')
const endsCredentials = oneOf(`${SPACE}"'\`=`)
const isPartOfCredentials = (code: number) => code !== 0 && !endsCredentials(code)

/** A private key in PEM form, complete or truncated. */
function privateKey(text: string, start: number, from: number): Found {
  FOOTER.lastIndex = from
  const end = FOOTER.test(text) ? FOOTER.lastIndex : text.length
  return { start, end, next: end }
}

const FOOTER = /-----END [A-Z ]{0,40}(?:-----)?/g

const SCHEME_WORDS =
  /(?:tokens?|auth\w*|scheme|realm|credentials?|headers?|information|access|requests?|usage|challenge|mismatch|fail\w*|errors?|invalid|missing|algorithm|is|was|are|and|or|with|for|of)\b/iy

/** Message of a server about a credential: `WWW-Authenticate: Bearer error="invalid_token"`. */
const CHALLENGE = /(?:realm|error|error_description|error_uri|scope|charset|title|resource_metadata)\s?=/iy

const LETTER_D = 100

/** `Bearer …`, `Basic …` and the parameters of `Digest …`. */
function schemeValue(text: string, index: number, from: number): Found {
  const start = after(text, BEFORE_CREDENTIALS, from)
  if ((codeAt(index) | 32) === LETTER_D && after(text, PARAMETER, start) >= 0) {
    const end = endOfLine(text, start)
    return { start, end, next: end }
  }
  if (after(text, SCHEME_WORDS, start) >= 0 || after(text, CHALLENGE, start) >= 0) return none(start)
  const end = after(text, CREDENTIALS, start)
  return end - start >= 6 ? { start, end, next: end } : none(start)
}
