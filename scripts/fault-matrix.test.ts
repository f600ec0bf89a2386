import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { ScenarioResult } from '../src/report/results.ts'
import type { AssertionResult } from '../src/results/result.ts'
import {
  cellOf,
  describeCell,
  DISRUPTED,
  isComplete,
  isDisruptedIn,
  matrixTable,
  ROWS,
  type Row,
} from './fault-matrix.ts'

const slowTail: Row = {
  name: 'slow-tail',
  variable: 'TARGET_FAULTS',
  caughtBy: [
    { scenario: 'S1', matcher: 'toHaveP95Below' },
    { scenario: 'S4 with the target killed', matcher: 'toApplyExactlyOnce' },
  ],
}

function result(name: string, ...assertions: (Partial<AssertionResult> & { assertion: string })[]): ScenarioResult {
  const all = assertions.map((one): AssertionResult => ({
    expected: '',
    received: 'p95 = 163 ms',
    outcome: 'passed',
    ...one,
  }))
  const verdict = all.find(({ outcome }) => outcome !== 'passed')?.outcome ?? 'passed'
  return { name, file: 'perf/a.perf.ts', verdict, durationMs: 1, runs: [], errors: [], assertions: all }
}

const p95 = (more: Partial<AssertionResult> = {}) => ({ assertion: 'toHaveP95Below(150)', ...more })
const describeResult = (scenario: ScenarioResult) => stripVTControlCharacters(describeCell(cellOf(slowTail, scenario)))

test('accepts red only by the expected matcher', () => {
  expect(describeResult(result('S1 a', p95({ outcome: 'failed' })))).toBe('slow-tail × S1: red by toHaveP95Below')
  expect(describeResult(result('S1 a', { assertion: 'toHaveP99Below(350)', outcome: 'failed' }))).toBe(
    'slow-tail × S1: red by toHaveP99Below, expected red by toHaveP95Below',
  )
  expect(describeResult(result('S1 a', p95()))).toBe('slow-tail × S1: green, expected red by toHaveP95Below')
})

test('accepts only green if no matcher is expected to be red', () => {
  expect(describeResult(result('S2 b', p95()))).toBe('slow-tail × S2: green')
  expect(describeResult(result('S2 b', p95({ outcome: 'failed' })))).toBe(
    'slow-tail × S2: red by toHaveP95Below, expected green',
  )
  const broken = { ...result('S2 b'), verdict: 'failed' as const, errors: [{ name: 'TypeError', message: 'x' }] }
  expect(describeResult(broken)).toBe('slow-tail × S2: red by TypeError, expected green')
})

test('counts a missing metric as red, and never accepts other invalid evidence', () => {
  const starved = p95({ outcome: 'invalid', reason: 'generator-saturated' })
  expect(describeResult(result('S1 a', starved))).toBe(
    'slow-tail × S1: not judged, toHaveP95Below: generator-saturated, expected red by toHaveP95Below',
  )
  const missing = p95({ outcome: 'invalid', reason: 'metric-missing' })
  expect(describeResult(result('S1 a', missing))).toBe('slow-tail × S1: red by toHaveP95Below')
})

test('treats a scenario under a disruption as a separate scenario', () => {
  const name = 'S4 with the target killed'
  expect(describeResult(result(name, { assertion: 'toApplyExactlyOnce(x)', outcome: 'failed' }))).toBe(
    'slow-tail × S4 with the target killed: red by toApplyExactlyOnce',
  )
  expect(cellOf(ROWS[0]!, result(name)).scenario).toBe(name)
})

test('runs disrupted scenarios for the healthy target and for the faults they must catch', () => {
  const rowsOf = (name: string) => ROWS.filter((row) => isDisruptedIn(row, name)).map((row) => row.name)
  expect(DISRUPTED.map(rowsOf)).toEqual([
    ['healthy', 'vote-acknowledged-before-commit'],
    ['healthy', 'idempotency-in-redis-only'],
  ])
  const written = readFileSync(new URL('../fixtures/faults/disrupted/voting.perf.ts', import.meta.url), 'utf8')
  expect(DISRUPTED.filter((name) => !written.includes(`perfTest('${name}'`))).toEqual([])
})

test('faults name only scenarios that run', () => {
  const named = new Set(ROWS.flatMap(({ caughtBy }) => caughtBy.map(({ scenario }) => scenario)))
  expect([...named].filter((name) => !/^S[1-6]$/.test(name) && !DISRUPTED.includes(name))).toEqual([])
})

test('prints a matrix, then every unexpected cell', () => {
  const healthy = ROWS[0]!
  const cells = [
    cellOf(healthy, result('S1 a', p95())),
    cellOf(healthy, result('S2 b', p95({ outcome: 'failed' }))),
    cellOf(slowTail, result('S1 a', p95({ outcome: 'failed' }))),
    cellOf(slowTail, result('S2 b', p95({ outcome: 'invalid', reason: 'generator-saturated', received: 'starved' }))),
  ]
  expect(stripVTControlCharacters(matrixTable(cells))).toMatchInlineSnapshot(`
    "fault      S1  S2  red by
    healthy    ·   ✗
    slow-tail  ●   ?   toHaveP95Below

    ● red by the expected matcher   · green   ✗ unexpected   ? not judged

    healthy × S2: red by toHaveP95Below, expected green
    p95 = 163 ms

    slow-tail × S2: not judged, toHaveP95Below: generator-saturated, expected green
    starved"
  `)
})

test('every row except the healthy one names a scenario that catches the fault', () => {
  expect(ROWS[0]).toEqual({ name: 'healthy', caughtBy: [] })
  expect(ROWS.slice(1).filter(({ caughtBy }) => caughtBy.length === 0)).toEqual([])
})

test('a matrix with a missing cell is incomplete', () => {
  const scenarios = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6']
  const cells = ROWS.flatMap((row) =>
    [...scenarios, ...DISRUPTED.filter((name) => isDisruptedIn(row, name))].map((name) => cellOf(row, result(name))),
  )
  expect(isComplete(cells)).toBe(true)
  expect(cells.filter((_, left) => isComplete(cells.toSpliced(left, 1)))).toEqual([])
})
