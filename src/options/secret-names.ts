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
  'mypass',
  'otp',
  'pass',
  'pat',
  'pgpass',
  'pin',
  'pwd',
  'session',
  'sid',
  'sig',
  'ssn',
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

/** Name of a field, header, variable or parameter, and properties of its value by the words in it. */
export class Name {
  readonly text: string
  /** Whether its value is secret. */
  readonly isSecret: boolean
  /** Whether it is a header whose value extends to the end of the line. */
  readonly isHeader: boolean
  /** Whether it names a short number: `otp`, `pin`, `cvv`. */
  readonly isCode: boolean
  /** Whether it may be the word `pass` of a test result or a sentence. */
  readonly isPass: boolean
  /** Whether it may count tokens of a language model. */
  readonly isTokens: boolean
  /** Whether its value may be an object of several secrets. */
  readonly isHolder: boolean

  constructor(text: string) {
    this.text = text
    this.isSecret = judge(text)
    this.isHeader = HEADER.test(text)
    this.isCode = CODE.test(text)
    this.isPass = text.length === 4 && text.toLowerCase() === 'pass'
    this.isTokens = TOKENS.test(text)
    this.isHolder = HOLDER.test(text)
  }
}

const HEADER = /^(?:proxy-)?authorization$|^(?:set-)?cookie2?$/i
const CODE = /(?:^|[_-])(?:t?otp|pin|cv[cv])$/i
const TOKENS = /tokens$/i
const HOLDER = /cookies?$|credentials?$|secrets?$|tokens?$/i

/** Whether a field, header, variable or parameter with this name contains a secret, by the words in it. */
export function isSecretName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && nameIn(name, 0, name.length).isSecret
}

/** The name in a range of a text, cached: few names occur, each of them often. */
export function nameIn(text: string, start: number, end: number): Name {
  const place = placeOf(text, start, end)
  const known = names[place]
  if (known !== undefined && known.text.length === end - start && text.startsWith(known.text, start)) return known
  // A substring would keep the whole text in memory.
  return (names[place] = new Name(Buffer.from(text.slice(start, end)).toString()))
}

const names: (Name | undefined)[] = Array.from({ length: 1024 })

function placeOf(text: string, start: number, end: number): number {
  let sum = end - start
  for (let at = start; at < end; at++) sum = (sum * 31 + text.charCodeAt(at)) | 0
  return (sum ^ (sum >>> 10)) & 1023
}

/** An environment variable: `STRIPE_KEY`. */
const KEY_VARIABLE = /^[A-Z][A-Z\d_]*_KEY$/
/** Kinds of keys that are not secret. */
const OPEN_KEYS = new Set(
  'cache duplicate foreign group idempotency index lock object order partition primary public routing sort unique'.split(
    ' ',
  ),
)

function judge(name: string): boolean {
  const parts = partsOf(name)
  if (KEY_VARIABLE.test(name)) return !OPEN_KEYS.has(parts.at(-2)!)
  if (DESCRIPTIONS.has(parts.at(-1) ?? '')) return false
  return STEMS.test(parts.join('')) || parts.some((part) => PARTS.has(part))
}

/** Whether a field with this name contains a secret number, such as a PIN. */
export function isSecretNumberName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && partsOf(name).some((part) => SECRET_NUMBERS.has(part))
}

/** The words of a name in lower case, written in `camelCase`, `kebab-case`, `snake_case` or `CONSTANT_CASE`. */
function partsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((part) => part !== '')
}
