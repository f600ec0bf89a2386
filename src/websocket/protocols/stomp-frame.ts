/** A frame of STOMP 1.1 or 1.2. */
export interface StompFrame {
  readonly command: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** All bytes of the frame, without the NUL at its end. */
  readonly bytes: Buffer
}

const LF = 10
const NUL = 0
const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\c': ':', '\\\\': '\\' }

/** Encodes a frame. Headers of CONNECT are not escaped, for compatibility with version 1.0. */
export function writeFrame(
  command: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array = '',
): string | Buffer {
  const escape = command === 'CONNECT' ? (text: string) => text : escaped
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  const all = length === 0 ? headers : { ...headers, 'content-length': String(length) }
  const lines = Object.entries(all).map(([name, value]) => `${escape(name)}:${escape(value)}\n`)
  const head = `${command}\n${lines.join('')}\n`
  return typeof body === 'string' ? `${head}${body}\0` : Buffer.concat([Buffer.from(head), body, Buffer.of(NUL)])
}

/**
 * Parses the frames in a stream of bytes, and returns the rest, an incomplete frame. Line feeds between frames are
 * heart-beats.
 *
 * @throws {SyntaxError} if the bytes are not STOMP
 */
export function readFrames(bytes: Buffer): { readonly frames: readonly StompFrame[]; readonly rest: Buffer } {
  const frames: StompFrame[] = []
  let from = 0
  for (;;) {
    while (bytes[from] === LF || (bytes[from] === 13 && bytes[from + 1] === LF)) from++
    const found = from < bytes.length ? readFrame(bytes, from) : undefined
    if (found === undefined) return { frames, rest: bytes.subarray(from) }
    frames.push(found.frame)
    from = found.end
  }
}

/** Parses the frame that begins at a position; `undefined` if it is not complete. */
function readFrame(bytes: Buffer, from: number): { readonly frame: StompFrame; readonly end: number } | undefined {
  const lines: string[] = []
  let at = from
  for (;;) {
    const lineEnd = bytes.indexOf(LF, at)
    if (lineEnd === -1) return undefined
    const line = bytes.toString('utf8', at, bytes[lineEnd - 1] === 13 ? lineEnd - 1 : lineEnd)
    at = lineEnd + 1
    if (line === '') break
    lines.push(line)
  }
  const [command = '', ...headerLines] = lines
  const headers = readHeaders(headerLines)
  const length = headers['content-length']
  const end = length === undefined ? bytes.indexOf(NUL, at) : at + Number(length)
  if (end === -1 || end >= bytes.length) return undefined
  if (bytes[end] !== NUL) throw new SyntaxError(`a STOMP frame ${command} that does not end with NUL`)
  return { frame: { command, headers, body: bytes.subarray(at, end), bytes: bytes.subarray(from, end) }, end: end + 1 }
}

function readHeaders(lines: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon === -1) throw new SyntaxError(`a STOMP header without a colon`)
    // Of two headers with the same name, the first one counts.
    headers[unescaped(line.slice(0, colon))] ??= unescaped(line.slice(colon + 1))
  }
  return headers
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll(':', '\\c')
}

function unescaped(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\[nrc\\]/g, (escape) => ESCAPES[escape]!) : text
}
