import { codeAt, oneOf } from './found.ts'

/** Words that indicate a secret anywhere in a name: `PGPASSWORD`, `accesstoken`, `x-api-key`. */
const STEMS =
  /password|passwd|passphrase|passcode|token|secret|apikey|accesskey|privatekey|signingkey|encryptionkey|accountkey|masterkey|subscriptionkey|sharedkey|clientkey|recoverycode|backupcode|credential|authorization|cookie|sess(?:ion)?id|signature/

/** Short words that indicate a secret only as a whole part of a name: `auth` in `x-auth`, but not in `author`. */
const PARTS = new Set([
  'auth',
  'bearer',
  'card',
  'csrf',
  'cvc',
  'cvv',
  'dbpass',
  'jwt',
  'keypass',
  'masterauth',
  'mypass',
  'otp',
  'pass',
  'pat',
  'pgpass',
  'pin',
  'pwd',
  'requirepass',
  'session',
  'sid',
  'sig',
  'ssn',
  'storepass',
  'totp',
  'xsrf',
])

/** Last parts of names that describe or count a secret, but do not contain it: `tokenCount`, `session_duration_ms`. */
const DESCRIPTIONS = new Set([
  'age',
  'bytes',
  'column',
  'count',
  'counts',
  'duration',
  'enabled',
  'endpoint',
  'error',
  'errors',
  'exception',
  'expires',
  'expiry',
  'field',
  'file',
  'format',
  'length',
  'limit',
  'ms',
  'path',
  'per',
  'policy',
  'provider',
  'rate',
  'required',
  'sec',
  'seconds',
  'size',
  'status',
  'store',
  'strategy',
  'total',
  'ttl',
  'type',
  'version',
  'wait',
])

/** Names whose value is secret even as a number. */
const SECRET_NUMBERS = new Set(['card', 'cvc', 'cvv', 'otp', 'pin', 'ssn', 'totp'])

/** Maximum length of a field's name. */
export const MAX_NAME_LENGTH = 80

/** Name of a field, header, variable or parameter. */
export class Name {
  readonly text: string
  /** Whether its value is secret. The other properties are false if it is not. */
  readonly isSecret: boolean
  /** Determined when first needed: a text may have many names without a value after them. */
  #kind: Kind | undefined

  constructor(text: string) {
    this.text = text
    this.isSecret = judge(text)
  }

  /** Properties of its value by the words in it. */
  get kind(): Kind {
    return (this.#kind ??= this.isSecret ? kindOf(this.text) : NO_KIND)
  }
}

interface Kind {
  /** Whether it is a header whose value extends to the end of the line. */
  readonly isHeader: boolean
  /** Whether it names a short number: `otp`, `pin`, `cvv`. */
  readonly isCode: boolean
  /** Whether it may be the word `pass` of a test result or a sentence. */
  readonly isPass: boolean
  /** Whether it may count tokens of a language model. */
  readonly isTokens: boolean
  readonly isPassword: boolean
  /** Whether its value is the secret itself: `auth`, `cookie` and `session` often name settings or a group. */
  readonly isOfValue: boolean
}

function kindOf(name: string): Kind {
  return {
    isHeader: HEADER.test(name),
    isCode: CODE.test(name),
    isPass: /^pass$/i.test(name),
    isTokens: TOKENS.test(name),
    isPassword: PASSWORD.test(name),
    isOfValue: OF_VALUE.test(name),
  }
}

const HEADER = /^(?:proxy-)?authorization$|^(?:set-)?cookie2?$/i
const CODE = /(?:^|[_-])(?:t?otp|pin|cv[cv])$/i
const TOKENS = /tokens$/i
const PASSWORD = /pass(?:word|wd|phrase|code)$/i
const OF_VALUE = /(?:pass(?:word|wd|phrase|code)?|pwd|token|secret|key)$/i
const NO_KIND = kindOf('')

/** Whether a field, header, variable or parameter with this name contains a secret, by the words in it. */
export function isSecretName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && nameOf(name).isSecret
}

export function nameOf(text: string): Name {
  let known = named.get(text)
  if (known === undefined) {
    if (named.size >= PLACES) named.clear()
    named.set(text, (known = new Name(text)))
  }
  return known
}

const PLACES = 1024
const named = new Map<string, Name>()

/** The name in a range of the current text, cached: few names occur, each of them often. */
export function nameIn(text: string, start: number, end: number): Name {
  const length = end - start
  let sum = length
  for (let at = start; at < end; at++) sum = (Math.imul(sum, 31) + codeAt(at)) | 0
  const place = (sum ^ (sum >>> 10)) & (PLACES - 1)
  const known = names[place]
  if (known !== undefined && lengths[place] === length && isAt(place * MAX_NAME_LENGTH, start, length)) return known
  // A substring of this length would keep the whole text in memory.
  const name = new Name(length < SLICED ? text.slice(start, end) : Buffer.from(text.slice(start, end)).toString())
  lengths[place] = length
  for (let at = 0; at < length; at++) letters[place * MAX_NAME_LENGTH + at] = codeAt(start + at)
  return (names[place] = name)
}

/** Minimum length of a substring that V8 stores as a reference to its text. */
const SLICED = 13
/** Cached names, and their characters, which are faster to compare than the texts. */
const names: (Name | undefined)[] = Array.from({ length: PLACES })
const lengths = new Uint8Array(PLACES)
const letters = new Uint16Array(PLACES * MAX_NAME_LENGTH)

function isAt(place: number, start: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (letters[place + at] !== codeAt(start + at)) return false
  return true
}

/** An environment variable: `STRIPE_KEY`. */
const KEY_VARIABLE = /^[A-Z][A-Z\d_]*_KEY$/
/** Kinds of keys that are not secret. */
const OPEN_KEYS = new Set(
  'cache correlation duplicate foreign group idempotency index lock object order partition primary public request routing sort surrogate trace unique'.split(
    ' ',
  ),
)

function judge(name: string): boolean {
  const parts = partsOf(name)
  const isKey = parts.at(-1) === 'key'
  // A variable such as `STRIPE_KEY`, or a header such as `x-functions-key`.
  if (KEY_VARIABLE.test(name) || (isKey && parts.length > 2 && parts[0] === 'x')) return !OPEN_KEYS.has(parts.at(-2)!)
  if (DESCRIPTIONS.has(parts.at(-1) ?? '')) return false
  return STEMS.test(parts.join('')) || parts.some((part) => PARTS.has(part))
}

/** Whether a field with this name contains a secret number, such as a PIN. */
export function isSecretNumberName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && partsOf(name).some((part) => SECRET_NUMBERS.has(part))
}

/** The words of a name in lower case, written in `camelCase`, `kebab-case`, `snake_case` or `CONSTANT_CASE`. */
function partsOf(name: string): readonly string[] {
  const lower = name.toLowerCase()
  const parts: string[] = []
  let start = 0
  for (let at = 0; at <= lower.length; at++) {
    const isWithin = isPart(lower.charCodeAt(at))
    const isWord = at > start && isCapital(name.charCodeAt(at)) && !isCapital(name.charCodeAt(at - 1))
    if (isWithin && !isWord) continue
    if (at > start) parts.push(lower.slice(start, at))
    start = isWithin ? at : at + 1
  }
  return parts
}

const isPart = oneOf('abcdefghijklmnopqrstuvwxyz0123456789')
const isCapital = (code: number) => code >= 65 && code <= 90
