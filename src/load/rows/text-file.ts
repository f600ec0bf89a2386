import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'

/** A file of rows, as text. */
export interface TextFile {
  /** The path as the scenario has it, which begins every message. */
  readonly name: string
  /** Content without a byte order mark. */
  readonly text: string
}

/**
 * Reads a file of rows. Its encoding is UTF-8, or UTF-16 with a byte order mark, unless `encoding` names another one.
 *
 * @param call name of the function that reads it, as in `csv`
 * @throws {Error} with the absolute path, if the file cannot be read; with line and column, if it has another encoding
 */
export async function readTextFile(call: string, path: string | URL, encoding?: string): Promise<TextFile> {
  const name = String(path)
  return { name, text: decode(await bytesOf(call, path), name, encoding) }
}

/** The place of a character in a file, as editors show it: `users.csv:3:7`. */
export function placeIn({ name, text }: TextFile, offset: number): string {
  const { line, column } = lineAndColumn(text, offset)
  return `${name}:${line}:${column}`
}

const LINE_BREAK = /\r\n|\r|\n/g

/** Line and column of a character, both from 1. */
function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1
  let start = 0
  for (const { 0: lineBreak, index } of text.matchAll(LINE_BREAK)) {
    if (index + lineBreak.length > offset) break
    line++
    start = index + lineBreak.length
  }
  return { line, column: offset - start + 1 }
}

async function bytesOf(call: string, path: string | URL): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'no such file' : `the file cannot be read (${message})`
    const resolved = path instanceof URL ? path.href : resolve(path)
    throw new Error(
      `data: ${call}('${String(path)}'): ${problem}: ${resolved}\n` +
        `Fix: correct the path. A relative path is resolved against the working directory, ${process.cwd()}; ` +
        `new URL('${basename(String(path))}', import.meta.url) is resolved against the scenario's file`,
      { cause },
    )
  }
}

function decode(bytes: Buffer, name: string, encoding: string | undefined): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (encoding !== undefined) return decodeAs(encoding, bytes, name)
  if (bytes.includes(0))
    throw new Error(
      `${placeOfByte(bytes, bytes.indexOf(0), name)}: a zero byte, so the file is not UTF-8 but probably UTF-16 without a byte order mark\n` +
        `Fix: set encoding: 'utf-16le', or save the file as UTF-8`,
    )
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes)
  throw new Error(
    `${placeOfByte(bytes, firstInvalidByte(bytes), name)}: the line is not UTF-8 but probably Latin-1 (Windows-1252)\n` +
      `Fix: set encoding: 'windows-1252', or save the file as UTF-8`,
  )
}

function decodeAs(encoding: string, bytes: Buffer, name: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Error(`${name}: the file is not ${encoding}\nFix: correct the option encoding`, { cause })
  }
}

function placeOfByte(bytes: Buffer, offset: number, name: string): string {
  const before = bytes.toString('utf8', 0, offset)
  return placeIn({ name, text: before }, before.length)
}

/** Offset of the first character that is not UTF-8. */
function firstInvalidByte(bytes: Buffer): number {
  for (let at = 0; ;) {
    const lead = bytes[at]!
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (length > 1 && !isUtf8(bytes.subarray(at, at + length))) return at
    at += length
  }
}
