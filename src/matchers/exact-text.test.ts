import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatBytes, formatMs, formatRate, formatRatio, formatValue } from '../stats/units.ts'
import { limitText, valueText } from './exact-text.ts'

const inUnit = (unit: string) => (value: number) => formatValue(value, unit)

describe('limits', () => {
  test.each([
    [150, formatMs, '150 ms'],
    [100.03, formatMs, '100.03 ms'],
    [1_500, formatMs, '1.50 s'],
    [1_234, formatMs, '1.234 s'],
    [12_345, formatMs, '12.345 s'],
    [0.000_012_345, formatMs, '0.000012345 ms'],
    [0.001, formatRatio, '0.1%'],
    [0.07, formatRatio, '7%'],
    [0.123_45, formatRatio, '12.345%'],
    [0.999_95, formatRatio, '99.995%'],
    [1e-10, formatRatio, '1e-8%'],
    [200, formatRate, '200/s'],
    [1_234.5, formatRate, '1,234.5/s'],
    [99.75, formatRate, '99.75/s'],
    [1_240, inUnit('KiB'), '1,240 KiB'],
    [5_000.25, inUnit('s'), '5,000.25 s'],
    [1e-8, inUnit('s'), '0.00000001 s'],
    [0, inUnit('s'), '0 s'],
    [-1.2345, inUnit('jobs'), '-1.2345 jobs'],
    [318_767_104, formatBytes, '304 MiB'],
    [100_000_000, formatBytes, '95.367431640625 MiB'],
  ])('of %d are shown as they were written: %#', (limit, show, text) => {
    expect(limitText(limit, show)).toBe(text)
  })
})

describe('values', () => {
  test.each([
    [163, 150, formatMs, '163 ms'],
    [150, 150, formatMs, '150 ms'],
    [150.2, 150, formatMs, '150.2 ms'],
    [100.04, 100.03, formatMs, '100.04 ms'],
    [1_002, 1_000, formatMs, '1.002 s'],
    [0.500_01, 0.5, formatRatio, '50.001%'],
    [5.000_1, 5, inUnit('s'), '5.0001 s'],
    [30.000_000_1, 30, inUnit('items'), '30.0000001 items'],
    [1_000.4, 1_000.2, inUnit('B'), '1,000.4 B'],
    [199.999_6, 200, formatRate, '199.9996/s'],
    [Number.POSITIVE_INFINITY, 150, formatMs, '∞'],
  ])('of %d next to %d have the digits that tell them apart: %#', (value, limit, show, text) => {
    expect(valueText(value, limit, show)).toBe(text)
  })

  test.each([
    ['ms', formatMs],
    ['ratio', formatRatio],
    ['rate', formatRate],
    ['value', inUnit('items')],
  ])('in %s are never shown on the other side of the limit', (_, show) => {
    const close = fc.integer({ min: 1, max: 9_999_999 }).map((whole) => whole / 1_000)
    const offset = fc.integer({ min: -50, max: 50 }).map((whole) => whole / 1_000)
    fc.assert(
      fc.property(close, offset, (limit, by) => {
        const value = Math.max(0.001, Number((limit + by).toFixed(3)))
        const [shown, shownLimit] = [valueText(value, limit, show), limitText(limit, show)].map(numberOf)
        if (unitOf(valueText(value, limit, show)) !== unitOf(limitText(limit, show))) return
        expect(Math.sign(shown! - shownLimit!)).toBe(Math.sign(value - limit))
      }),
    )
  })
})

function numberOf(text: string): number {
  return Number.parseFloat(text.replaceAll(',', ''))
}

function unitOf(text: string): string {
  return text.replace(/^[\d.,]+/, '')
}
