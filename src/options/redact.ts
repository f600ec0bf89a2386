import { stripVTControlCharacters } from 'node:util'

const MASK = '***'
const SECRET_NAME =
  '[\\w-]*(?:password|passwd|pwd|passphrase|token|secret|api[-_]?key|access[-_]?key|private[-_]?key|credential|authorization|cookie|session[-_]?id|signature)[\\w-]*'

/** Each pattern keeps what a reader needs to find a mistake (scheme, user, parameter's name) and masks the value. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // The password of a connection string. The user name stays.
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:@/?#]*):([^\s@]*)@/gi, `$1:${MASK}@`],
  // A header line, up to the end of it: its value may hold spaces and semicolons.
  [/\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*:\s*)(?!\s*["'])[^\n\r"'`]+/gi, `$1$2${MASK}`],
  // Credentials anywhere: a scheme and what follows it.
  [/\b(Bearer|Basic|Digest)\s+[\w.~+/=-]{6,}/g, `$1 ${MASK}`],
  // A JSON Web Token, a Telegram bot token, a key with one of the well-known prefixes, a private key.
  [/\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g, MASK],
  [/\b(?:bot)?\d{6,12}:[\w-]{30,}/g, MASK],
  [/\b(?:sk|pk|rk|ghp|gho|ghs|ghu|glpat|xox[abprs]|npm)[_-][\w-]{16,}/g, MASK],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, MASK],
  // A quoted value under a telling name: JSON, or an object as Node prints it.
  [
    new RegExp(`(["']?\\b${SECRET_NAME}["']?\\s*[:=]\\s*)(["'\`])(?:\\\\.|(?!\\2)[^\\\\\\n])*\\2`, 'gi'),
    `$1$2${MASK}$2`,
  ],
  // A bare value under a telling name: `password=…`, `x-api-key: …`.
  [new RegExp(`\\b(${SECRET_NAME}\\s*[:=]\\s*)(?!["'\`]|\\*\\*\\*)[^\\s"'\`,;&)\\]}]+`, 'gi'), `$1${MASK}`],
  // Every value of a query string, whatever its name: it may identify a person.
  [/([?&][\w.~%[\]-]+=)(?!\*\*\*)[^&\s#"'`<>)\]}]+/g, `$1${MASK}`],
]

/**
 * The text without what must not be shown: passwords in connection strings, authorization and cookie headers, bearer
 * and well-known tokens, values under a telling name (`token`, `secret`, `password`, …), and all query values.
 * It recognises forms, not meanings: a secret that looks like a word is found only when given in `secrets`. Where
 * something is masked, colours of a terminal are lost.
 *
 * @param secrets values known to be secret; those under 6 characters are left, as they would mask ordinary words
 */
export function redactText(text: string, secrets: readonly string[] = []): string {
  // A colour between a name and its value would hide that they belong together.
  const plain = text.includes('\u001b') ? stripVTControlCharacters(text) : text
  const clean = maskAll(plain, secrets)
  return clean === plain ? text : clean
}

function maskAll(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) if (secret.length >= 6) clean = clean.replaceAll(secret, MASK)
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement)
  return clean
}

const SECRET_KEY = new RegExp(`^${SECRET_NAME}$`, 'i')

/**
 * A copy of plain data with {@link redactText} applied to every string, and strings under a telling key masked whole.
 * Numbers, booleans and null are kept, functions and symbols left out, as JSON would.
 */
export function redactData<T>(value: T, secrets: readonly string[] = []): T {
  return redactValue(value, secrets) as T
}

/** Ordinary field names, of which there are thousands in a timeline, need no search. */
function redactKey(key: string, secrets: readonly string[]): string {
  return /^[A-Za-z0-9]{1,24}$/.test(key) && !secrets.includes(key) ? key : redactText(key, secrets)
}

function redactValue(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return redactText(value, secrets)
  if (Array.isArray(value)) {
    // Histograms and timelines are long arrays of numbers; they hold nothing to redact.
    if (typeof value[0] === 'number' && value.every((item) => typeof item === 'number')) return value
    return value.map((item) => redactValue(item, secrets))
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) => {
    if (typeof item === 'string' && SECRET_KEY.test(key)) return [key, MASK] as const
    return [redactKey(key, secrets), redactValue(item, secrets)] as const
  })
  return Object.fromEntries(entries)
}
