import { expect, test } from 'vitest'
import type { SliceEvidence, SlicePair } from '../evidence/comparison-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { Histogram } from '../stats/histogram.ts'
import {
  comparedFigures,
  figureRows,
  figureTable,
  formatChange,
  latencyPairs,
  requestsForPercentile,
  standingAgainst,
  wrongRatio,
} from './compared-figures.ts'

function slice(more: Partial<SliceEvidence> & { count?: number; ms?: number } = {}): SliceEvidence {
  const { count = 100, ms = 10, ...rest } = more
  const latency = new Histogram()
  for (let n = 0; n < count; n++) latency.record(ms * 1000)
  return { latency, offered: count, wrong: 0, goodPerSec: count, cpuMsPerRequest: 2, ...rest }
}

/** Equal pairs. */
const pairs = (count: number, base: SliceEvidence, head: SliceEvidence): SlicePair[] =>
  Array.from({ length: count }, () => ({ base, head }))

test('compares the figures of both builds', () => {
  const figures = comparedFigures(pairs(6, slice(), slice({ ms: 12, goodPerSec: 90, cpuMsPerRequest: 3, wrong: 10 })))
  expect(
    figures.map(({ name, unit, base, head }) => [
      name,
      unit,
      Math.round(Number(base) * 100),
      Math.round(Number(head) * 100),
    ]),
  ).toEqual([
    ['p50', 'ms', 1000, 1200],
    ['p95', 'ms', 1000, 1200],
    ['p99', 'ms', 1000, 1200],
    ['throughput', 'perSec', 10_000, 9_000],
    ['CPU per request', 'ms', 200, 300],
    ['errors', 'ratio', 0, 10],
  ])
  expect(figures.map(({ change }) => Math.round(change!.value * 100))).toEqual([20, 20, 20, -10, 50, 10])
})

test('leaves out a figure that one side lacks', () => {
  const names = (base: SliceEvidence, head: SliceEvidence) =>
    comparedFigures(pairs(6, base, head)).map(({ name }) => name)
  expect(names(slice(), slice({ cpuMsPerRequest: undefined }))).not.toContain('CPU per request')
  expect(names(slice({ cpuMsPerRequest: undefined }), slice())).not.toContain('CPU per request')
})

test('leaves out the change of a figure if more than a quarter of its pairs are unusable', () => {
  const zero = { base: slice({ goodPerSec: 0 }), head: slice() }
  const changeOf = (unusable: number, usable: number) =>
    comparedFigures([...Array.from({ length: unusable }, () => zero), ...pairs(usable, slice(), slice())]).find(
      ({ name }) => name === 'throughput',
    )!.change
  expect(changeOf(2, 6)).toEqual({ value: 0, low: 0, high: 0, confidence: 0.95 })
  expect(changeOf(3, 6)).toBeUndefined()
})

test('compares a percentile only if every slice has enough requests for it', () => {
  expect([0.5, 0.95, 0.99, 0.05].map(requestsForPercentile)).toEqual([2, 20, 100, 20])
  expect(latencyPairs(pairs(2, slice({ count: 20 }), slice({ count: 20 })), 0.95)).toHaveLength(2)
  expect(latencyPairs(pairs(2, slice({ count: 19 }), slice({ count: 20 })), 0.95)).toEqual([])
  expect(latencyPairs([...pairs(2, slice(), slice()), { base: slice(), head: slice({ count: 19 }) }], 0.95)).toEqual([])
})

test('computes the error rate over all slices', () => {
  const found = [
    { base: slice({ wrong: 10 }), head: slice() },
    { base: slice({ count: 300, wrong: 10 }), head: slice() },
  ]
  expect([wrongRatio(found, 'base'), wrongRatio(found, 'head')]).toEqual([0.05, 0])
})

test('formats changes', () => {
  expect([0.149, -0.032, 0, 0.0004, 9, 9.4, 24].map((value) => formatChange(value))).toEqual([
    '+14.9%',
    '−3.2%',
    '±0%',
    '±0%',
    '+900%',
    '10 times',
    '25 times',
  ])
  expect([0.012, -0.0031, 0, 9.5].map((value) => formatChange(value, true))).toEqual([
    '+1.2 points',
    '−0.31 points',
    '±0 points',
    '+950 points',
  ])
})

test('aligns a table under its header, and shows a missing change as unknown', () => {
  const change = { value: 0.2, low: 0.1, high: 0.3, confidence: 0.95 }
  expect(
    figureTable([
      { name: 'p50', unit: 'ms', base: 10, head: 12, change },
      { name: 'p99', unit: 'ms', base: 20, head: 'Infinity' },
      { name: 'throughput', unit: 'perSec', base: 100, head: 90, change: { ...change, value: -0.1 } },
      { name: 'errors', unit: 'ratio', base: 0, head: 0.1, change },
    ]),
  ).toMatchInlineSnapshot(`
    [
      "             base   head      change  95% interval",
      "p50         10 ms  12 ms        +20%  +10% to +30%",
      "p99         20 ms      ∞     unknown",
      "throughput  100/s   90/s        −10%  +10% to +30%",
      "errors         0%    10%  +20 points  +10 points to +30 points",
    ]
  `)
  expect(figureRows([])).toEqual([['', 'base', 'head', 'change', '']])
  expect(figureRows([{ name: 'p50', unit: 'ms', base: 10, head: 12 }])).toEqual([
    ['', 'base', 'head', 'change', ''],
    ['p50', '10 ms', '12 ms', 'unknown', ''],
  ])
})

test('ignores a saturated generator if head is slower', () => {
  const found: Invalidity[] = ['generator-saturated', 'aborted'].map((reason) => ({
    reason: reason as Invalidity['reason'],
    finding: '',
    fix: '',
  }))
  expect(standingAgainst(found, true).map(({ reason }) => reason)).toEqual(['aborted'])
  expect(standingAgainst(found, false)).toBe(found)
})
