import { endianness } from 'node:os'

const IS_BIG_ENDIAN = endianness() === 'BE'

const HEX_DIGITS = '0123456789abcdef'
const [BACKSLASH, LETTER_U, LETTER_X, OPENING, CLOSING] = [92, 117, 120, 123, 125]

/** Builds a text from UTF-16 units, in less time than by concatenation of many short strings. */
export class TextBuilder {
  #units: Uint16Array<ArrayBuffer>
  #length = 0
  /** All units combined by OR: below 256 if each of them is. */
  #bits = 0

  /** @param length expected length */
  constructor(length: number) {
    this.#units = new Uint16Array(length + 16)
  }

  add(unit: number): void {
    if (this.#length === this.#units.length) this.#grow()
    this.#units[this.#length++] = unit
    this.#bits |= unit
  }

  /** Adds the notation of a character in a string literal: `\x1b`, `\u200b`, `\u{e0041}`. */
  addEscaped(point: number): void {
    this.add(BACKSLASH)
    this.add(point < 256 ? LETTER_X : LETTER_U)
    if (point > 0xffff) this.add(OPENING)
    for (let shift = point < 256 ? 4 : point < 65_536 ? 12 : 16; shift >= 0; shift -= 4)
      this.add(HEX_DIGITS.charCodeAt((point >> shift) & 15))
    if (point > 0xffff) this.add(CLOSING)
  }

  #grow(): void {
    // Four characters replace one in the longest texts.
    const larger = new Uint16Array(this.#units.length * 4)
    larger.set(this.#units)
    this.#units = larger
  }

  toString(): string {
    const units = this.#units.subarray(0, this.#length)
    if (this.#bits < 256) return Buffer.from(units).toString('latin1')
    const bytes = Buffer.from(units.buffer, 0, 2 * this.#length)
    if (IS_BIG_ENDIAN) bytes.swap16()
    return bytes.toString('utf16le')
  }
}
