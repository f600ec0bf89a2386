import type { Invalidity, Outcome } from '../../evidence/verdict.ts'
import { figureTable } from '../../results/compared-figures.ts'
import type { AssertionResult, ComparisonResult, RunResult } from '../../results/result.ts'
import { scopeOfAssertion } from '../../results/scope-of-assertion.ts'
import { formatDuration, formatMs } from '../../stats/units.ts'
import { describeFigures, metricsOf } from '../custom-metrics.ts'
import { DISTANCE, decisiveLine } from '../decisive.ts'
import { describeP95Change, type EarlierRuns } from '../earlier.ts'
import { figuresOf, figuresOfJourneys, type Figure } from '../figures.ts'
import { remarksOn } from '../remarks.ts'
import type { ErrorResult, Results, ScenarioResult } from '../results.ts'
import { describeInvalidity, uncheckedNote } from '../wording.ts'
import { columnWidths, cut, joinCells, wrapPieces, wrapWords, type Cell } from './columns.ts'
import { generatorLines } from './generator-lines.ts'
import { inColourOf, outcomeMark, VERDICT_WIDTH, verdictLabel, type Paint } from './style.ts'

const MIN_COLUMNS = 40
const INDENT = '  '

/**
 * Summary at the end of the terminal output: scenarios with their verdicts, runs and assertions, then the totals. Of several
 * scenarios, those that passed take one line each, unless there is something to report, and filtered ones are only counted.
 * The figures of a run are followed by the change of p95 since the previous run, if both have an interval.
 * Lines fit `columns`, but at least 40; longer names are cut.
 */
export function summaryOf(results: Results, earlier: EarlierRuns, columns: number, paint: Paint): string {
  const sheet: Sheet = {
    results,
    earlier,
    widths: figureWidths(results.scenarios),
    max: Math.max(MIN_COLUMNS, columns) - 1,
    paint,
  }
  const shown = results.scenarios.filter((scenario) => !isFilteredOut(scenario))
  const parts = shown.map((scenario) => ({
    isLine: shown.length > 1 && isPlain(scenario),
    scenario,
  }))
  const blocks = parts.map(({ isLine, scenario }, at) => {
    const text = isLine ? passedLine(scenario, sheet) : scenarioLines(scenario, sheet).join('\n')
    return `${isLine && parts[at - 1]?.isLine === true ? '\n' : '\n\n'}${text}`
  })
  return `${headline(sheet)}${blocks.join('')}\n\n${totalsLines(results, sheet.max, paint)}`
}

/** Skipped without a reason, as by `-t` or `.only`: only counted. */
function isFilteredOut({ verdict, note, runs, assertions, errors }: ScenarioResult): boolean {
  return verdict === 'skipped' && !note && runs.length + assertions.length + errors.length === 0
}

/** Passed, and nothing else to report: its figures are in the HTML report. */
function isPlain({ verdict, note, runs, comparisons = [], assertions, errors }: ScenarioResult): boolean {
  if (verdict !== 'passed' || note || comparisons.length + errors.length > 0) return false
  return (
    assertions.length > 0 &&
    assertions.every(({ outcome }) => outcome === 'passed') &&
    runs.every((run) => isPlainRun(run, assertions))
  )
}

function isPlainRun(run: RunResult, assertions: readonly AssertionResult[]): boolean {
  const { state, scaleNote, isUnasserted, invalidities, generators = [] } = run
  const remarks = invalidities.length + generators.length + remarksOn(run, assertions).length
  return state === 'completed' && !scaleNote && !isUnasserted && remarks === 0
}

/** `PASS     S1 session  31.2s  p95 = 98.1 ms (p95 < 150 ms), 2 more assertions` */
function passedLine(scenario: ScenarioResult, sheet: Sheet): string {
  const { results, earlier, max, paint } = sheet
  const { expected, received } = decisiveLine(scenario)
  const others = scenario.assertions.length - 1
  const changes = scenario.runs.flatMap((run) => earlier.p95ChangeOf(scenario, run, results) ?? [])
  const facts = [
    `${received.replace(DISTANCE, '')} (objective ${expected})`,
    ...(others > 0 ? [`${others} more passed`] : []),
    ...changes.filter(({ low, high }) => low > 0 || high < 0).map((change) => `p95 ${describeP95Change(change)}`),
  ]
  const took = tookOf(scenario)
  const title = cut(scenario.name, max - VERDICT_WIDTH - 2 - took.length)
  const line = `${verdictLabel('passed', paint)}  ${paint('bold', title)}${paint('dim', took)}`
  const room = max - VERDICT_WIDTH - 2 - title.length - took.length - 2
  const rest = cut(facts.join(', '), room)
  return room < 20 ? line : `${line}  ${rest}`
}

