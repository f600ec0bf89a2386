import { styleText } from 'node:util'
import { faults } from '../fixtures/faults/index.ts'
import { serviceFaults } from '../fixtures/faults/service-faults.ts'
import type { ScenarioResult } from '../src/report/results.ts'

/** A fault, or none, and what must turn red because of it. */
export interface Row {
  readonly name: string
  /** The environment variable that switches it on; absent if nothing is wrong. */
  readonly variable?: 'TARGET_FAULTS' | 'SERVICE_FAULTS'
  readonly caughtBy: readonly { readonly scenario: string; readonly matcher: string }[]
}

/** What came of one scenario under one fault. */
export interface Cell {
  readonly fault: string
  readonly scenario: string
  /** `unjudged`: the evidence could not be used, as where the load generator was starved. */
  readonly outcome: 'green' | 'red' | 'unjudged'
  /** The first matcher that did not pass, or the error's name where none was reached. */
  readonly matcher?: string
  /** What it said. */
  readonly received?: string
  /** The matcher that should not pass; absent if all should. */
  readonly expected?: string
  readonly isRight: boolean
  /** The day it was run, such as `2026-11-30`. */
  readonly date: string
}

export const ROWS: readonly Row[] = [
  { name: 'healthy', caughtBy: [] },
  ...faults.map(({ name, caughtBy }): Row => ({ name, caughtBy, variable: 'TARGET_FAULTS' })),
  ...serviceFaults.map(({ name, caughtBy }): Row => ({ name, caughtBy, variable: 'SERVICE_FAULTS' })),
]

const SCENARIOS = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6']

/** Scenarios of `disrupted/`: S4 while something is taken away. */
export const DISRUPTED: readonly string[] = ['S4 with the target killed', 'S4 with Redis restarted empty']

/** Whether a row runs a disrupted scenario: the healthy one all, a fault that which is to catch it. */
export function isDisruptedIn({ variable, caughtBy }: Row, name: string): boolean {
  return variable === undefined || caughtBy.some(({ scenario }) => scenario === name)
}

export function cellOf({ name, caughtBy }: Row, result: ScenarioResult): Cell {
  const scenario = DISRUPTED.includes(result.name) ? result.name : (/^S\d+\b/.exec(result.name)?.[0] ?? result.name)
  const expected = caughtBy.find((catcher) => catcher.scenario === scenario)?.matcher
  const first = result.assertions.find(({ outcome }) => outcome === 'failed' || outcome === 'invalid')
  const matcher = first?.assertion.split('(')[0] ?? (result.verdict === 'passed' ? undefined : result.errors[0]?.name)
  // That a figure is not there is a finding about the services; other reasons are about the measurement.
  const isFinding = first === undefined || first.outcome === 'failed' || first.reason === 'metric-missing'
  const outcome = result.verdict === 'passed' ? 'green' : isFinding ? 'red' : 'unjudged'
  return {
    ...{ fault: name, scenario, outcome },
    ...(matcher !== undefined && { matcher }),
    ...(first !== undefined && { received: first.received }),
    ...(expected !== undefined && { expected }),
    date: new Date().toISOString().slice(0, 10),
    isRight: expected === undefined ? outcome === 'green' : outcome === 'red' && matcher === expected,
  }
}

/** One cell in one line, for when it comes. */
export function describeCell({ fault, scenario, outcome, matcher, expected, isRight }: Cell): string {
  const what = outcome === 'red' ? `red by ${matcher}` : outcome === 'unjudged' ? `not judged, ${matcher}` : 'green'
  const should = isRight ? '' : `, should be ${expected === undefined ? 'green' : `red by ${expected}`}`
  return `${fault} × ${scenario}: ${styleText(isRight ? 'green' : 'red', what + should)}`
}

const LEGEND = '● red by the right matcher   · green   ✗ not as it should be   ? not judged'

/** Faults down, scenarios across; then every cell that is not as it should be, with what it said. */
export function matrixTable(cells: readonly Cell[]): string {
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))].toSorted()
  const nameWidth = Math.max(5, ...cells.map(({ fault }) => fault.length))
  const line = (name: string, parts: readonly string[], end: string) =>
    `${name.padEnd(nameWidth)}  ${parts.join('  ')}  ${end}`.trimEnd()
  const rows = [...Map.groupBy(cells, ({ fault }) => fault)].map(([fault, own]) => {
    const signs = scenarios.map((scenario) => {
      const width = scenario.length
      const cell = own.find((one) => one.scenario === scenario)
      return cell === undefined ? ' '.repeat(width) : signOf(cell) + ' '.repeat(width - 1)
    })
    return line(fault, signs, [...new Set(own.flatMap(({ expected }) => expected ?? []))].join(', '))
  })
  const wrong = cells.filter(({ isRight }) => !isRight)
  return [
    line('fault', scenarios, 'red by'),
    ...rows,
    '',
    LEGEND,
    ...wrong.flatMap((cell) => ['', describeCell(cell), ...(cell.received === undefined ? [] : [cell.received])]),
  ].join('\n')
}

/** Whether every fault was run against every scenario. */
export function isWhole(cells: readonly Cell[]): boolean {
  return ROWS.every((row) => {
    const ran = new Set(cells.filter(({ fault }) => fault === row.name).map(({ scenario }) => scenario))
    const disrupted = DISRUPTED.filter((name) => isDisruptedIn(row, name))
    return [...SCENARIOS, ...disrupted].every((name) => ran.has(name))
  })
}

function signOf({ outcome, isRight }: Cell): string {
  if (outcome === 'unjudged') return styleText('magenta', '?')
  if (!isRight) return styleText('red', '✗')
  return outcome === 'red' ? styleText('yellow', '●') : styleText('green', '·')
}
