import { styleText } from 'node:util'
import { faults } from '../fixtures/faults/index.ts'
import { serviceFaults } from '../fixtures/faults/service-faults.ts'
import type { ScenarioResult } from '../src/report/results.ts'

/** A fault, or no fault, and the scenarios that must turn red because of it. */
export interface Row {
  readonly name: string
  /** Environment variable that enables the fault; absent for the healthy row. */
  readonly variable?: 'TARGET_FAULTS' | 'SERVICE_FAULTS'
  readonly caughtBy: readonly { readonly scenario: string; readonly matcher: string }[]
}

/** Result of one scenario under one fault. */
export interface Cell {
  readonly fault: string
  readonly scenario: string
  /** `unjudged`: the evidence was invalid, for example because the load generator was starved. */
  readonly outcome: 'green' | 'red' | 'unjudged'
  /** First matcher that did not pass, or the name of the error if no matcher was reached. */
  readonly matcher?: string
  /** Value that the matcher received. */
  readonly received?: string
  /** Reason why the evidence was invalid. */
  readonly reason?: string
  /** Whole message of an assertion on invalid evidence. */
  readonly message?: string
  /** Matcher that must not pass, or several of which one must not; absent if all must pass. */
  readonly expected?: string
  readonly isRight: boolean
  /** Day of the run, such as `2026-11-30`. */
  readonly date: string
}

export const ROWS: readonly Row[] = [
  { name: 'healthy', caughtBy: [] },
  ...faults.map(({ name, caughtBy }): Row => ({ name, caughtBy, variable: 'TARGET_FAULTS' })),
  ...serviceFaults.map(({ name, caughtBy }): Row => ({ name, caughtBy, variable: 'SERVICE_FAULTS' })),
]

const SCENARIOS = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6']

/** Scenarios of `disrupted/`: S4 while the target or Redis is disrupted. */
export const DISRUPTED: readonly string[] = ['S4 with the target killed', 'S4 with Redis restarted empty']

/** Whether a row runs a disrupted scenario: the healthy row runs all of them, a fault only those that must catch it. */
export function isDisruptedIn({ variable, caughtBy }: Row, name: string): boolean {
  return variable === undefined || caughtBy.some(({ scenario }) => scenario === name)
}

export function cellOf({ name, caughtBy }: Row, result: ScenarioResult): Cell {
  const scenario = DISRUPTED.includes(result.name) ? result.name : (/^S\d+\b/.exec(result.name)?.[0] ?? result.name)
  const expected = caughtBy.find((catcher) => catcher.scenario === scenario)?.matcher
  const first = result.assertions.find(({ outcome }) => outcome === 'failed' || outcome === 'invalid')
  const matcher = first?.assertion.split('(')[0] ?? (result.verdict === 'passed' ? undefined : result.errors[0]?.name)
  // A missing metric is a finding about the services; other reasons are about the measurement.
  const isFinding = first === undefined || first.outcome === 'failed' || first.reason === 'metric-missing'
  const outcome = result.verdict === 'passed' ? 'green' : isFinding ? 'red' : 'unjudged'
  return {
    ...{ fault: name, scenario, outcome },
    ...(matcher !== undefined && { matcher }),
    ...(first !== undefined && { received: first.received }),
    ...(outcome === 'unjudged' && first?.reason !== undefined && { reason: first.reason }),
    ...(outcome === 'unjudged' && first?.message !== undefined && { message: first.message }),
    ...(expected !== undefined && { expected }),
    date: new Date().toISOString().slice(0, 10),
    isRight: expected === undefined ? outcome === 'green' : outcome === 'red' && matcher === expected,
  }
}

/** A cell in one line. */
export function describeCell({ fault, scenario, outcome, matcher, reason, expected, isRight }: Cell): string {
  const unjudged = `not judged, ${matcher}: ${reason}`
  const received = outcome === 'red' ? `red by ${matcher}` : outcome === 'unjudged' ? unjudged : 'green'
  const correction = isRight ? '' : `, expected ${expected === undefined ? 'green' : `red by ${expected}`}`
  return `${fault} × ${scenario}: ${styleText(isRight ? 'green' : 'red', received + correction)}`
}

const LEGEND = '● red by the expected matcher   · green   ✗ unexpected   ? not judged'

/** Matrix of faults (rows) and scenarios (columns), then every unexpected cell with the value it received. */
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
  const unexpected = cells.filter(({ isRight }) => !isRight)
  return [
    line('fault', scenarios, 'red by'),
    ...rows,
    '',
    LEGEND,
    ...unexpected.flatMap((cell) => ['', describeCell(cell), ...[cell.message ?? cell.received ?? []].flat()]),
  ].join('\n')
}

/** Whether every fault was run against every scenario. */
export function isComplete(cells: readonly Cell[]): boolean {
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
