import { styleText } from 'node:util'
import type { ScenarioResult } from '../src/report/results.ts'

/**
 * Mean utilization by other processes from which an invalid run is excused: on two cores, a quarter is half a core that
 * the generator or the target had to wait for.
 */
export const BUSY_RATIO = 0.25

/** One scenario in one run of the suite. */
export interface SoakCell {
  readonly run: number
  readonly scenario: string
  readonly verdict: ScenarioResult['verdict']
  /** First problem in one line; absent if the scenario passed. */
  readonly problem?: string
  /** Utilization (0–1) of the machine's cores by other processes during the scenario; absent if it was not sampled. */
  readonly others?: { readonly mean: number; readonly max: number }
  /** Whether the result counts as a failure of the suite. */
  readonly fails: boolean
}

/** Cell of one scenario in one run. @param others NaN if there is no sample */
export function soakCell(
  run: number,
  { name, verdict, assertions, errors, runs }: ScenarioResult,
  others: { readonly mean: number; readonly max: number },
): SoakCell {
  const red = assertions.find(({ outcome }) => outcome === 'failed' || outcome === 'invalid')
  const findings = runs.flatMap(({ invalidities }) => invalidities.map(({ finding }) => finding))
  const problem = red ? `${red.assertion}: ${findings[0] ?? red.received}` : errors[0]?.message.split('\n')[0]
  const excused = verdict === 'invalid' && others.mean >= BUSY_RATIO
  return {
    run,
    scenario: name.split(' ')[0]!,
    verdict,
    ...(verdict === 'passed' || problem === undefined ? {} : { problem }),
    ...(Number.isNaN(others.mean) ? {} : { others: { mean: rounded(others.mean), max: rounded(others.max) } }),
    fails: verdict !== 'passed' && !excused,
  }
}

const SIGNS = { passed: '✓', failed: '✗', invalid: '?', skipped: '–' } as const

/** Table of runs (rows) and scenarios (columns) with the utilization by others, then every problem. */
export function soakTable(cells: readonly SoakCell[]): string {
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))].toSorted()
  const rows = [...Map.groupBy(cells, ({ run }) => run)].map(([run, own]) => {
    const signs = scenarios.map((scenario) => {
      const cell = own.find((one) => one.scenario === scenario)
      return signOf(cell)
    })
    const busiest = Math.max(0, ...own.map(({ others }) => others?.mean ?? 0))
    return `${String(run).padStart(3)}  ${signs.join('    ')}     ${percent(busiest).padStart(4)}`
  })
  const problems = cells
    .filter(({ verdict }) => verdict !== 'passed')
    .map(({ run, scenario, verdict, problem, others, fails }) => {
      const excuse = fails ? '' : `, not counted: others used ${percent(others!.mean)} of the machine`
      return `run ${run} ${scenario} ${verdict}${excuse}: ${problem ?? 'no reason recorded'}`
    })
  return [
    `run  ${scenarios.map((scenario) => scenario.padEnd(5)).join('')}  others (busiest scenario)`,
    ...rows,
    ...(problems.length === 0 ? [] : ['', ...problems]),
  ].join('\n')
}

function signOf(cell: SoakCell | undefined): string {
  if (cell === undefined) return ' '
  const colour = cell.verdict === 'passed' ? 'green' : cell.fails ? 'red' : 'yellow'
  return styleText(colour, SIGNS[cell.verdict])
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)}%`
}

function rounded(ratio: number): number {
  return Math.round(ratio * 1000) / 1000
}
