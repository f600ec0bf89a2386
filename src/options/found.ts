/** A stretch of a text to mask, and where to go on looking. Nothing to mask: `start` equals `end`. */
export interface Found {
  readonly start: number
  readonly end: number
  readonly next: number
}

export const MASK = '***'

export const none = (next: number): Found => ({ start: next, end: next, next })

/** Matches a pattern (with the flag `y`) at one place. @returns the place after it, or -1 */
export function after(text: string, pattern: RegExp, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

/** Where each search that is made many times in one text went last: what it would find again needs no second look. */
let text = ''
const looks = new Map<string, { from: number; end: number }>()

/** Lets go of the text that was searched. */
export function forgetText(): void {
  text = ''
  looks.clear()
}

/**
 * A search forward, made once for all places between its start and what it finds. It must find the same from all of them.
 *
 * @returns where it ends
 */
export function lookAhead(name: string, within: string, from: number, search: (from: number) => number): number {
  if (text !== within) {
    text = within
    looks.clear()
  }
  const last = looks.get(name)
  if (last !== undefined && from >= last.from && from <= last.end) return last.end
  const end = search(from)
  if (last === undefined) looks.set(name, { from, end })
  else {
    last.from = from
    last.end = end
  }
  return end
}

export function endOfLine(within: string, from: number): number {
  return lookAhead('line', within, from, (at) => after(within, LINE, at))
}

/** The next round bracket, or the end of the text. */
export function nextBracket(within: string, from: number): number {
  return lookAhead('bracket', within, from, (at) => after(within, NO_BRACKET, at))
}

/** The next place of a character, or the end of the text. */
export function nextOf(character: string, within: string, from: number): number {
  return lookAhead(character, within, from, (at) => {
    const found = within.indexOf(character, at)
    return found < 0 ? within.length : found
  })
}

const LINE = /[^\n\r]*/y
const NO_BRACKET = /[^()]*/y

/** The last place of a character in the rest of the line, or its end. */
export function lastBefore(within: string, character: string, from: number): number {
  const end = endOfLine(within, from)
  const at = within.slice(from, end).lastIndexOf(character)
  return at < 0 ? end : from + at
}

/** Whether a character is one of these, by its code; characters beyond ASCII only as white space. */
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
