import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Histogram } from './histogram.ts'
import { percentileIntervalUs } from './intervals.ts'
import {
  CounterWindow,
  createWindow,
  GaugeWindow,
  MAX_TREND,
  MIN_TREND,
  PER_UNIT,
  RateWindow,
  TrendWindow,
} from './metric-windows.ts'

const value = fc.oneof(
  fc.double({ min: MIN_TREND, max: MAX_TREND, noNaN: true }),
  fc.double({ min: MIN_TREND, max: 10, noNaN: true }),
  // Of every magnitude: a uniform draw from the whole range is hardly ever below 1.
  fc.double({ min: Math.log(MIN_TREND), max: Math.log(MAX_TREND), noNaN: true }).map(inRange),
  fc.constantFrom(
    0,
    MIN_TREND,
    MAX_TREND,
    2e-8,
    5e-7,
    1.4e-6,
    600,
    ...[31, 32, 53, 64].map((bits) => 2 ** bits / PER_UNIT),
  ),
)

function inRange(logarithm: number): number {
  return Math.min(MAX_TREND, Math.max(MIN_TREND, Math.exp(logarithm)))
}

describe('TrendWindow', () => {
  test('keeps values of any size to three significant digits, and never below the value', () => {
    fc.assert(
      fc.property(value, (recorded) => {
        const window = new TrendWindow(0)
        window.record(recorded)
        window.record(MAX_TREND)
        const p50 = window.values.percentileUs(0.5) / PER_UNIT
        expect(p50).toBeGreaterThanOrEqual(recorded)
        expect(p50).toBeLessThanOrEqual(recorded * 1.001)
      }),
    )
  })

  test('keeps the smallest and the largest value exactly', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const window = new TrendWindow(0)
        window.record(one)
        window.record(other)
        expect(window.values.minUs / PER_UNIT).toBe(Math.min(one, other))
        expect(window.values.maxUs / PER_UNIT).toBe(Math.max(one, other))
      }),
    )
  })

  test('has an interval that contains equal values of any size', () => {
    fc.assert(
      fc.property(value, (recorded) => {
        const windows = [new TrendWindow(0), new TrendWindow(1)]
        for (const window of windows) for (let nth = 0; nth < 30; nth++) window.record(recorded)
        const { low, high } = percentileIntervalUs(
          windows.map(({ values }) => values),
          0.5,
        )!
        expect([low / PER_UNIT, high / PER_UNIT]).toEqual([recorded, recorded])
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
      }),
    )
  })
})

describe('CounterWindow', () => {
  const added = (value: number, times: number) => {
    const window = new CounterWindow(0)
    for (let nth = 0; nth < times; nth++) window.record(value)
    return window
  }

  test('adds decimals up without drift', () => {
    for (const times of [3, 300, 3_000, 100_000]) expect(added(0.1, times).total).toBe(times / 10)
    expect(added(19.99, 1_000).total).toBe(19_990)
    expect(added(5e9, 300).total).toBe(1.5e12)
    expect(added(9_007_199_254_740, 1_000).total).toBe(9_007_199_254_740_000)
  })

  test('does not lose small additions to a large one', () => {
    const window = added(1e16, 1)
    for (let nth = 0; nth < 1_000; nth++) window.record(1)
    expect(window.total).toBe(1e16 + 1_000)
  })

  test('adds decimals of several seconds and generators up without drift', () => {
    const all = new CounterWindow(0)
    for (let nth = 0; nth < 100; nth++) {
      const packed = new CounterWindow(0)
      packed.addPacked(structuredClone(added(0.1, 3).pack()))
      all.add(packed)
    }
    expect(all.total).toBe(30)
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
