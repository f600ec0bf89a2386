import { endianness } from 'node:os'

/** A range of a text to mask, and where to continue the search. If there is nothing to mask, `start` equals `end`. */
export interface Found {
  readonly start: number
  readonly end: number
  readonly next: number
}

export const MASK = '***'

export const none = (next: number): Found => ({ start: next, end: next, next })

/** Matches a pattern (with the flag `y`) at an index. @returns the index after it, or -1 */
export function after(text: string, pattern: RegExp, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

/** UTF-16 units of the current text, with padding on both sides: several times as fast to read as `charCodeAt()`. */
let units = new Uint16Array(0)
const ROOM = 256
const MAX_KEPT = 1 << 20
const IS_BIG_ENDIAN = endianness() === 'BE'

/** Sets the current text. */
export function take(text: string): void {
  for (const search of searches) search.forget()
  const length = text.length + 2 * ROOM
  if (units.length < length) units = new Uint16Array(Math.max(length, 4096))
  const bytes = Buffer.from(units.buffer, 2 * ROOM, 2 * text.length)
  bytes.write(text, 'utf16le')
  if (IS_BIG_ENDIAN) bytes.swap16()
  units.fill(0, text.length + ROOM, length)
}

/** The UTF-16 unit at an index of the current text; 0 before and after it. */
export function codeAt(at: number): number {
  return units[at + ROOM]!
}

/** The index after a word at an index of the current text, in any case, or -1. @param word lower-case letters */
export function afterWord(word: string, at: number): number {
  for (let index = 0; index < word.length; index++) if ((codeAt(at + index) | 32) !== word.charCodeAt(index)) return -1
  return at + word.length
}

/**
 * A forward search in the current text whose result is reused for every index between its start and its result. It must
 * find the same from all of them.
 */
export class Search {
  readonly #search: (text: string, from: number) => number
  #from = 0
  #end = -1

  /** @param search returns the index where it ends */
  constructor(search: (text: string, from: number) => number) {
    this.#search = search
    searches.push(this)
  }

  /** The index where the search ends if it starts at `from`. */
  from(text: string, from: number): number {
    if (from <= this.#end && from >= this.#from) return this.#end
    this.#from = from
    return (this.#end = this.#search(text, from))
  }

  forget(): void {
    this.#end = -1
  }
}

/** A backward search for the last match before an index, as a series of forward searches: indexes must not decrease. */
export class LastMatch {
  readonly #pattern: RegExp
  #from = 0
  #last = { start: -1, end: -1 }
  #next = { start: -1, end: -1 }

  /** @param pattern with the flag `g` */
  constructor(pattern: RegExp) {
    this.#pattern = pattern
    searches.push(this)
  }

  /** The last match that ends at or before an index; its start is -1 if there is none. */
  before(text: string, index: number): { readonly start: number; readonly end: number } {
    if (index < this.#from) this.forget()
    this.#from = index
    while (this.#next.end <= index) {
      this.#last = this.#next
      this.#next = this.#search(text, Math.max(0, this.#last.end))
    }
    return this.#last
  }

  #search(text: string, from: number): { readonly start: number; readonly end: number } {
    this.#pattern.lastIndex = from
    const match = this.#pattern.exec(text)
    return match === null
      ? { start: Infinity, end: Infinity }
      : { start: match.index, end: match.index + match[0].length }
  }

  forget(): void {
    this.#from = 0
    this.#last = this.#next = { start: -1, end: -1 }
  }
}

const searches: { forget(): void }[] = []

/** Releases the memory of a long text. */
export function release(): void {
  if (units.length > MAX_KEPT) units = new Uint16Array(0)
}

/** A search for the next occurrence of a string, or the end of the text. */
export function searchOf(wanted: string): Search {
  return new Search((text, from) => {
    const found = text.indexOf(wanted, from)
    return found < 0 ? text.length : found
  })
}

const LINE = searchOf('\n')
const RETURN = searchOf('\r')

export function endOfLine(text: string, from: number): number {
  return Math.min(LINE.from(text, from), RETURN.from(text, from))
}

/** The last index of a character in the rest of the line, or the end of the line. */
export function lastBefore(text: string, character: string, from: number): number {
  const end = endOfLine(text, from)
  const at = text.slice(from, end).lastIndexOf(character)
  return at < 0 ? end : from + at
}

/** Test whether a character code is one of these characters; beyond ASCII it supports only white space. */
export function oneOf(characters: string): (code: number) => boolean {
  const table = Uint8Array.from({ length: 128 }, (_, code) => (characters.includes(String.fromCharCode(code)) ? 1 : 0))
  const hasSpace = characters.includes(' ')
  return (code) => (code < 128 ? table[code] === 1 : hasSpace && isWideSpace(code))
}

/** White space in ASCII. */
export const SPACE = ' \t\n\u000b\f\r'

function isWideSpace(code: number): boolean {
  return code === 160 || (code >= 0x1680 && WIDE_SPACE.test(String.fromCharCode(code)))
}

const WIDE_SPACE = /\s/
