import { after, codeAt, endOfLine, type Found, lastBefore, none, oneOf, searchOf, SPACE } from './found.ts'
import { escapedName, namedValue, phraseValue } from './secret-by-name.ts'
import { FORMATS, PRECEDED, preceded } from './secret-formats.ts'
import { credentialsOfHost, credentialsOfUrl, PATH_WORDS, queryValue, tokenInPath } from './secret-in-url.ts'

// Patterns are created once: a literal in a function is created with every call.
const BEFORE_CREDENTIALS = /[ ,]*["']?/y
const PARAMETER = /\w+=/y
const CREDENTIALS = /[\w.~+/=:-]*/y

type Read = (text: string, index: number, end: number, done: number) => Found | undefined

/** A possible start of a secret, and how the secret there is found. */
export class Rule {
  /** First three characters, in lower case; any character may follow a shorter start. */
  readonly starts: readonly string[]
  /** Lower-case letters, found in any case; empty if `read` searches itself. */
  readonly word: string | undefined
  /** With the flag `y`. */
  readonly pattern: RegExp
  /** Returns the range to mask; undefined if another rule may match. What the rule matched is from `index` to `end`, `done` is the end of the range masked last. */
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
  'pass pwd token secret credential auth bearer cookie jwt otp pin cvv cvc sess sid sig ssn card csrf xsrf pat api[-_]?key access[-_]?key private[-_]?key encryption[-_]?key account[-_]?key master[-_]?key subscription[-_]?key client[-_]?key recovery[-_]?code backup[-_]?code'.split(
    ' ',
  )

/** Names with a space: `api key`, `session id`. */
const KEY_PHRASE =
  /(?<![A-Za-z0-9])(?:(?:api|access|private|secret|signing|encryption|master|client|shared|license) key|session id)(?![\w-])/iy
/** Names of short numbers: `verification code`. */
const CODE_PHRASE =
  /(?<![A-Za-z0-9])(?:verification|one-time|confirmation|security|recovery|backup|login|authentication|access) code(?![\w-])/iy

/** Secrets that are recognized by their own form or their place in a URL or command. */
const FORM_RULES: readonly Rule[] = [
  ...FORMATS.map(({ starts, pattern }) => new Rule(starts, pattern, whole)),
  ...PRECEDED.map((known) => new Rule(known.starts, known.pattern, (text, index) => preceded(text, known, index))),
  new Rule(['://'], '', credentialsOfUrl),
  new Rule(['---'], /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/y, privateKey),
  new Rule(['pri'], /Private-Lines: \d{1,4}\r?\n/y, (text, _, end) => upTo(text, end, 'Private-MAC')),
  new Rule(['@tc', '@un', '@ud'], /@(?:tcp|unix|udp)6?\(/y, credentialsBefore),
  new Rule(['@'], '', credentialsOfHost),
  new Rule(['row'], /[Rr]ow contains \(/y, (text, _, end) => ({
    start: end,
    end: Math.max(end, lastBefore(text, ')', end)),
    next: end,
  })),
  new Rule([...PATH_WORDS.map((word) => `/${word.slice(0, 2)}`), '%2f', '%25'], '', tokenInPath),
]

/** Values after a name. */
const NAME_RULES: readonly Rule[] = [
  new Rule(
    ['bea', 'bas', 'dig', 'neg'],
    /\b(?:[Bb]earer|BEARER|[Bb]asic|BASIC|[Dd]igest|[Nn]egotiate)(?:[ ,]|\r?\n[ \t])/y,
    schemeValue,
  ),
  new Rule(['bas'], /\bbasic["']?\s{0,4}[:=]\s{0,4}["']?(?=[\w+/-]{6})/iy, basicValue),
  new Rule(
    ['api', 'acc', 'pri', 'sec', 'sig', 'enc', 'mas', 'cli', 'sha', 'lic', 'ses'],
    KEY_PHRASE,
    (text, index, end) => phraseValue(text, index, end, 'api-key'),
  ),
  new Rule(['ver', 'one', 'con', 'sec', 'rec', 'bac', 'log', 'aut', 'acc'], CODE_PHRASE, (text, index, end) =>
    phraseValue(text, index, end, 'otp'),
  ),
  ...NAMES.map((name) => new Rule([name.slice(0, 3)], name.includes('[') ? new RegExp(name, 'iy') : name, namedValue)),
  new Rule(['_ke'], /_KEY(?![A-Z_])/y, namedValue),
  new Rule(['-ke'], /-key(?![\w-])/iy, namedValue),
  new Rule(['\\u', '\\x', '%2', '%3', '%4', '%5', '%6', '%7', '&#'], '', escapedName),
]

const QUERY_RULE = new Rule(['?', '&'], '', queryValue)

/** All rules; the first one that finds something at an index applies. A new form is added to one of the lists above. */
export const RULES: readonly Rule[] = [...FORM_RULES, ...NAME_RULES, QUERY_RULE]

/** Rules for our own messages, in which a name such as `token` is that of an option, with an example after it. */
export const RULES_FOR_MESSAGES: readonly Rule[] = [...FORM_RULES, QUERY_RULE]

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

/** `Basic: …`: the encoded user and password, but not other settings with this name. */
function basicValue(text: string, _: number, start: number): Found | undefined {
  const end = after(text, ENCODED, start)
  const decoded = Buffer.from(text.slice(start, Math.min(end, start + MAX_USER)), 'base64').toString()
  return USER.test(decoded) ? { start, end, next: end } : undefined
}

const ENCODED = /[\w+/-]+={0,2}/y
const MAX_USER = 88
/** The last letter may be cut. */
const USER = /^[\w.@\\+ -]{0,64}:[^\p{Cc}\ufffd]+\ufffd{0,3}$/u

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
