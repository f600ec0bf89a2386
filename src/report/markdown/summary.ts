import type { Outcome } from '../../evidence/verdict.ts'
import { figureRows } from '../../results/compared-figures.ts'
import { errorRate, missingRate } from '../../results/result-ratios.ts'
import type { RunResult } from '../../results/result.ts'
import { scopeOfAssertion } from '../../results/scope-of-assertion.ts'
import type { JsonMs, TimeStatsJson } from '../../stats/summary.ts'
import { formatCount, formatDuration, formatMs, formatRatio } from '../../stats/units.ts'
import { describeFigures, metricsOf } from '../custom-metrics.ts'
import { decisiveAssertion, decisiveReceived } from '../decisive.ts'
import { describeP95Change, p95Change, type EarlierRuns } from '../earlier.ts'
import { remarksOn } from '../remarks.ts'
import type { Results, ScenarioResult } from '../results.ts'
import { describeInvalidity, uncheckedNote } from '../wording.ts'
import { code, escapeMarkdown, fenced } from './text.ts'

/** Marker by which a later comment finds the one it replaces. */
export const COMMENT_MARKER = '<!-- vitest-slo:load-report -->'

/** GitHub accepts comments of up to 65,536 characters. */
const MAX_COMMENT_CHARS = 60_000
const MAX_MESSAGE_CHARS = 2_000

const SIGNS: Readonly<Record<Outcome, string>> = { failed: '❌', invalid: '⚠️', passed: '✅', skipped: '⏭️' }
const ORDER: readonly Outcome[] = ['failed', 'invalid', 'passed', 'skipped']

/**
 * Markdown summary of a command, for a job summary: one table with failures and changes first, reasons for invalid runs,
 * and the rest in collapsed sections.
 */
