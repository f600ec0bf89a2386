import { endianness } from 'node:os'

const IS_BIG_ENDIAN = endianness() === 'BE'

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

  addText(text: string): void {
    for (let at = 0; at < text.length; at++) this.add(text.charCodeAt(at))
  }

  #grow(): void {
    const larger = new Uint16Array(this.#units.length * 2)
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
