import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { ScenarioResult } from '../src/report/results.ts'
import { soakCell, soakTable } from './soak-report.ts'

const quiet = { mean: 0.04, max: 0.2 }
const busy = { mean: 0.31, max: 0.9 }
const unseen = { mean: Number.NaN, max: Number.NaN }

function scenario(name: string, verdict: ScenarioResult['verdict'], received = ''): ScenarioResult {
  const outcome = verdict
  const assertion = { assertion: 'toHaveP95Below(150)', expected: 'p95 < 150 ms', received, outcome }
  return { name, file: 'perf/a.perf.ts', verdict, durationMs: 1, runs: [], errors: [], assertions: [assertion] }
}

test('counts every scenario that did not pass, except an invalid one on a busy machine', () => {
  const fails = (verdict: ScenarioResult['verdict'], others: typeof quiet) =>
    soakCell(1, scenario('S1 a', verdict), others).fails
  expect([fails('passed', quiet), fails('passed', busy)]).toEqual([false, false])
  expect([fails('failed', quiet), fails('failed', busy)]).toEqual([true, true])
  expect([fails('invalid', quiet), fails('invalid', busy), fails('invalid', unseen)]).toEqual([true, false, true])
})

test('reports an error outside of assertions', () => {
  const broken = { ...scenario('S2 b', 'failed'), assertions: [], errors: [{ name: 'Error', message: 'no Redis\nat' }] }
  expect(soakCell(1, broken, unseen)).toEqual({
    run: 1,
    scenario: 'S2',
    verdict: 'failed',
    problem: 'no Redis',
    fails: true,
  })
})

test('prints a table of runs and scenarios with the reason of every cell that did not pass', () => {
  const cells = [
    soakCell(1, scenario('S1 a', 'passed'), quiet),
    soakCell(1, scenario('S2 b', 'invalid', 'schedule delay'), busy),
    soakCell(2, scenario('S1 a', 'failed', 'p95 = 163 ms'), quiet),
    soakCell(2, scenario('S2 b', 'passed'), quiet),
  ]
  expect(stripVTControlCharacters(soakTable(cells))).toMatchInlineSnapshot(`
    "run  S1   S2     others (busiest scenario)
      1  ✓    ?      31%
      2  ✗    ✓       4%

    run 1 S2 invalid, not counted: others used 31% of the machine: toHaveP95Below(150): schedule delay
    run 2 S1 failed: toHaveP95Below(150): p95 = 163 ms"
  `)
})
