import { withoutUnseen } from './control-characters.ts'
import { decodedText, decodedView, lowerCaseOf, unwrappedView, type View } from './decoded-text.ts'
import { Masked } from './masked.ts'
import { PartSearch } from './part-search.ts'

/** Minimum length of a secret, in characters: a shorter one would mask ordinary words and numbers. */
export const MIN_SECRET_LENGTH = 6

/**
 * Masks values wherever they occur, in any case: literally, in a URL or a form, escaped in JSON, JavaScript or HTML, as
 * hexadecimal digits, and in base64, alone or as a part (`user:secret`), on one line or several; long lines of a value
 * with several also alone.
 */
export function maskKnown(text: string, secrets: readonly string[]): string {
  const search = searchFor(secrets)
  if (search === undefined) return text
  const plain: View = { text: lowerCaseOf(text), places: undefined }
  const decoded = decodedView(text)
  const unwrapped = unwrappedView(decoded ?? plain)
  const ranges = [plain, decoded, unwrapped].flatMap((view) =>
    view === undefined ? [] : rangesIn(view, search, view === unwrapped),
  )
  return masked(text, ranges)
}

/** A secret in one encoding, as it occurs in a view of a text. */
interface Form {
  readonly part: string
  /** Whether the characters around it encode some of its bits or its neighbours, as in base64. */
  readonly isInWord: boolean
}

/** Undefined if there is nothing to search for. */
type Search = PartSearch<Form> | undefined

const searches = new WeakMap<readonly string[], { readonly search: Search }>()

function searchFor(secrets: readonly string[]): Search {
  const known = searches.get(secrets)
  if (known !== undefined) return known.search
  const forms = [...new Set(secrets)].filter(({ length }) => length >= MIN_SECRET_LENGTH).flatMap(formsOfOne)
  const search = forms.length === 0 ? undefined : new PartSearch(forms)
  searches.set(secrets, { search })
  return search
}

const formsBySecret = new Map<string, readonly Form[]>()
const MAX_REMEMBERED = 10_000

/** Forms of one secret, cached: a list of secrets grows by one at a time. */
function formsOfOne(secret: string): readonly Form[] {
  const known = formsBySecret.get(secret)
  if (known !== undefined) return known
  const words = new Set([secret, JSON.stringify(secret).slice(1, -1)].flatMap(base64Of))
  for (const word of base64Of(Buffer.from(secret).toString('base64'))) words.add(word)
  for (const word of [...words]) words.add(word.replaceAll('+', '-').replaceAll('/', '_'))
  words.add(Buffer.from(secret).toString('hex'))
  const forms = [
    ...[...textsOf(secret)].map((part) => ({ part, isInWord: false })),
    ...[...words].map((word) => ({ part: word.toLowerCase(), isInWord: true })),
  ]
  if (formsBySecret.size >= MAX_REMEMBERED) formsBySecret.clear()
  formsBySecret.set(secret, forms)
  return forms
}

function textsOf(secret: string): ReadonlySet<string> {
  const seen = withoutUnseen(secret)
  const inUrl = seen.replaceAll(/[\t\n\r]/g, '')
  // A form has a plus sign for a space, the path of a URL a slash for a backslash.
  const written = [secret, seen, inUrl, seen.replaceAll(' ', '+'), inUrl.replaceAll('\\', '/'), ...linesOf(secret)]
  // A secret may contain what looks like an escape, `%00`, and be encoded in another way: then only its bytes are equal.
  const bytes = Buffer.from(secret)
    .toString('latin1')
    .replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
  const texts = new Set([bytes, ...written.flatMap((text) => [lowerCaseOf(text), decodedText(text)])])
  return new Set([...texts].filter(({ length }) => length >= MIN_SECRET_LENGTH))
}

/** Long lines of a secret with several, which logs indent or print one by one. */
function linesOf(secret: string): readonly string[] {
  const lines = secret.split(/[\r\n]+/).map((line) => line.trim())
  return lines.length === 1 ? [] : lines.filter((line) => line.length >= MIN_LINE && !line.startsWith('-----'))
}

const MIN_LINE = 8

/** The base64 characters that depend only on the secret, for any number of bytes before it. */
function base64Of(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
}

/** A place of a secret in the original text. */
interface Range {
  readonly start: number
  readonly end: number
  readonly isInWord: boolean
}

function rangesIn({ text, places }: View, search: PartSearch<Form>, isUnwrapped: boolean): readonly Range[] {
  const ranges: Range[] = []
  search.each(text, ({ part, isInWord }, at) => {
    if (isUnwrapped && !isInWord) return
    const last = at + part.length - 1
    const [start, end] =
      places === undefined ? [at, last + 1] : [places.starts[at]!, places.endOf(places.starts[last]!)]
    ranges.push({ start, end, isInWord })
  })
  return ranges
}

function masked(text: string, ranges: readonly Range[]): string {
  const clean = new Masked(text)
  let [start, end] = [0, 0]
  for (const range of ranges.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    if (range.end <= end) continue
    let [from, to] = [range.start, range.end]
    while (range.isInWord && from > end && isLetter(text.charCodeAt(from - 1))) from--
    while (range.isInWord && isLetter(text.charCodeAt(to))) to++
    while (range.isInWord && text[to] === '=') to++
    if (from >= end) {
      if (end > start) clean.mask(start, end)
      start = from
    }
    end = to
  }
  if (end > start) clean.mask(start, end)
  return clean.toString()
}

/** Whether a character belongs to base64, in both alphabets, except `/`, which also separates parts of a path. */
function isLetter(code: number): boolean {
  if (code >= 97) return code <= 122
  if (code >= 65) return code <= 90 || code === 95
  return (code >= 48 && code <= 57) || code === 45 || code === 43
}
