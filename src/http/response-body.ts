import { isUtf8 } from 'node:buffer'
import zlib, { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { formatCount } from '../stats/units.ts'

/** Error of a response body that cannot be read. It is the target's, of kind `body`, wherever it is thrown. */
export class BodyError extends Error {
  /** Name of the class. */
  override readonly name = 'BodyError'
}

interface Limit {
  readonly maxOutputLength: number
  readonly info: true
}

/** Result of a Node decoder with the option `info`, which is missing from its types. */
interface Decoded {
  readonly buffer: Buffer
  /** `bytesWritten` counts only the bytes of the stream, without what follows it. */
  readonly engine: { readonly bytesWritten: number }
}

/** Content codings, by the names of RFC 9110 and their aliases. */
const DECODERS: Readonly<Record<string, (bytes: Uint8Array, limit: Limit) => unknown>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  // Some servers omit the required zlib header of deflate, whose first byte has 8 in its low half.
  deflate: (bytes, limit) => ((bytes[0]! & 0x0f) === 8 ? inflateSync : inflateRawSync)(bytes, limit),
  br: brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
}

/** Valid values of `acceptEncoding`. */
export const CODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const
/** A content coding that can be decoded. */
export type ContentCoding = (typeof CODINGS)[number]

/**
 * Decodes content codings, the last one applied first.
 *
 * @param contentEncoding value of the `Content-Encoding` header
 * @throws {BodyError} for an unknown coding, invalid or truncated bytes, and more than `maxBytes` decoded bytes
 */
export function decodeContent(bytes: Buffer, contentEncoding: string | undefined, maxBytes: number): Buffer {
  if (contentEncoding === undefined || bytes.length === 0) return bytes
  const codings = contentEncoding
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  return codings.reduceRight((encoded, coding) => decodeOne(encoded, coding, maxBytes), bytes)
}

function decodeOne(bytes: Buffer, coding: string, maxBytes: number): Buffer {
  const decode = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined
  if (decode === undefined)
    throw new BodyError(
      `the response has an unsupported content-encoding, ${coding.slice(0, 40)} (supported: ${CODINGS.join(', ')})`,
    )
  try {
    return decodeAll(
      bytes,
      (rest, limit) => decode(rest, { maxOutputLength: limit, info: true }) as Decoded,
      coding,
      maxBytes,
    )
  } catch (error) {
    if (error instanceof BodyError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new BodyError(
      code === 'Z_BUF_ERROR'
        ? `the ${coding} stream of the response is truncated`
        : `the response body is not valid ${coding}: ${message}`,
      { cause: error },
    )
  }
}

/** Decodes all frames: zstd may have several (RFC 8878, 3.1), of which Node decodes only the first. */
function decodeAll(
  bytes: Buffer,
  decode: (bytes: Buffer, maxBytes: number) => Decoded,
  coding: string,
  maxBytes: number,
): Buffer {
  const { buffer, engine } = decode(bytes, maxBytes)
  const rest = bytes.subarray(engine.bytesWritten)
  // Zero padding after the stream is ignored, as gzip itself and every HTTP client do.
  if (rest.length === 0 || (coding.endsWith('gzip') && rest.every((byte) => byte === 0))) return buffer
  if (coding !== 'zstd' || engine.bytesWritten === 0)
    throw new BodyError(`the response body has more bytes than its ${coding} stream`)
  const room = maxBytes - buffer.length
  if (room <= 0) throw tooLarge(maxBytes)
  return Buffer.concat([buffer, decodeAll(rest, decode, coding, room)])
}

export function tooLarge(maxBytes: number): BodyError {
  return new BodyError(`the response body is larger than maxBodyBytes (${formatCount(maxBytes)} bytes)`)
}

const CHARSET = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]+))/i

/**
 * Decodes text as the Encoding Standard does: a byte order mark has precedence over the charset of the content type, and
 * UTF-8 is the default, also for an unknown charset. Invalid bytes become U+FFFD.
 */
export function decodeText(bytes: Buffer, contentType: string | undefined): string {
  const label = markOf(bytes) ?? charsetOf(contentType)
  if (label === undefined) return bytes.toString('utf8')
  try {
    return new TextDecoder(label).decode(bytes)
  } catch {
    return bytes.toString('utf8')
  }
}

/** Whether a text without a charset is not valid UTF-8, which may explain why a check did not find something in it. */
export function isGarbled(bytes: Buffer, contentType: string | undefined): boolean {
  return markOf(bytes) === undefined && charsetOf(contentType) === undefined && !isUtf8(bytes)
}

function markOf(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return undefined
}

/** `undefined` for UTF-8, which needs no decoder. */
function charsetOf(contentType: string | undefined): string | undefined {
  const match = contentType === undefined ? null : CHARSET.exec(contentType)
  const label = match?.[1] ?? match?.[2]
  return label === undefined || /^utf-?8$/i.test(label) ? undefined : label
}

/** Digits of an integer that may be beyond 2^53, outside strings and fractions. */
const LONG_INTEGER = /(?:^|[\s,:[-])\d{16}/

/**
 * Parses JSON without rounding: an integer beyond 2^53 becomes a bigint.
 *
 * @throws {BodyError} for text that is not JSON
 */
export function parseJson(text: string): unknown {
  try {
    return LONG_INTEGER.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
  } catch (error) {
    throw new BodyError(text.trim() === '' ? 'the response body is empty, not JSON' : 'the response body is not JSON', {
      cause: error,
    })
  }
}

/** Reviver that returns an integer beyond 2^53 as a bigint, from its source text: `value` is already rounded. */
function exactly(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
}