function tookOf({ durationMs }: ScenarioResult): string {
  return durationMs >= 100 ? `  ${formatDuration(Math.round(durationMs / 100) * 100)}` : ''
}

/** Data and layout that all lines share. */
interface Sheet {
  readonly results: Results
  readonly earlier: EarlierRuns
  readonly widths: Widths
  /** Maximum length of a line. */
  readonly max: number
  readonly paint: Paint
}

function headline({ results: { scale, durationMs, services }, max, paint }: Sheet): string {
  const reduced = scale === 'full' || scale === '1' ? '' : ' (users and time reduced, objectives unchanged)'
  const facts = [
    scale && `scale ${cut(scale, max)}${reduced}`,
    formatDuration(Math.round(durationMs / 100) * 100),
  ].filter(Boolean)
  const [first = '', ...more] = wrapWords(`Scenarios  ${facts.join(', ')}`.replace('  ', ' '), max - 1)
  const heading = `${paint('bold', 'Scenarios')}  ${paint('dim', first.slice('Scenarios '.length))}`
  const lines = [heading, ...indented(more, 1).map((line) => paint('dim', line))]
  for (const { name, summary } of services) {
    lines.push(...indented(wrapWords(`${name}: ${summary}`, max - 2), 1).map((line) => paint('dim', line)))
  }
  return lines.join('\n')
}

function scenarioLines(scenario: ScenarioResult, sheet: Sheet): string[] {
  const { max, paint } = sheet
  const { verdict, name, runs, comparisons = [], assertions } = scenario
  const unchecked = uncheckedNote(assertions)
  const took = tookOf(scenario) + (unchecked === undefined ? '' : `, ${unchecked}`)
  const title = cut(name, max - VERDICT_WIDTH - 2 - took.length)
  const lines = [`${verdictLabel(verdict, paint)}  ${paint('bold', title)}${paint('dim', took)}`]
  if (scenario.note) lines.push(...indented(wrapWords(scenario.note, max - 4), 2))
  for (const run of runs) lines.push(...runLines(run, scenario, sheet))
  for (const comparison of comparisons) lines.push(...comparisonLines(comparison, sheet))
  lines.push(
    ...assertionLines(assertions, max, paint),
    ...invalidLines(scenario, sheet),
    ...regressionLines(scenario, sheet),
  )
  lines.push(...otherErrors(scenario).flatMap((error) => errorLines(error, max, paint)))
  return lines
}

type Widths = ReadonlyMap<string, readonly number[]>

/** Widths that align the figures of all runs of one kind. */
function figureWidths(scenarios: readonly ScenarioResult[]): Widths {
  const rows = Map.groupBy(
    scenarios.flatMap(({ runs }) => runs),
    ({ kind }) => kind,
  )
  const figures = (run: RunResult) => [figuresOf(run), ...figuresOfJourneys(run).map((journey) => journey.figures)]
  return new Map([...rows].map(([kind, runs]) => [kind, columnWidths(runs.flatMap(figures).map(valueCells))]))
}

function valueCells(figures: readonly Figure[]): Cell[] {
  return figures.map(({ value }) => ({ text: value, align: 'right' }))
}

