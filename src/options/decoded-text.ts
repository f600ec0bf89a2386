import { oneOf } from './found.ts'

/** A text in lower case, in which secrets are searched for, with the place of each of its characters in the original. */
export interface View {
  readonly text: string
  /** Undefined if every character is at its own place. */
  readonly places: Places | undefined
}

interface Places {
  readonly starts: Uint32Array
  /** The index after the character that begins at an index of the original. */
  readonly endOf: (start: number) => number
}

/** The text in lower case. */
export function lowerCaseOf(text: string): string {
  const lower = text.toLowerCase()
  // A few letters have a longer form in lower case.
  return lower.length === text.length ? lower : text
}

const ENCODED = /\\|%[\da-f]{2}|&(?:amp;|lt;|gt;|quot;|apos;|#)/i

/**
 * The UTF-8 bytes of a text, one a character, without the escapes of URLs, JSON, JavaScript and HTML, however often the
 * text was encoded: the same for all encodings of a text. Undefined if it contains no escapes.
 */
export function decodedView(text: string): View | undefined {
  return ENCODED.test(text) ? new Decoder(text).decode() : undefined
}

/** The text of {@link decodedView}. */
export function decodedText(text: string): string {
  return new Decoder(text).decode().text
}

/** Minimum length of a line of base64, in characters. */
const MIN_LINE = 40

/** Whether white space follows a long word. */
function hasLongWord(text: string): boolean {
  let length = 0
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 32) length++
    else if (length >= MIN_LINE) return true
    else length = 0
  }
  return false
}

/** The view without white space, if it may contain base64 in several lines. */
export function unwrappedView({ text, places }: View): View | undefined {
  if (!hasLongWord(text)) return undefined
  const view = new ViewBuilder(text.length)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 32) view.add(code < 256 ? code : 0, places === undefined ? at : places.starts[at]!)
  }
  return view.build(places?.endOf ?? ((start) => start + 1))
}

class ViewBuilder {
  readonly #bytes: Uint8Array
  readonly #starts: Uint32Array
  #length = 0

  constructor(maxLength: number) {
    this.#bytes = new Uint8Array(maxLength)
    this.#starts = new Uint32Array(maxLength)
  }

  add(byte: number, start: number): void {
    this.#bytes[this.#length] = byte >= 65 && byte <= 90 ? byte | 32 : byte
    this.#starts[this.#length++] = start
  }

