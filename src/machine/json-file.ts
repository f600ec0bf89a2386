import { readFile, stat } from 'node:fs/promises'

/** Number of characters of a file that a message shows. */
const SHOWN = 40

/** Thrown if a file cannot be read as JSON: the message names the file and what is wrong with it. */
export class JsonFileError extends Error {
  /** What the user can do, if writing the file again is not the only way. */
  readonly fix: string | undefined

  constructor(message: string, fix?: string) {
    super(message)
    this.fix = fix
  }
}

/**
 * Reads a file as JSON. Its source is not trusted: the message of an error can contain text of the file, also control
 * characters.
 *
 * @returns `undefined` if there is no file
 * @throws {JsonFileError} if it cannot be read, or is empty, cut off, or not JSON in UTF-8
 */
export async function readJsonFile(file: string): Promise<unknown> {
  const bytes = await readBytes(file)
  return bytes && parse(decode(bytes, file), file)
}

async function readBytes(file: string): Promise<Buffer | undefined> {
  try {
    const kind = await stat(file)
    // Some devices have no end.
    const other = kind.isDirectory() ? 'a folder' : kind.isCharacterDevice() || kind.isBlockDevice() ? 'a device' : ''
    if (other !== '') throw new JsonFileError(`${file} is ${other}, not a file`, 'pass the path of a file')
    return await readFile(file)
  } catch (error) {
    if (error instanceof JsonFileError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const reason = error instanceof Error ? error.message : String(error)
    throw new JsonFileError(`${file} cannot be read: ${reason}`, 'make the file readable')
  }
}

function decode(bytes: Buffer, file: string): string {
  const start = bytes.subarray(0, 2).toString('hex')
  if (start === 'fffe' || start === 'feff')
    throw new JsonFileError(`${file} is UTF-16 text, and must be UTF-8`, 'save it as UTF-8')
  try {
    // Removes a byte order mark, which some editors write.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new JsonFileError(`${file} is not text in UTF-8`)
    throw new JsonFileError(`${file} is too large: ${bytes.length} bytes`)
  }
}

function parse(text: string, file: string): unknown {
  const trimmed = text.trimEnd()
  if (trimmed === '') throw new JsonFileError(`${file} is empty`)
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = (error as Error).message.replaceAll(/\s+/g, ' ')
    const position = /at position (\d+)/.exec(reason)?.[1]
    const isCutOff = /end of JSON input|Unterminated string/.test(reason) || Number(position) >= trimmed.length
    if (!isCutOff) throw new JsonFileError(`${file} is not JSON: ${reason}`)
    const end = JSON.stringify(trimmed.slice(-SHOWN))
    throw new JsonFileError(`${file} ends in the middle: ${text.length} characters were read, the last ones are ${end}`)
  }
}
