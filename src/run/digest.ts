import { crc32 } from 'node:zlib'

const LENGTH_LIMIT = 2 ** 21

/**
 * A fingerprint of a payload or an answer: its CRC-32 and its length in bytes (UTF-8), packed into one safe integer.
 * Two contents that differ in a few bytes never share it, two unrelated ones of the same length once in 4 billion;
 * good for telling whether two sends of one key were the same, not against somebody who forges contents.
 */
export type Digest = number

/** The fingerprint of a content, never negative. */
export function digestOf(content: string | Uint8Array): Digest {
  const bytes = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength
  return crc32(content) * LENGTH_LIMIT + (bytes % LENGTH_LIMIT)
}
