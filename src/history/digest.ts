import { crc32 } from 'node:zlib'

/**
 * Digest of a payload or a response as a safe integer, the same for a string and for its bytes in UTF-8. Different contents
 * collide once in 2^53; contents of the same length over 512 bytes once in 2^32. It shows whether two sends of a key were
 * equal, but does not detect forged contents.
 */
export type Digest = number

/** Up to this length, a loop is faster than a call of native code between two requests. */
const SHORT_BYTES = 512
const LOW_BITS = 21

/** Digest of a content, never negative. */
export function digestOf(content: string | Uint8Array): Digest {
  if (typeof content !== 'string') return digestOfBytes(content)
  const { length } = content
  if (length > SHORT_BYTES) return digestOfLong(content, Buffer.byteLength(content))
  let one = length
  let other = length
  let seen = 0
  for (let at = 0; at < length; at++) {
    const unit = content.charCodeAt(at)
    seen |= unit
    one = stir(one, unit)
    other = stirOther(other, unit)
  }
  return seen > 0x7f ? digestOfBytes(Buffer.from(content)) : pack(one, other >>> (32 - LOW_BITS))
}

function digestOfBytes(bytes: Uint8Array): Digest {
  const { length } = bytes
  if (length > SHORT_BYTES) return digestOfLong(bytes, length)
  let one = length
  let other = length
  for (let at = 0; at < length; at++) {
    one = stir(one, bytes[at]!)
    other = stirOther(other, bytes[at]!)
  }
  return pack(one, other >>> (32 - LOW_BITS))
}

function digestOfLong(content: string | Uint8Array, bytes: number): Digest {
  return pack(crc32(content), bytes)
}

/** FNV-1a, 32 bits: Fowler, Noll, Vo, http://www.isthe.com/chongo/tech/comp/fnv/ */
function stir(state: number, byte: number): number {
  return Math.imul(state ^ byte, 16_777_619)
}

/** The same with another odd multiplier, for bits that are independent of the first. */
function stirOther(state: number, byte: number): number {
  return Math.imul(state ^ byte, 0x2c1b3c6d)
}

function pack(high: number, low: number): Digest {
  return (high >>> 0) * 2 ** LOW_BITS + (low & (2 ** LOW_BITS - 1))
}
