import { maxHeaderSize } from 'node:http'
import { NEW_LINE, RETURN, VALID_HEAD } from './strict-lines.ts'

/** Head of a response, as needed to read its body and reuse its connection. */
export interface ResponseHead {
  readonly status: number
  /** Length of the body, from `Content-Length`. */
  readonly bodyLength: number
  /** Whether the connection cannot be reused. */
  readonly isLast: boolean
  /** How long the target announces to keep the connection; infinite without an announcement. */
  readonly keepAliveMs: number
}

const COMMON = /^HTTP\/1\.1 ([2-5]\d\d)/
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*(?=\r\n)/gi
const ANY_CONTENT_LENGTH = /content-length/gi
const TRANSFER_ENCODING = /\r\ntransfer-encoding:/i
const CONNECTION_CLOSE = /\r\nconnection:[^\r]*close/i
const KEEP_ALIVE = /\r\nkeep-alive:([^\r]*)/i
const TIMEOUT = /(?:^|[\s,;])timeout\s*=\s*"?(\d{1,9})/i

const HEAD_END = Buffer.from('\r\n\r\n')

/** Head at the beginning of a chunk. */
interface ChunkHead {
  /** From the status line to the last header's CRLF. */
  readonly text: string
  /** `undefined` for a response that the full parser must read. */
  readonly common: CommonHead | undefined
}

/** Head of a common response: HTTP/1.1, a final status that has a body, exactly one `Content-Length`, nothing unusual. */
export interface CommonHead extends ResponseHead {
  /** From the status line to the last header's CRLF. */
  readonly text: string
  /** Offset of the body. */
  readonly endAt: number
}

let last: ChunkHead | undefined

/**
 * Parses the head of a common response. `undefined` for any other response, which the full parser must read.
 *
 * @param chunk begins with the status line
 */
export function commonHead(chunk: Buffer): CommonHead | undefined {
  // Responses of one server to one request mostly have the same head for a second, until `Date` changes.
  if (last !== undefined && beginsWithHead(chunk, last.text)) return last.common
  const end = chunk.indexOf(HEAD_END)
  // A large head may be too large, which only the strict reading of its lines decides.
  if (end < 0 || end >= maxHeaderSize) return undefined
  const text = chunk.toString('latin1', 0, end + 2)
  const head = readHead(text)
  last = { text, common: head && { ...head, text, endAt: end + 4 } }
  return last.common
}

function beginsWithHead(chunk: Buffer, text: string): boolean {
  const { length } = text
  return chunk[length] === RETURN && chunk[length + 1] === NEW_LINE && chunk.toString('latin1', 0, length) === text
}

function readHead(text: string): ResponseHead | undefined {
  const status = Number(COMMON.exec(text)?.[1])
  if (Number.isNaN(status) || status === 204 || status === 304) return undefined
  if (!VALID_HEAD.test(text) || TRANSFER_ENCODING.test(text)) return undefined
  const lengths = text.match(CONTENT_LENGTH)
  if (lengths?.length !== 1 || text.match(ANY_CONTENT_LENGTH)?.length !== 1) return undefined
  const bodyLength = Number(lengths[0].slice(lengths[0].indexOf(':') + 1))
  const keepAliveMs = keepAliveMsOf(KEEP_ALIVE.exec(text)?.[1])
  return { status, bodyLength, isLast: keepAliveMs === 0 || CONNECTION_CLOSE.test(text), keepAliveMs }
}

/** Time-out in a `Keep-Alive` header (RFC 2068, 19.7.1.1) such as `timeout=5, max=100`; 0 if the connection is not kept. */
export function keepAliveMsOf(value: string | undefined): number {
  const seconds = value === undefined ? undefined : TIMEOUT.exec(value)?.[1]
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000
}
