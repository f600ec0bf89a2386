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

describe('units for people', () => {
  it.each([
    [0, '0 ms'],
    [0.0524, '0.0524 ms'],
    [4.123, '4.12 ms'],
    [163.4, '163 ms'],
    [999.4, '999 ms'],
    [1_000, '1.00 s'],
    [1_449, '1.45 s'],
    [95_000, '95.0 s'],
  ])('%d ms as a time', (ms, text) => {
    expect(formatMs(ms)).toBe(text)
    expect(msParts(ms).join(' ')).toBe(text)
  })

  it.each([
    [250, '250ms'],
    [1_500, '1.5s'],
    [60_000, '60s'],
    [90_000, '90s'],
    [120_000, '2m'],
    [300_000, '5m'],
    [3_600_000, '1h'],
    [0, '0ms'],
  ])('%d ms as a duration', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('durations can be written back as options', () => {
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
    [0.00017, '0.017%'],
    [1, '100%'],
    [0.9963, '99.6%'],
    [0.087, '8.7%'],
    [-0.05, '-5%'],
  ])('%d as a ratio', (ratio, text) => {
    expect(formatRatio(ratio)).toBe(text)
  })

  it.each([
    [formatCount(11_940.4), '11,940'],
    [formatRate(200), '200/s'],
    [formatRate(4.5), '4.5/s'],
    [formatRate(5_000), '5,000/s'],
    [formatBytes(512), '512 B'],
    [formatBytes(318_767_104), '304 MiB'],
    [formatBytes(1.5 * 2 ** 30), '1.5 GiB'],
    [significant(1234.56, 3), '1235'],
    [significant(0.00012345, 2), '0.00012'],
    [significant(-4.5678, 3), '-4.57'],
  ])('%s', (found, text) => {
    expect(found).toBe(text)
  })
})
