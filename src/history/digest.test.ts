import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf } from './digest.ts'

const text = fc.oneof(
  fc.string({ maxLength: 1_100, size: 'max' }),
  fc.string({ maxLength: 1_100, size: 'max', unit: 'grapheme' }),
)

describe('a digest', () => {
  test('is the same non-negative integer for a string and its bytes', () => {
    fc.assert(
      fc.property(text, (content) => {
        const digest = digestOf(content)
        expect(digestOf(Buffer.from(content))).toBe(digest)
        expect(Number.isSafeInteger(digest) && digest >= 0).toBe(true)
      }),
    )
    expect(Number.isSafeInteger(digestOf(Buffer.alloc(5_000_000, 255)))).toBe(true)
  })

  test('differs if one byte, one bit or only the length differs', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 1_100, size: 'max' }),
        fc.nat(),
        fc.nat(7),
        (content, at, bit) => {
          const changed = content.slice()
          changed[at % content.length]! ^= 1 << bit
          expect(digestOf(changed)).not.toBe(digestOf(content))
          expect(digestOf(Buffer.concat([content, Buffer.alloc(1)]))).not.toBe(digestOf(content))
        },
      ),
    )
    expect(digestOf('')).not.toBe(digestOf('\0'))
  })

  test('does not collide for many similar contents', () => {
    const digests = new Set(Array.from({ length: 100_000 }, (_, at) => digestOf(`{"stars":${at},"left":${at * 7}}`)))
    expect(digests.size).toBe(100_000)
  })
})
