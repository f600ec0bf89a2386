import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalKey, keyTypeOf } from './keys.ts'

describe('keys are equal', () => {
  const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'

  test.for([
    ['uuid', [UUID, UUID.toUpperCase(), `{${UUID}}`, UUID.replaceAll('-', ''), ` ${UUID} `]],
    ['number', ['7', '007', '+7', '7.0', '7.', '70e-1', '0.7e1', ' 7 ']],
    ['number', ['0', '-0', '0.00', '.0', '0e5']],
    ['number', ['-12.5', '-012.50', '-1.25e1', '-1250E-2']],
    ['number', ['100', '1e2', '1e+2', '0.001e5']],
    ['number', ['0.001', '1e-3', '.001', '.1e-2']],
    ['padded', ['a', 'a  ']],
    ['uncased', ['Abc', 'aBC']],
    ['address', ['10.3.0.232', '10.3.0.232/32', ' 10.3.0.232 ']],
    ['address', ['2001:db8::1', '2001:DB8:0:0:0:0:0:1/128']],
    ['address', ['10.3.0.0/24']],
    ['text', ['a']],
  ] as const)('as %s: %o', ([type, keys]) => {
    expect(new Set(keys.map((key) => canonicalKey(key, type))).size).toBe(1)
  })

  test('only as far as their type allows', () => {
    expect(canonicalKey('A', 'text')).toBe('A')
    expect(canonicalKey(' 7', 'text')).toBe(' 7')
    expect(canonicalKey('no-uuid', 'uuid')).toBe('no-uuid')
    for (const text of ['', '.', '-', 'e5', '7a', '1.2.3', '0x7']) expect(canonicalKey(text, 'number')).toBe(text)
    expect(canonicalKey(' a', 'padded')).toBe(' a')
    expect(canonicalKey('10.3.0.232/24', 'address')).toBe('10.3.0.232/24')
    expect(canonicalKey('host', 'address')).toBe('host')
  })

  test('if they are numbers of the same value, and only then', () => {
    const number = fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat({ max: 12 }))
    const written = ([units, scale]: [bigint, number]) => `${units}e-${scale}`
    fc.assert(
      fc.property(number, number, (one, other) => {
        const isSame = one[0] * 10n ** BigInt(other[1]) === other[0] * 10n ** BigInt(one[1])
        expect(canonicalKey(written(one), 'number') === canonicalKey(written(other), 'number')).toBe(isSame)
      }),
    )
  })
})

test('keyTypeOf() returns the type of a column by its identifier or name', () => {
  expect([2950, 20, 1700, 1042, 25, 99_999].map((id) => keyTypeOf(id))).toEqual([
    ...['uuid', 'number', 'number', 'padded', 'text', 'text'],
  ])
  expect(keyTypeOf(99_999, 'citext')).toBe('uncased')
})
