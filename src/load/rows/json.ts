import { placeIn, type TextFile } from './text-file.ts'

/**
 * Items of a JSON file.
 *
 * @throws {Error} with file, line and column, if the file is not a JSON array
 */
export function parseJson<Row>(file: TextFile): readonly Row[] {
  const value = parse(file, 0, file.text.length)
  if (!Array.isArray(value))
    throw new Error(
      `${placeIn(file, file.text.search(/\S/))}: the file contains ${kindOf(value)}, but must contain an array of rows\n` +
        `Fix: write the rows as an array, as in [{ "user": "ann" }], or read the file in the scenario and pass its array as data`,
    )
  return value as Row[]
}

/**
 * Values of a JSON Lines file: one in each line. Empty lines are skipped.
 *
 * @throws {Error} with file, line and column, if a line is not JSON
 */
export function parseJsonLines<Row>(file: TextFile): Row[] {
  const rows: Row[] = []
  for (const { 0: line, index } of file.text.matchAll(/[^\r\n]+/g))
    if (line.trim() !== '') rows.push(parse(file, index, index + line.length) as Row)
  return rows
}

/** Parses a part of a file. The error repeats nothing of it, as rows may contain passwords. */
function parse(file: TextFile, from: number, to: number): unknown {
  const text = file.text.slice(from, to)
  try {
    return LONG_INTEGER.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
  } catch {
    const at = firstSyntaxError(text)
    const what = at >= text.trimEnd().length ? 'the JSON is incomplete' : 'the JSON is invalid'
    throw new Error(`${placeIn(file, from + at)}: ${what}\nFix: correct the syntax at this place`)
  }
}

/** Digits of an integer that may be beyond 2^53. */
const LONG_INTEGER = /\d{16}/

/** Integers that a number would round are bigints, as in the JSON of responses. */
function exactly(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value
}

const SPACES = /[ \t\r\n]*/y
const STRING = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`
const NAME = new RegExp(STRING, 'y')
const SCALAR = new RegExp(String.raw`${STRING}|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null`, 'y')

/** Offset of the first character at which a text stops being JSON. Engines do not always report it. */
function firstSyntaxError(text: string): number {
  let at = 0
  const accept = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    if (!pattern.test(text)) return false
    at = pattern.lastIndex
    return true
  }
  const acceptCharacter = (character: string): boolean => {
    accept(SPACES)
    if (text[at] !== character) return false
    at++
    return true
  }
  const members = (end: string, member: () => boolean): boolean => {
    if (acceptCharacter(end)) return true
    do if (!member()) return false
    while (acceptCharacter(','))
    return acceptCharacter(end)
  }
  const value = (): boolean => {
    if (acceptCharacter('[')) return members(']', value)
    if (acceptCharacter('{'))
      return members('}', () => {
        accept(SPACES)
        return accept(NAME) && acceptCharacter(':') && value()
      })
    return accept(SCALAR)
  }
  if (value()) accept(SPACES)
  return at
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
