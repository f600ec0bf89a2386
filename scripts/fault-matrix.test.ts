import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { ScenarioResult } from '../src/report/results.ts'
import type { AssertionResult } from '../src/results/result.ts'
import { cellOf, describeCell, DISRUPTED, isDisruptedIn, isWhole, matrixTable, ROWS, type Row } from './fault-matrix.ts'

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
const told = (scenario: ScenarioResult) => stripVTControlCharacters(describeCell(cellOf(slowTail, scenario)))

test('red by the right matcher is right, by another or green is not', () => {
  expect(told(result('S1 a', p95({ outcome: 'failed' })))).toBe('slow-tail × S1: red by toHaveP95Below')
  expect(told(result('S1 a', { assertion: 'toHaveP99Below(350)', outcome: 'failed' }))).toBe(
    'slow-tail × S1: red by toHaveP99Below, should be red by toHaveP95Below',
  )
  expect(told(result('S1 a', p95()))).toBe('slow-tail × S1: green, should be red by toHaveP95Below')
})

test('where nothing should be red, only green is right', () => {
  expect(told(result('S2 b', p95()))).toBe('slow-tail × S2: green')
  expect(told(result('S2 b', p95({ outcome: 'failed' })))).toBe(
    'slow-tail × S2: red by toHaveP95Below, should be green',
  )
  const broken = { ...result('S2 b'), verdict: 'failed' as const, errors: [{ name: 'TypeError', message: 'x' }] }
  expect(told(broken)).toBe('slow-tail × S2: red by TypeError, should be green')
})

test('evidence that could not be used is never right; a figure that is not there is a finding', () => {
  const starved = p95({ outcome: 'invalid', reason: 'generator-saturated' })
  expect(told(result('S1 a', starved))).toBe(
    'slow-tail × S1: not judged, toHaveP95Below, should be red by toHaveP95Below',
  )
  const missing = p95({ outcome: 'invalid', reason: 'metric-missing' })
  expect(told(result('S1 a', missing))).toBe('slow-tail × S1: red by toHaveP95Below')
})

test('a scenario under a disruption is one of its own', () => {
  const name = 'S4 with the target killed'
  expect(told(result(name, { assertion: 'toApplyExactlyOnce(x)', outcome: 'failed' }))).toBe(
    'slow-tail × S4 with the target killed: red by toApplyExactlyOnce',
  )
  expect(cellOf(ROWS[0]!, result(name)).scenario).toBe(name)
})

test('disrupted scenarios run for the healthy target and for the faults they are to catch', () => {
  const rowsOf = (name: string) => ROWS.filter((row) => isDisruptedIn(row, name)).map((row) => row.name)
  expect(DISRUPTED.map(rowsOf)).toEqual([
    ['healthy', 'vote-acknowledged-before-commit'],
    ['healthy', 'idempotency-in-redis-only'],
  ])
  const written = readFileSync(new URL('../fixtures/faults/disrupted/voting.perf.ts', import.meta.url), 'utf8')
  expect(DISRUPTED.filter((name) => !written.includes(`perfTest('${name}'`))).toEqual([])
})

test('every scenario a fault names is one that runs', () => {
  const named = new Set(ROWS.flatMap(({ caughtBy }) => caughtBy.map(({ scenario }) => scenario)))
  expect([...named].filter((name) => !/^S[1-6]$/.test(name) && !DISRUPTED.includes(name))).toEqual([])
})

test('reads as a matrix', () => {
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

    ● red by the right matcher   · green   ✗ not as it should be   ? not judged

    healthy × S2: red by toHaveP95Below, should be green
    p95 = 163 ms

    slow-tail × S2: not judged, toHaveP95Below, should be green
    starved"
  `)
})

test('every fault is a row, and is to be caught somewhere', () => {
  expect(ROWS[0]).toEqual({ name: 'healthy', caughtBy: [] })
  expect(ROWS.slice(1).filter(({ caughtBy }) => caughtBy.length === 0)).toEqual([])
})

test('a matrix without one cell is not whole', () => {
  const scenarios = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6']
  const cells = ROWS.flatMap((row) =>
    [...scenarios, ...DISRUPTED.filter((name) => isDisruptedIn(row, name))].map((name) => cellOf(row, result(name))),
  )
  expect(isWhole(cells)).toBe(true)
  expect(cells.filter((_, left) => isWhole(cells.toSpliced(left, 1)))).toEqual([])
})