export function markdownSummary(results: Results, earlier: EarlierRuns): string {
  const scenarios = results.scenarios.toSorted((a, b) => rank(a, results, earlier) - rank(b, results, earlier))
  const parts = [
    `## Load report: ${headline(results)}`,
    facts(results),
    ...(results.complete ? [] : ['> The command was stopped before its end: scenarios are missing.']),
    ...(scenarios.length === 0 ? [] : [tableOf(scenarios, results, earlier)]),
    ...remarksOf(scenarios),
    ...comparisonTables(scenarios),
    ...(results.totals.invalid > 0 ? [INVALID_NOTE] : []),
    ...scenarios.map(problemsOf).filter((text) => text !== ''),
    ...outsideErrors(results),
    customMetricsOf(scenarios),
    assertionsOf(scenarios),
    environmentOf(results),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** The same summary as a comment on a pull request, with the marker by which the next comment replaces it. */
export function commentBody(results: Results, earlier: EarlierRuns): string {
  const body = `${COMMENT_MARKER}\n${markdownSummary(results, earlier)}`
  if (body.length <= MAX_COMMENT_CHARS) return body
  const start = body.slice(0, MAX_COMMENT_CHARS)
  return `${start.slice(0, start.lastIndexOf('\n\n'))}\n\nToo long for a comment: the rest is in the job summary.\n`
}

const INVALID_NOTE =
  '⚠️ **Invalid** is neither passed nor failed: the evidence cannot be judged, because the load generator was the ' +
  'bottleneck, the planned load was not applied, there were too few samples, or the run was stopped. The fix is listed ' +
  'with each one.'

function headline({ totals }: Results): string {
  return (
    ORDER.filter((verdict) => totals[verdict] > 0)
      .map((verdict) => `${totals[verdict]} ${verdict}`)
      .join(', ') || 'no scenario ran'
  )
}

function facts({ scale, durationMs, vitestSlo, environment }: Results): string {
  const took = `took ${formatDuration(Math.round(durationMs / 1000) * 1000)}`
  return [
    ...(environment.commit === undefined ? [] : [`commit ${code(environment.commit.slice(0, 12))}`]),
    ...(scale === undefined ? [] : [`scale ${code(scale)}`]),
    took,
    `vitest-slo ${escapeMarkdown(vitestSlo)}`,
  ].join(' · ')
}

/** Sort key, lowest first: scenarios that did not pass, those whose verdict changed, then the largest regressions. */
function rank(scenario: ScenarioResult, results: Results, earlier: EarlierRuns): number {
  const before = earlier.verdictBefore(scenario)
  const changes = scenario.runs.map((run) => p95Change(earlier.runBefore(scenario, run, results), run) ?? 0)
  const changedVerdict = before !== undefined && before !== scenario.verdict ? 50 : 0
  return ORDER.indexOf(scenario.verdict) * 100 - changedVerdict - Math.min(40, Math.max(0, ...changes))
}

function tableOf(scenarios: readonly ScenarioResult[], results: Results, earlier: EarlierRuns): string {
  const rows = scenarios.flatMap((scenario) => {
    const unchecked = uncheckedNote(scenario.assertions)
    const verdict = `${SIGNS[scenario.verdict]} ${scenario.verdict}${unchecked === undefined ? '' : `, ${unchecked}`}`
    const runs = scenario.runs.length > 0 ? scenario.runs : [undefined]
    return runs.flatMap((run, at) => {
      const name = nameOf(scenario, run)
      const objective = objectiveCells(scenario, run)
      const cells = [at === 0 ? verdict : '', escapeMarkdown(name), ...objective, ...figureCells(run)]
      return [
        [...cells, changeCell(scenario, run, results, earlier)],
        ...journeyRows(run).map(({ journey, figures }) => [
          '',
          escapeMarkdown(`${name}: ${journey}`),
          '',
          '',
          ...figures,
          '–',
        ]),
      ].map((row) => `| ${row.join(' | ')} |`)
    })
  })
  return [
    '| | Scenario | Objective | Received | p50 | p95 | p99 | Errors or missing | p95 against previous run |',
    '|---|---|---|---|--:|--:|--:|--:|---|',
    ...rows,
  ].join('\n')
}

/** The objective that decides about a run, with the part of the run that it judges, and what was received. */
function objectiveCells(scenario: ScenarioResult, run: RunResult | undefined): readonly string[] {
  const { assertions, runs } = scenario
  const own = assertions.filter(
    (asserted) => asserted.run === run?.name || (asserted.run === undefined && run === runs[0]),
  )
  const asserted = decisiveAssertion(own)
  if (asserted === undefined) return ['–', '–']
  const scope = scopeOfAssertion(asserted, own)
  const expected = scope === '' ? asserted.expected : `${scope}: ${asserted.expected}`
  return [expected, decisiveReceived(asserted, run?.invalidities[0])].map(escapeMarkdown)
}

function nameOf({ name, runs }: ScenarioResult, run: RunResult | undefined): string {
  return run === undefined || runs.length === 1 ? name : `${name}: ${run.name}`
}

/** Rows of the journeys of a mix; empty for any other run. */
function journeyRows(run: RunResult | undefined): readonly { journey: string; figures: readonly string[] }[] {
  if (run?.kind !== 'http' || run.journeys === undefined) return []
  return run.journeys.map((journey) => ({
    journey: `journey ${journey.name}`,
    figures: [...timeCells(journey.latency), rateCell(errorRate(journey))],
  }))
}

function figureCells(run: RunResult | undefined): readonly string[] {
  if (run === undefined) return ['–', '–', '–', '–']
  const times = run.kind === 'micro' ? run.time : run.kind === 'fanOut' ? run.lag : run.latency
  const ratio = run.kind === 'micro' ? undefined : run.kind === 'fanOut' ? missingRate(run) : errorRate(run)
  const unexpected = run.kind === 'fanOut' ? run.deliveries.unexpected : 0
  const errors = unexpected === 0 ? rateCell(ratio) : `${rateCell(ratio)}, ${formatCount(unexpected)} unexpected`
  return [...timeCells(times), errors]
}

function timeCells(times: TimeStatsJson | undefined): readonly string[] {
  const show = (ms: JsonMs | undefined) => (ms === undefined ? '–' : formatMs(Number(ms)))
  return [show(times?.p50Ms), show(times?.p95Ms), show(times?.p99Ms)]
}

function rateCell(ratio: number | undefined): string {
  return ratio === undefined ? '–' : formatRatio(ratio)
}

function changeCell(
  scenario: ScenarioResult,
  run: RunResult | undefined,
  results: Results,
  earlier: EarlierRuns,
): string {
  const change = run && earlier.p95ChangeOf(scenario, run, results)
  if (change === undefined) return '–'
  const direction = change.low > 0 ? ' ▲ slower' : change.high < 0 ? ' ▼ faster' : ''
  return `${describeP95Change(change)}${direction}`
}

/** A list of the remarks on runs, also of scenarios that passed. */
function remarksOf(scenarios: readonly ScenarioResult[]): readonly string[] {
  const lines = scenarios.flatMap((scenario) =>
    scenario.runs.flatMap((run) =>
      remarksOn(run, scenario.assertions).map((line) => `- ${escapeMarkdown(`${nameOf(scenario, run)}: ${line}`)}`),
    ),
  )
  return lines.length === 0 ? [] : [lines.join('\n')]
}

/** A table per comparison of two builds. */
function comparisonTables(scenarios: readonly ScenarioResult[]): readonly string[] {
  return scenarios.flatMap(({ name: scenario, comparisons = [] }) =>
    comparisons.map(({ name, base, head, pairs, sliceMs, load, figures }) => {
      const title = `${name}: ${head} against ${base}, ${pairs} pairs of slices of ${formatDuration(sliceMs)}, ${load}`
      const [header = [], ...rows] = figureRows(figures).map((row) => `| ${row.map(escapeMarkdown).join(' | ')} |`)
      return [
        `**${escapeMarkdown(scenario)}**, ${escapeMarkdown(title)}`,
        '',
        header,
        '|---|--:|--:|--:|---|',
        ...rows,
      ].join('\n')
    }),
  )
}

/** Reasons and full messages of a scenario that did not pass. */
function problemsOf({ name, verdict, note, assertions, errors, runs }: ScenarioResult): string {
  if (verdict === 'passed' || verdict === 'skipped') return ''
  const judged = assertions.filter(({ outcome }) => outcome === 'failed' || outcome === 'invalid')
  const messages = judged.map(({ message, assertion, expected, received }) => {
    return message ?? `${assertion}\n\nExpected: ${expected}\nReceived: ${received}`
  })
  const others = errors.filter(({ message }) => !messages.includes(message)).slice(judged.length)
  const texts = [...messages, ...others.map((error) => `${error.name}: ${error.message}`)]
  const findings = runs.flatMap((run) =>
    run.invalidities.map((found) => `- ${escapeMarkdown(`${run.name}: ${describeInvalidity(found)}`)}`),
  )
  return [
    `<details open><summary>${SIGNS[verdict]} ${escapeMarkdown(name)}</summary>`,
    ...(note === undefined ? [] : [escapeMarkdown(note)]),
    ...(findings.length > 0 ? [findings.join('\n')] : []),
    ...texts.map((text) => fenced(text.slice(0, MAX_MESSAGE_CHARS))),
    '</details>',
  ].join('\n\n')
}

function outsideErrors({ errors }: Results): readonly string[] {
  if (errors.length === 0) return []
  return [
    '### Errors outside of scenarios',
    ...errors.map(({ name, message }) => fenced(`${name}: ${message}`.slice(0, MAX_MESSAGE_CHARS))),
  ]
}

function customMetricsOf(scenarios: readonly ScenarioResult[]): string {
  const rows = scenarios.flatMap((scenario) =>
    scenario.runs.flatMap((run) =>
      metricsOf(run).map(({ name, kind, figures }) => {
        const cells = [nameOf(scenario, run), name, kind, describeFigures(figures)]
        return `| ${cells.map(escapeMarkdown).join(' | ')} |`
      }),
    ),
  )
  if (rows.length === 0) return ''
  const table = ['| Scenario | Name | Kind | Figures |', '|---|---|---|---|', ...rows].join('\n')
  return `<details><summary>Custom metrics and soft checks</summary>\n\n${table}\n\n</details>`
}

function assertionsOf(scenarios: readonly ScenarioResult[]): string {
  const rows = scenarios.flatMap(({ name, assertions }) =>
    assertions.map((asserted) => {
      const { outcome, assertion, expected, received } = asserted
      const scope = scopeOfAssertion(asserted, assertions)
      const of = scope === '' ? '' : ` of ${escapeMarkdown(scope)}`
      return `| ${SIGNS[outcome]} | ${escapeMarkdown(name)} | ${code(assertion)}${of} | ${escapeMarkdown(expected)} | ${escapeMarkdown(received)} |`
    }),
  )
  if (rows.length === 0) return ''
  const table = ['| | Scenario | Assertion | Expected | Received |', '|---|---|---|---|---|', ...rows].join('\n')
  return `<details><summary>${rows.length === 1 ? '1 assertion' : `All ${rows.length} assertions`}</summary>\n\n${table}\n\n</details>`
}

function environmentOf({ environment: at, services }: Results): string {
  const lines = [
    `- ${at.cpuModel}, ${at.cores} cores, ${at.platform}, Node.js ${at.node}`,
    `- load average ${at.loadAverageAtStart} before, ${at.loadAverageAtEnd} after`,
    ...services.map(({ name, summary }) => `- ${name}: ${summary}`),
  ].map((line) => `- ${escapeMarkdown(line.slice(2))}`)
  return `<details><summary>Environment</summary>\n\n${lines.join('\n')}\n\n</details>`
}
