import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { durationMs } from '../options/checks.ts'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMs,
  formatRate,
  formatRatio,
  msParts,
  significant,
} from './units.ts'

describe('formats', () => {
  it.each([
    [0, '0 ms'],
    [0.0524, '0.0524 ms'],
    [4.123, '4.12 ms'],
    [163.4, '163 ms'],
    [999.4, '999 ms'],
    [1_000, '1.00 s'],
    [1_449, '1.45 s'],
    [9_999, '10.00 s'],
    [10_000, '10.0 s'],
    [95_000, '95.0 s'],
  ])('%d ms as a time', (ms, text) => {
    expect(formatMs(ms)).toBe(text)
    expect(msParts(ms).join(' ')).toBe(text)
  })

  it.each([
    [250, '250ms'],
    [1_500, '1.5s'],
    [999, '999ms'],
    [1_000, '1s'],
    [60_000, '60s'],
    [90_000, '90s'],
    [150_000, '150s'],
    [7_260_000, '121m'],
    [7_265_000, '7265s'],
    [120_000, '2m'],
    [300_000, '5m'],
    [3_600_000, '1h'],
    [0, '0ms'],
  ])('%d ms as a duration', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('durations that options can parse', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7_200_000 }), (ms) => {
        expect(Math.abs(durationMs(formatDuration(ms))! / ms - 1)).toBeLessThanOrEqual(0.005)
      }),
    )
  })

  it.each([
    [0, '0%'],
    [0.003, '0.3%'],
    [0.12, '12%'],
    [0.1, '10%'],
    [0.1004, '10%'],
    [0.0996, '10%'],
    [0.00017, '0.017%'],
    [1, '100%'],
    [0.9963, '99.6%'],
    [0.087, '8.7%'],
    [-0.05, '-5%'],
    [1.2e-60, '0%'],
    [1e-8, '0.000001%'],
  ])('%d as a ratio', (ratio, text) => {
    expect(formatRatio(ratio)).toBe(text)
  })

  it.each([
    [formatCount(11_940.4), '11,940'],
    [formatCount(999), '999'],
    [formatCount(1_234_567), '1,234,567'],
    [formatCount(-12_345), '-12,345'],
    [formatCount(Number.NaN), 'NaN'],
    [formatRate(200), '200/s'],
    [formatRate(4.5), '4.5/s'],
    [formatRate(99.96), '100/s'],
    [formatRate(100.4), '100/s'],
    [formatRate(0), '0/s'],
    [formatRate(5_000), '5,000/s'],
    [formatBytes(512), '512 B'],
    [formatBytes(1_024), '1 KiB'],
    [formatBytes(3 * 2 ** 50), '3072 TiB'],
    [formatBytes(318_767_104), '304 MiB'],
    [formatBytes(1.5 * 2 ** 30), '1.5 GiB'],
    [significant(1234.56, 3), '1235'],
    [significant(0.00012345, 2), '0.00012'],
    [significant(-4.5678, 3), '-4.57'],
    [significant(2.3e-25, 3), '2.3e-25'],
    [significant(7, 3), '7'],
    [significant(100, 3), '100'],
    [significant(2.001, 3), '2'],
  ])('%s', (found, text) => {
    expect(found).toBe(text)
  })
})