function runLines(run: RunResult, scenario: ScenarioResult, sheet: Sheet): string[] {
  const { widths, max, paint } = sheet
  const aborted = run.state === 'aborted' ? ` (aborted${run.abortReason ? `: ${run.abortReason}` : ''})` : ''
  const pieces = (figures: readonly Figure[]) =>
    figures.map(({ label, value }, at) => {
      return `${paint('dim', label)} ${value.padStart(widths.get(run.kind)?.[at] ?? 0)}`
    })
  const others = run.parallelTo === undefined ? '' : `, in parallel with ${run.parallelTo.join(', ')}`
  const heading = `${run.name}: ${run.load}${others}${aborted}`
  return [
    ...indented(wrapWords(heading, max - 4), 2).map((line) => paint('cyan', line)),
    ...(run.scaleNote === undefined
      ? []
      : indented(wrapWords(run.scaleNote, max - 6), 3).map((line) => paint('dim', line))),
    ...indented(wrapPieces(pieces(figuresOf(run)), max - 6), 3),
    ...figuresOfJourneys(run).flatMap(({ name, figures }) => [
      ...indented([paint('dim', cut(`journey ${name}`, max - 6))], 3),
      ...indented(wrapPieces(pieces(figures), max - 8), 4),
    ]),
    ...remarksOn(run, scenario.assertions).flatMap((line) => indented(wrapWords(line, max - 6), 3)),
    ...metricLines(run, sheet),
    ...indented(generatorLines(run, max - 6, paint), 3),
    ...changeLines(run, scenario, sheet),
    ...(run.isUnasserted ? indented([paint('dim', `nothing was asserted on run ${run.name}`)], 3) : []),
    ...run.invalidities.flatMap((invalidity) => invalidityLines('invalid', invalidity, sheet)),
  ]
}

/** A line for each custom metric and soft check. */
function metricLines(run: RunResult, { max, paint }: Sheet): string[] {
  return metricsOf(run).flatMap(({ name, kind, figures }) => {
    const [first = '', ...more] = wrapWords(`${kind} ${name}: ${describeFigures(figures)}`, max - 6)
    const label = `${kind} `
    const shown = first.startsWith(label) ? paint('dim', label) + first.slice(label.length) : first
    return indented([shown, ...more], 3)
  })
}

/** Two builds, figure by figure. Reasons to be invalid are shown with the assertion. */
function comparisonLines(
  { name, base, head, load, pairs, figures }: ComparisonResult,
  { max, paint }: Sheet,
): string[] {
  const heading = `${name}: ${head} against ${base}, ${pairs} pairs of slices, ${load}`
  return [
    ...indented(wrapWords(heading, max - 4), 2).map((line) => paint('cyan', line)),
    ...indented(
      figureTable(figures).map((line) => cut(line, max - 6)),
      3,
    ),
  ]
}

function changeLines(run: RunResult, scenario: ScenarioResult, { results, earlier, paint }: Sheet): string[] {
  const change = earlier.p95ChangeOf(scenario, run, results)
  if (change === undefined) return []
  return indented([paint('dim', `previous run: p95 ${formatMs(change.beforeMs)}, now ${describeP95Change(change)}`)], 3)
}

function assertionLines(assertions: readonly AssertionResult[], max: number, paint: Paint): string[] {
  const scopes = assertions.map((asserted) => scopeOfAssertion(asserted, assertions))
  const hasScopes = scopes.some((scope) => scope !== '')
  const rows = assertions.map(({ outcome, assertion, expected, received }, at): Cell[] => [
    { text: outcomeMark(outcome, paint) },
    { text: assertion },
    ...(hasScopes ? [{ text: scopes[at]! }] : []),
    { text: expected },
    { text: received, style: (text) => (outcome === 'passed' ? text : inColourOf(outcome, text, paint)) },
  ])
  const widths = columnWidths(rows)
  const total = widths.reduce((sum, each) => sum + each + 2, 0) - 2
  const lines =
    total <= max - 4
      ? rows.map((row) => joinCells(row, widths))
      : assertions.flatMap((assertion, at) => stackedAssertion(assertion, scopes[at]!, max - 4, paint))
  return indented(lines, 2)
}

/** Reasons why assertions are invalid, with their fixes. Each is shown once, and not if it is shown at a run. */
function invalidLines({ assertions, runs }: ScenarioResult, sheet: Sheet): string[] {
  const shown = new Set(runs.flatMap(({ invalidities }) => invalidities.map(({ finding }) => finding)))
  return assertions.flatMap(({ invalidities = [] }) =>
    invalidities.flatMap((invalidity) => {
      if (shown.has(invalidity.finding)) return []
      shown.add(invalidity.finding)
      return invalidityLines('not judged', invalidity, sheet)
    }),
  )
}

