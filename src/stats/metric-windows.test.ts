import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Histogram } from './histogram.ts'
import { createWindow, GaugeWindow, MAX_TREND, PER_UNIT, RateWindow, TrendWindow } from './metric-windows.ts'

const value = fc.oneof(
  fc.double({ min: 0, max: MAX_TREND, noNaN: true }),
  fc.double({ min: 0, max: 10, noNaN: true }),
  fc.constantFrom(0, MAX_TREND, 1e-9, 600, 2 ** 31 / PER_UNIT, 2 ** 32 / PER_UNIT),
)

describe('TrendWindow', () => {
  test('keeps values of any size to three significant digits and a millionth', () => {
    fc.assert(
      fc.property(value, (recorded) => {
        const window = new TrendWindow(0)
        window.record(recorded)
        const p50 = window.values.percentileUs(0.5) / PER_UNIT
        expect(Math.abs(p50 - recorded)).toBeLessThanOrEqual(recorded / 1000 + 1 / PER_UNIT)
        expect(p50 > 0).toBe(recorded > 0)
      }),
    )
  })

  test('orders values as numbers', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const window = new TrendWindow(0)
        window.record(one)
        window.record(other)
        const [low, high] = window.values.percentilesUs([0.5, 1])
        expect(low).toBeLessThanOrEqual(high!)
        expect(window.values.countAtMost(low!)).toBeGreaterThanOrEqual(1)
        expect(window.values.maxUs).toBeCloseTo(Math.max(one, other) * PER_UNIT, -1)
      }),
    )
  })
})

test.each(['trend', 'counter', 'rate', 'gauge', 'softCheck'] as const)(
  'windows of a %s are the same whether packed, added or recorded at once',
  (kind) => {
    const record = (window: { record: (value: never, more: never) => void }, at: number) =>
      window.record((kind === 'rate' || kind === 'softCheck' ? at % 3 === 0 : at) as never, at as never)
    const [all, added, packed] = [createWindow[kind](7), createWindow[kind](7), createWindow[kind](7)]
    for (const part of [0, 1]) {
      const window = createWindow[kind](7)
      for (let at = part; at < 40; at += 2) {
        record(window, at)
      }
      added.add(window as never)
      packed.addPacked(structuredClone(window.pack()) as never)
    }
    for (let at = 0; at < 40; at++) record(all, at)
    expect(sorted(added.pack())).toEqual(sorted(all.pack()))
    expect(sorted(packed.pack())).toEqual(sorted(all.pack()))
  },
)

/** Maps compare by the order of their entries. */
function sorted(packed: object) {
  return Object.fromEntries(
    Object.entries(packed).map(([key, found]) => [key, found instanceof Map ? new Set(found.keys()).size : found]),
  )
}

test('the last value of a gauge is that of the latest time, whatever the order', () => {
  const [early, late] = [new GaugeWindow(0), new GaugeWindow(0)]
  early.record(3, 100)
  late.record(9, 200)
  for (const order of [
    [early, late],
    [late, early],
  ]) {
    const all = new GaugeWindow(0)
    for (const window of order) all.add(window)
    expect(all).toMatchObject({ count: 2, last: 9, min: 3, max: 9 })
  }
})

test('a rate counts at most 20 different reasons separately', () => {
  const window = new RateWindow(0)
  for (let at = 0; at < 30; at++) window.record(false, `reason ${at}`)
  expect(window.details.size).toBe(21)
  expect(window.details.get('other')).toBe(10)
})

test('a histogram without a limit of its own keeps that of times', () => {
  expect(Histogram.merged([]).limit).toBe(600_000_000)
  expect(Histogram.merged([new TrendWindow(0).values]).limit).toBe(MAX_TREND * PER_UNIT)
})
