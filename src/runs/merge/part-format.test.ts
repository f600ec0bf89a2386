import { describe, expect, test } from 'vitest'
import { messageOf } from '../../testing/message-of.ts'
import { decodePart, encodePart } from './part-format.ts'

describe('decodePart', () => {
  test('returns what was encoded, with numbers that JSON does not have', () => {
    const value = {
      numbers: [Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53 - 1, 0.1 + 0.2],
      map: new Map([[200, 7]]),
      buckets: new Uint32Array([1, 2 ** 32 - 1]),
      missing: undefined,
    }
    expect(decodePart(encodePart(value))).toEqual(value)
  })

  test('reads a part that is a view of a larger buffer', () => {
    const part = encodePart({ numbers: new Float64Array([1.5]) })
    const larger = Buffer.concat([Buffer.from('abc'), part, Buffer.from('def')])
    expect(decodePart(larger.subarray(3, 3 + part.byteLength))).toEqual({ numbers: new Float64Array([1.5]) })
  })

  test('rejects a part of another version', () => {
    const part = Buffer.from(encodePart({}))
    part.write('9', part.indexOf('\n') - 1)
    expect(messageOf(() => decodePart(part))).toMatchInlineSnapshot(`
      "Error: the evidence of a generator has version 9, and this generator reads version 2
      Fix: install the same version of vitest-slo on all generators"
    `)
  })

  test('rejects a part of something else', () => {
    expect(messageOf(() => decodePart(Buffer.from('{"evidence":1}')))).toMatchInlineSnapshot(`
      "Error: the evidence of a generator does not begin with "vitest-slo evidence 2"
      Fix: check that nothing else writes to the rendezvous"
    `)
    expect(messageOf(() => decodePart(new Uint8Array()))).toBe(
      messageOf(() => decodePart(Buffer.from('{"evidence":1}'))),
    )
  })

  test('rejects a part with any byte changed, and a shortened one', () => {
    const part = encodePart({ text: 'evidence '.repeat(20), numbers: Array.from({ length: 50 }, (_, n) => n * n) })
    for (let at = 0; at < part.byteLength; at++) {
      const damaged = Uint8Array.from(part, (byte, index) => (index === at ? byte ^ 0x55 : byte))
      expect(() => decodePart(damaged), `byte ${at}`).toThrow(/the evidence of a generator/)
    }
    expect(messageOf(() => decodePart(part.subarray(0, -3)))).toMatch(
      /^Error: the evidence of a generator is damaged \(\d+ bytes\)\nFix: /,
    )
  })
})
