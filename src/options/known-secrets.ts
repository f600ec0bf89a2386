import { withoutUnseen } from './control-characters.ts'
import { MASK } from './found.ts'
import { PartSearch } from './part-search.ts'

/** Minimum length of a secret, in characters: a shorter one would mask ordinary words and numbers. */
export const MIN_SECRET_LENGTH = 6

/**
 * Masks values wherever they occur: literally, in a URL or a form, escaped in JSON, JavaScript or HTML, and in base64, alone
 * or as a part (`user:secret`); long lines of one with several also alone. Longer ones first.
 */
export function maskKnown(text: string, secrets: readonly string[]): string {
  let clean = text
  const { matchers, search } = matchersOf(secrets)
  for (const each of search?.candidates(text) ?? matchers) if (clean.includes(each.part)) clean = masked(clean, each)
  return clean
}

/** One form of a secret. */
interface Matcher {
  /** The longest part that is the same in every encoding: a text without it requires no search. */
  readonly part: string
  /** With the flag `g`; undefined if the part is the whole form. */
  readonly pattern: RegExp | undefined
  /** Whether the characters around it encode some of its bits or its neighbours, as in base64. */
  readonly isInWord: boolean
}

interface Matchers {
  readonly matchers: readonly Matcher[]
  /** Undefined for few matchers. */
  readonly search: PartSearch<Matcher> | undefined
}

const matchersBySecrets = new WeakMap<readonly string[], Matchers>()
const MANY = 16

function matchersOf(secrets: readonly string[]): Matchers {
  const known = matchersBySecrets.get(secrets)
  if (known !== undefined) return known
  const long = secrets.filter(({ length }) => length >= MIN_SECRET_LENGTH)
  const sorted = long.toSorted((one, other) => other.length - one.length)
  const matchers = [...new Set(sorted)].flatMap(matchersOfOne)
  const search = matchers.length > MANY ? new PartSearch(matchers) : undefined
  const all = { matchers, search }
  matchersBySecrets.set(secrets, all)
  return all
}

const matchersBySecret = new Map<string, readonly Matcher[]>()
const MAX_REMEMBERED = 10_000

/** Matchers of one secret, cached: a list of secrets grows by one at a time. */
function matchersOfOne(secret: string): readonly Matcher[] {
  const known = matchersBySecret.get(secret)
  if (known !== undefined) return known
  const words = new Set([secret, JSON.stringify(secret).slice(1, -1)].flatMap(base64Of))
  for (const word of base64Of(Buffer.from(secret).toString('base64'))) words.add(word)
  const digits = Buffer.from(secret).toString('hex')
  for (const word of [digits, digits.toUpperCase()]) words.add(word)
  const texts = [...new Set([secret, withoutUnseen(secret)])].filter(({ length }) => length >= MIN_SECRET_LENGTH)
  const escaped = [digits, digits.toUpperCase()].map((each) => each.replace(/../g, '%$&'))
  const matchers = [
    ...[...texts, ...linesOf(secret)].map((text) => matcher(text, false)),
    ...[...new Set(escaped)].map((part) => ({ part, pattern: undefined, isInWord: false })),
    ...[...words].map((word) => matcher(word, true)),
  ]
  if (matchersBySecret.size >= MAX_REMEMBERED) matchersBySecret.clear()
  matchersBySecret.set(secret, matchers)
  return matchers
}

/** Long lines of a secret with several, which logs indent or print one by one. */
function linesOf(secret: string): readonly string[] {
  const lines = secret.split(/[\r\n]+/).map((line) => line.trim())
  return lines.length === 1 ? [] : lines.filter((line) => line.length >= MIN_LINE && !line.startsWith('-----'))
}

const MIN_LINE = 8

function matcher(text: string, isInWord: boolean): Matcher {
  const parts = text.match(/[\w.-]+/g) ?? []
  const part = parts.reduce((longest, each) => (each.length > longest.length ? each : longest), '')
  if (part === text) return { part, pattern: undefined, isInWord }
  const source = Array.from(text.match(/\\+|[^\\]/gsu) ?? [], (each) => encodingsOf(each, isInWord)).join('')
  return { part, pattern: new RegExp(source, 'g'), isInWord }
}

/** The base64 characters that depend only on the secret, for any number of bytes before it. */
function base64Of(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }
const LETTERS: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\f': 'f', '\b': 'b', '\v': 'v' }

/** A pattern for one character, or several backslashes, in every encoding of a text. */
function encodingsOf(part: string, isBase64: boolean): string {
  if (/^\w$/.test(part)) return part
  const percent = Array.from(Buffer.from(part), (byte) => `%(?:25)?${hex(byte, 2)}`).join('')
  // Each level of quotation doubles them; a URL has slashes instead, and neither line breaks nor tabs.
  if (part.startsWith('\\')) return String.raw`(?:\\{${part.length},${part.length * 8}}|${percent}|/{${part.length}})`
  const literal = part.codePointAt(0)! < 128 ? String.raw`\\{0,7}\x${hexOf(part.charCodeAt(0), 2)}` : part
  const units = Array.from({ length: part.length }, (_, at) => String.raw`\\{1,4}u${hex(part.charCodeAt(at), 4)}`)
  const forms = [literal, percent, units.join('')]
  if (part === ' ') forms.push(String.raw`\+`)
  if (isBase64 && part === '+') forms.push('-')
  if (isBase64 && part === '/') forms.push('_')
  if (part in HTML) forms.push(HTML[part]!)
  if (part.length === 1) forms.push(`&#0{0,4}(?:${part.charCodeAt(0)}|[xX]0{0,4}${hex(part.charCodeAt(0), 1)});`)
  if (part in LETTERS) forms.push(String.raw`\\{1,4}${LETTERS[part]!}`, '')
  return `(?:${forms.join('|')})`
}

function hexOf(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

/** A pattern for a hexadecimal number, in lower or upper case. */
function hex(code: number, digits: number): string {
  return hexOf(code, digits).replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)
}

function masked(text: string, { part, pattern, isInWord }: Matcher): string {
  if (!isInWord) return pattern === undefined ? text.replaceAll(part, MASK) : text.replace(pattern, MASK)
  let clean = ''
  let done = 0
  for (const [start, end] of placesOf(text, pattern ?? part)) {
    if (start < done) continue
    let from = start
    while (from > done && isLetter(text.charCodeAt(from - 1))) from--
    let to = end
    while (isLetter(text.charCodeAt(to))) to++
    while (text[to] === '=') to++
    clean += text.slice(done, from) + MASK
    done = to
  }
  return clean + text.slice(done)
}

function* placesOf(text: string, wanted: RegExp | string): Generator<readonly [start: number, end: number]> {
  if (typeof wanted === 'string') {
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length))
      yield [at, at + wanted.length]
    return
  }
  for (const { index, 0: found } of text.matchAll(wanted)) yield [index, index + found.length]
}

/** Whether a character belongs to base64, in both alphabets, except `/`, which also separates parts of a path. */
function isLetter(code: number): boolean {
  if (code >= 97) return code <= 122
  if (code >= 65) return code <= 90 || code === 95
  return (code >= 48 && code <= 57) || code === 45 || code === 43
}