  build(endOf: Places['endOf']): View {
    const text = Buffer.from(this.#bytes.buffer, 0, this.#length).toString('latin1')
    return { text, places: { starts: this.#starts, endOf } }
  }
}

const [PERCENT, AMPERSAND, BACKSLASH, LETTER_U, LETTER_X, TWO, FIVE] = [37, 38, 92, 117, 120, 50, 53]
/** Characters after a backslash that stand for a control character. */
const LETTERS = new Map(Array.from('nrtfbv', (letter, at) => [letter.charCodeAt(0), '\n\r\t\f\b\v'.charCodeAt(at)]))
const ENTITY = /&(?:amp;)*(?:#(\d{1,7});|#[xX]([\da-fA-F]{1,6});|(lt|gt|quot|apos);)/y
const AMPERSANDS = /&(?:amp;)+/y
const ENTITIES: Readonly<Record<string, number>> = { lt: 60, gt: 62, quot: 34, apos: 39 }

/** Maximum length of a character in UTF-8. */
const MAX_BYTES = 4

const mayBeEntity = oneOf('#aglq')

class Decoder {
  readonly #text: string
  readonly #view: ViewBuilder

  /** @param maxLength maximum length of the view: an escape is longer than the bytes for which it stands */
  constructor(text: string, maxLength = Buffer.byteLength(text)) {
    this.#text = text
    this.#view = new ViewBuilder(maxLength)
  }

  decode(): View {
    for (let at = 0; at < this.#text.length;) at = this.#read(at)
    return this.#view.build((start) => new Decoder(this.#text, MAX_BYTES).#read(start))
  }

  /** Adds the character at an index. @returns the index after it */
  #read(at: number): number {
    const code = this.#text.charCodeAt(at)
    if (code === PERCENT) return this.#percent(at)
    if (code === AMPERSAND) return this.#entity(at)
    if (code === BACKSLASH) return this.#backslashes(at)
    if (code >= 128)
      return this.#point(this.#text.codePointAt(at)!, at, code >= 0xd800 && code < 0xdc00 ? at + 2 : at + 1)
    this.#view.add(code, at)
    return at + 1
  }

  /** `%2F`, `%252F`; each further encoding inserts `25`. @returns the index after it */
  #percent(start: number): number {
    let at = start + 1
    while (this.#text.charCodeAt(at) === TWO && this.#text.charCodeAt(at + 1) === FIVE) at += 2
    const byte = this.#hex(at, 2)
    const end = byte < 0 ? at : at + 2
    this.#view.add(byte < 0 ? PERCENT : byte, start)
    return end
  }

  /** `&#47;`, `&#x2f;`, `&quot;`, `&amp;quot;` */
  #entity(start: number): number {
    if (!mayBeEntity(this.#text.charCodeAt(start + 1))) {
      this.#view.add(AMPERSAND, start)
      return start + 1
    }
    ENTITY.lastIndex = start
    const [whole, decimal, hex, name] = ENTITY.exec(this.#text) ?? []
    if (whole !== undefined) {
      const point =
        name === undefined ? Number.parseInt(decimal ?? hex!, decimal === undefined ? 16 : 10) : ENTITIES[name]!
      if (point <= 0x10ffff) return this.#point(point, start, start + whole.length)
    }
    AMPERSANDS.lastIndex = start
    const end = AMPERSANDS.test(this.#text) ? AMPERSANDS.lastIndex : start + 1
    this.#view.add(AMPERSAND, start)
    return end
  }

  /** `\u002f`, `\x2f`, `\n`; other backslashes are omitted, as each level of quotation doubles them. */
  #backslashes(start: number): number {
    let at = start
    while (this.#text.charCodeAt(at) === BACKSLASH) at++
    const kind = this.#text.charCodeAt(at)
    const unit = kind === LETTER_U ? this.#hex(at + 1, 4) : -1
    if (unit >= 0) return this.#unit(unit, start, at + 5)
    const byte = kind === LETTER_X ? this.#hex(at + 1, 2) : -1
    const control = byte < 0 ? LETTERS.get(kind) : byte
    if (control === undefined) return at
    const end = byte < 0 ? at + 1 : at + 3
    this.#view.add(control, start)
    return end
  }

  /** A UTF-16 unit and, if it is the first one of a pair, the second one. */
  #unit(unit: number, start: number, end: number): number {
    if (unit < 0xd800 || unit > 0xdbff) return this.#point(unit, start, end)
    let at = end
    while (this.#text.charCodeAt(at) === BACKSLASH) at++
    const second = at > end && this.#text.charCodeAt(at) === LETTER_U ? this.#hex(at + 1, 4) : -1
    if (second < 0xdc00 || second > 0xdfff) return this.#point(unit, start, end)
    return this.#point(((unit - 0xd800) << 10) + second - 0xdc00 + 0x10000, start, at + 5)
  }

  #point(point: number, start: number, end: number): number {
    // UTF-8: two to four bytes, the first with the number of bytes and the upper bits, the others with six bits each.
    const others = point < 128 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3
    const lead = others === 0 ? 0 : (0xff00 >> (others + 1)) & 0xff
    this.#view.add(lead | (point >> (6 * others)), start)
    for (let left = others - 1; left >= 0; left--) this.#view.add(0x80 | ((point >> (6 * left)) & 63), start)
    return end
  }

  /** The hexadecimal number of some digits, or -1. */
  #hex(at: number, digits: number): number {
    let value = 0
    for (let index = at; index < at + digits; index++) {
      const code = this.#text.charCodeAt(index)
      const letter = code | 32
      const digit = code >= 48 && code <= 57 ? code - 48 : letter >= 97 && letter <= 102 ? letter - 87 : -1
      if (digit < 0) return -1
      value = value * 16 + digit
    }
    return value
  }
}