function invalidityLines(label: string, invalidity: Invalidity, { max, paint }: Sheet): string[] {
  const lines = wrapWords(`${label}: ${describeInvalidity(invalidity)}`, max - 6)
  return indented(inColourOf('invalid', lines.join('\n'), paint).split('\n'), 3)
}

/** Earlier results of assertions that passed in the previous run and do not now. */
function regressionLines(scenario: ScenarioResult, { results, earlier, max, paint }: Sheet): string[] {
  const lines = scenario.assertions.flatMap((asserted) => {
    if (asserted.outcome === 'passed') return []
    const before = earlier.assertionBefore(scenario, asserted, results)
    return before?.outcome === 'passed'
      ? wrapWords(`previous run: ${named(asserted, scenario)} passed, ${before.received}`, max - 6)
      : []
  })
  return indented(lines, 3).map((line) => paint('dim', line))
}

function named(asserted: AssertionResult, { assertions }: ScenarioResult): string {
  const scope = scopeOfAssertion(asserted, assertions)
  return scope === '' ? asserted.assertion : `${asserted.assertion} of ${scope}`
}

/** An assertion on several lines, for narrow terminals. */
function stackedAssertion(
  { outcome, assertion, expected, received }: AssertionResult,
  scope: string,
  max: number,
  paint: Paint,
) {
  const lines = (label: string, text: string) =>
    text
      .split('\n')
      .flatMap((line) => wrapWords(line, max - 14))
      .map((line, at) => `  ${(at === 0 ? label : '').padEnd(10)}${line}`)
  return [
    `${outcomeMark(outcome, paint)} ${cut(assertion, max - 2)}`,
    ...(scope === '' ? [] : lines('scope', scope)),
    ...lines('expected', expected),
    ...lines('received', received).map((line) => (outcome === 'passed' ? line : inColourOf(outcome, line, paint))),
  ]
}

/** Errors that do not come from an assertion; Vitest has printed them in full. */
function otherErrors({ errors, assertions }: ScenarioResult): readonly ErrorResult[] {
  const shown = assertions.filter(({ outcome }) => outcome !== 'passed').length
  return errors.slice(Math.min(shown, errors.length))
}

function errorLines({ name, message, at }: ErrorResult, max: number, paint: Paint): string[] {
  const first = headlineOf(name, message)
  const place = at === undefined ? [] : [paint('dim', cut(at, max - 4))]
  return indented([...wrapWords(first, max - 4).map((line) => paint('red', line)), ...place], 2)
}

/** The first line of an error. If it only introduces the next line, that line is appended. */
function headlineOf(name: string, message: string): string {
  const [first = '', ...rest] = message.split('\n').filter((line) => line.trim() !== '')
  let text = `${name}: ${first}`
  for (const line of rest) {
    if (!text.endsWith(':') && !text.endsWith('did not start.')) break
    text += ` ${line.trim()}`
  }
  return text
}

function totalsLines({ totals, errors, scenarios }: Results, max: number, paint: Paint): string {
  const parts = (['failed', 'invalid', 'passed', 'skipped'] as const satisfies readonly Outcome[])
    .filter((verdict) => totals[verdict] > 0)
    .map((verdict) => paint('bold', inColourOf(verdict, `${totals[verdict]} ${verdict}`, paint)))
  const pieces = [paint('bold', 'Scenarios'), ...parts, paint('dim', `(${totals.scenarios})`)]
  const counts = wrapPieces(pieces, max).join('\n')
  const shown = new Set(scenarios.flatMap((scenario) => scenario.errors.map(({ message }) => message)))
  const outside = errors.filter(({ message }) => !shown.has(message)).length
  if (outside === 0) return counts
  return `${counts}\n${paint('bold', 'Errors')}     ${inColourOf('failed', `${outside} outside of scenarios`, paint)}`
}

function indented(lines: readonly string[], depth: number): string[] {
  return lines.map((line) => INDENT.repeat(depth) + line)
}
