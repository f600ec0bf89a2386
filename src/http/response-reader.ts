import type { ParsedHead } from 'autocannon/lib/httpClient.js'
import type { LoadClient } from './clients.ts'
import { commonHead, keepAliveMsOf } from './response-head.ts'
import type { RawHeaders } from './response-headers.ts'
import { readStrictly } from './strict-lines.ts'

/** Receiver of the responses on a connection. */
export interface ResponseTaker {
  /** Called with a complete response; `reader` holds it until this returns. */
  responded(reader: ResponseReader): void
}

const NO_BYTES = Buffer.alloc(0)
/** Bytes kept of an error's body even if nothing reads it: a hint shows its beginning. */
const KEPT_OF_ERRORS = 1_024

/** A second response, a body with a status that has none, or more bytes than `Content-Length` states. */
export const OVERRUN = new Error('the target sent more than the response')

const LENGTHS = new Error('it has more than one Content-Length')

/**
 * Reader of the responses on one connection. Most responses arrive in one piece with a `Content-Length` and are read
 * directly from the bytes, at a fraction of the cost; all others go through the client's parser.
 */
export class ResponseReader {
  status = 0
  /** Bytes of the body, whether kept or not. */
  bodyBytes = 0
  /** Whether the connection cannot be used for another request. */
  isLast = false
  /** How long the target announces to keep the connection; infinite without an announcement. */
  keepAliveMs = Number.POSITIVE_INFINITY
  /** Whether the response has no body, regardless of its head (HEAD). Set before a request is sent. */
  expectsNoBody = false
  /** Whether the body will be read. Set before a request is sent. */
  keepsBody = false
  /** Size beyond which a body is counted but not kept. */
  maxBodyBytes = Number.POSITIVE_INFINITY
  /** Whether only a part of a response has been received. */
  isMidResponse = false
  /** When the bytes that are read were received (`performance.now()`). Set before each read if times are measured. */
  readMs = 0
  /** When the first byte of the last response was received, not that of an interim response (1xx) before it. */
  firstByteMs = 0

  readonly #taker: ResponseTaker
  readonly #parser: LoadClient['parser']
  #chunk: Buffer = NO_BYTES
  #headLength = 0
  /** Head of a response that is read directly. */
  #head = ''
  #parts: Buffer[] = []
  #rawHeaders: readonly string[] | undefined
  #isInterim = false
  /** Whether the first byte of the final response, or of an interim one that is incomplete, has been received. */
  #hasBegun = false
  #isComplete = false
  #problem: Error | undefined

  constructor(parser: LoadClient['parser'], taker: ResponseTaker) {
    this.#parser = parser
    this.#taker = taker
    this.#installCallbacks()
  }

