import { MASK } from './found.ts'

/** A text of which ranges are masked one after the other: joined at the end, as many concatenations would take longer. */
export class Masked {
  readonly #text: string
  readonly #kept: string[] = []
  #end = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Index after the last masked range. */
  get end(): number {
    return this.#end
  }

  /** Masks a range that does not begin before {@link end}. */
  mask(start: number, end: number): void {
    this.#kept.push(this.#text.slice(this.#end, start))
    this.#end = end
  }

  toString(): string {
    if (this.#kept.length === 0) return this.#text
    this.#kept.push(this.#text.slice(this.#end))
    return this.#kept.join(MASK)
  }
}