  /** The body; valid only during `responded`, so copy it to keep it. Without `keepsBody`, it may be incomplete. */
  get body(): Buffer {
    if (this.#rawHeaders === undefined) return this.#chunk.subarray(this.#headLength)
    return this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
  }

  /** The body as text with one character per byte, which costs less to keep than a copy of {@link body}. */
  get bodyText(): string {
    if (this.#rawHeaders === undefined) return this.#chunk.toString('latin1', this.#headLength)
    return this.body.toString('latin1')
  }

  /** Headers as received; unlike the body, they may be kept. */
  get rawHeaders(): RawHeaders {
    return this.#rawHeaders ?? this.#head
  }

  /**
   * Reads bytes, whose buffer may be overwritten afterwards.
   * @returns the error if they are not valid HTTP
   */
  read(chunk: Buffer): Error | undefined {
    if (!this.#hasBegun) this.firstByteMs = this.readMs
    if (!this.isMidResponse && !this.expectsNoBody && this.#readWhole(chunk)) return undefined
    this.isMidResponse = true
    this.#hasBegun = true
    const result = this.#parser.execute(chunk)
    // The first problem: bytes after a complete response are rarely a valid response themselves.
    if (this.#problem !== undefined) return this.#problem
    if (result instanceof Error)
      return (result as NodeJS.ErrnoException).code === 'HPE_UNEXPECTED_CONTENT_LENGTH' ? LENGTHS : result
    if (this.#isComplete) this.#deliver()
    return undefined
  }

  /** Handles the end of the connection. True if that completes a response. */
  end(): boolean {
    if (!this.isMidResponse || this.#rawHeaders === undefined) return false
    this.#parser.finish()
    if (!this.#isComplete) return false
    this.#deliver()
    return true
  }

  /** Resets all state, for a new connection. */
  reset(): void {
    this.isMidResponse = false
    this.#hasBegun = false
    this.#isComplete = false
    this.#problem = undefined
    this.#parser.reinitialize('RESPONSE')
    this.#forget()
  }

  #readWhole(chunk: Buffer): boolean {
    const head = commonHead(chunk)
    if (head === undefined || head.endAt + head.bodyLength !== chunk.length) return false
    this.#rawHeaders = undefined
    this.#head = head.text
    this.#chunk = chunk
    this.#headLength = head.endAt
    this.status = head.status
    this.isLast = head.isLast
    this.keepAliveMs = head.keepAliveMs
    this.bodyBytes = head.bodyLength
    this.#taker.responded(this)
    return true
  }

  #installCallbacks(): void {
    readStrictly(this.#parser)
    const { kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete } = this.#parser.constructor
    // Called with the trailers of a chunked response.
    this.#parser[kOnHeaders] = (trailers: readonly string[]) => {
      this.#problem ??= trailerProblem(trailers)
    }
    this.#parser[kOnHeadersComplete] = (head: ParsedHead) => {
      this.#problem ??= framingProblem(head)
      this.#forget()
      this.status = head.statusCode
      this.#isInterim = head.statusCode < 200 && head.statusCode !== 101
      this.#rawHeaders = head.headers
      // The status and the method have precedence over Content-Length.
      const hasNoBody =
        this.expectsNoBody || head.statusCode < 200 || head.statusCode === 204 || head.statusCode === 304
      this.keepAliveMs = keepAliveMsOf(headerOf(head, 'keep-alive'))
      const isKept = this.keepAliveMs > 0 && (hasNoBody ? isKeptAlive(head) : head.shouldKeepAlive)
      this.isLast = head.statusCode === 101 || !isKept
      return hasNoBody
    }
    this.#parser[kOnBody] = (bytes: Buffer, start: number, length: number) => {
      this.bodyBytes += length
      if (this.bodyBytes > this.maxBodyBytes) {
        this.#parts = []
        return
      }
      // Copied, because the next read overwrites the buffer.
      const isForHint = this.status >= 400 && this.bodyBytes - length < KEPT_OF_ERRORS
      if (this.keepsBody || isForHint) this.#parts.push(Buffer.from(bytes.subarray(start, start + length)))
    }
    this.#parser[kOnMessageComplete] = () => {
      this.#isComplete = !this.#isInterim
      const hasMore = this.#parser.offset < this.#parser.end
      if (this.#isComplete && hasMore) this.#problem ??= OVERRUN
      if (this.#isInterim) {
        this.#hasBegun = hasMore
        this.firstByteMs = this.readMs
      }
    }
  }

  /** Delivers the response. Never called from within the parser, because `responded` sends the next request. */
  #deliver(): void {
    this.#isComplete = false
    this.isMidResponse = false
    this.#hasBegun = false
    this.#taker.responded(this)
  }

  #forget(): void {
    this.#parts = []
    this.#rawHeaders = undefined
    this.#chunk = NO_BYTES
    this.#headLength = 0
    this.#head = ''
    this.bodyBytes = 0
    this.#isInterim = false
  }
}

/**
 * Error of a head from which the end of the response cannot be known. The parser accepts any text as a number, and reads a
 * body with an unknown transfer coding until the connection ends.
 */
function framingProblem({ headers }: ParsedHead): Error | undefined {
  const lengths: string[] = []
  const codings: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!.toLowerCase()
    if (name === 'content-length') lengths.push(headers[at + 1]!)
    else if (name === 'transfer-encoding') codings.push(headers[at + 1]!.toLowerCase())
  }
  if (lengths.length + codings.length > 1)
    return codings.length === 0 ? LENGTHS : new Error('it has a Transfer-Encoding and another length')
  if (lengths.length > 0 && !isByteCount(lengths[0]!)) return new Error('its Content-Length is not a number of bytes')
  if (codings.length > 0 && codings[0] !== 'chunked' && codings[0] !== 'identity')
    return new Error('its Transfer-Encoding is not chunked')
  return undefined
}

/** Whether a `Content-Length` is a number, exact as such. */
function isByteCount(text: string): boolean {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text))
}

/** Error of trailers that contradict the framing, as Node's parser finds it. */
function trailerProblem(trailers: readonly string[]): Error | undefined {
  for (let at = 0; at < trailers.length; at += 2) {
    const name = trailers[at]!.toLowerCase()
    if (name === 'content-length') return new Error('it has a Content-Length in its trailers')
    if (name === 'transfer-encoding' && trailers[at + 1] === '')
      return new Error('it has an empty Transfer-Encoding in its trailers')
  }
  return undefined
}

function headerOf({ headers }: ParsedHead, name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at]!.length === name.length && headers[at]!.toLowerCase() === name) return headers[at + 1]
  return undefined
}

/** Whether the `Connection` header, or else the HTTP version, keeps the connection open. */
function isKeptAlive({ versionMajor, versionMinor, headers }: ParsedHead): boolean {
  const isCurrent = versionMajor > 1 || (versionMajor === 1 && versionMinor >= 1)
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]!.toLowerCase() !== 'connection') continue
    const value = headers[at + 1]!.toLowerCase()
    if (value.includes(isCurrent ? 'close' : 'keep-alive')) return !isCurrent
  }
  return isCurrent
}
