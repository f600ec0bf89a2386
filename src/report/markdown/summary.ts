import type { Outcome } from '../../evidence/verdict.ts'
import { errorRate, missingRate } from '../../results/result-ratios.ts'
import type { RunResult } from '../../results/result.ts'
import type { JsonMs } from '../../stats/summary.ts'
import { formatCount, formatDuration, formatMs, formatRatio } from '../../stats/units.ts'
import { p95Change, showChange, type EarlierRuns } from '../earlier.ts'
import type { Results, ScenarioResult } from '../results.ts'
import { describeInvalidity, uncheckedNote } from '../wording.ts'
import { comparisonTables } from './comparisons.ts'
import { code, escapeMarkdown, fenced } from './text.ts'

/** By it a later comment finds the earlier one to replace. */
export const COMMENT_MARKER = '<!-- vitest-slo:load-report -->'

/** GitHub takes comments up to 65,536 characters; messages are cut before the rest is. */
const MAX_COMMENT_CHARS = 60_000
const MAX_MESSAGE_CHARS = 2_000

const SIGNS: Readonly<Record<Outcome, string>> = { failed: '❌', invalid: '⚠️', passed: '✅', skipped: '⏭️' }
const ORDER: readonly Outcome[] = ['failed', 'invalid', 'passed', 'skipped']

/**
 * The result of a command as Markdown, for a job summary: one table, what did not pass and what changed first, why a
 * run is invalid, and the rest behind a click.
 */
export function markdownSummary(results: Results, earlier: EarlierRuns): string {
  const scenarios = results.scenarios.toSorted((a, b) => rank(a, results, earlier) - rank(b, results, earlier))
  const parts = [
    `## Load report: ${headline(results)}`,
    facts(results),
    ...(results.complete ? [] : ['> The command was stopped before its end: scenarios are missing.']),
    ...(scenarios.length === 0 ? [] : [tableOf(scenarios, results, earlier)]),
    ...comparisonTables(scenarios),
    ...(results.totals.invalid > 0 ? [INVALID_NOTE] : []),
    ...scenarios.map(troubleOf).filter((text) => text !== ''),
    ...outside(results),
    assertionsOf(scenarios),
    environmentOf(results),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** The same as the body of a pull request's comment, with a marker by which the next one replaces it. */
export function commentBody(results: Results, earlier: EarlierRuns): string {
  const body = `${COMMENT_MARKER}\n${markdownSummary(results, earlier)}`
  if (body.length <= MAX_COMMENT_CHARS) return body
  const whole = body.slice(0, MAX_COMMENT_CHARS)
  return `${whole.slice(0, whole.lastIndexOf('\n\n'))}\n\nToo long for a comment: the rest is in the job summary.\n`
}

const INVALID_NOTE =
  '⚠️ **Invalid** is neither passed nor failed: the evidence cannot be judged, because the load generator was the ' +
  'bottleneck, the offered rate was not offered, there were too few samples, or the run was stopped. What to do stands ' +
  'with each one.'

function headline({ totals }: Results): string {
  return (
    ORDER.filter((verdict) => totals[verdict] > 0)
      .map((verdict) => `${totals[verdict]} ${verdict}`)
      .join(', ') || 'no scenario ran'
  )
}

function facts({ scale, durationMs, vitestSlo }: Results): string {
  const took = `took ${formatDuration(Math.round(durationMs / 1000) * 1000)}`
  return [
    ...(scale === undefined ? [] : [`scale ${code(scale)}`]),
    took,
    `vitest-slo ${escapeMarkdown(vitestSlo)}`,
  ].join(' · ')
}

/** Lower comes first: what did not pass, what passed and did not before, then the largest changes for the worse. */
function rank(scenario: ScenarioResult, results: Results, earlier: EarlierRuns): number {
  const before = earlier.verdictBefore(scenario)
  const changes = scenario.runs.map((run) => p95Change(earlier.runBefore(scenario, run, results), run) ?? 0)
  const turned = before !== undefined && before !== scenario.verdict ? 50 : 0
  return ORDER.indexOf(scenario.verdict) * 100 - turned - Math.min(40, Math.max(0, ...changes))
}

function tableOf(scenarios: readonly ScenarioResult[], results: Results, earlier: EarlierRuns): string {
  const rows = scenarios.flatMap((scenario) => {
    const unchecked = uncheckedNote(scenario.assertions)
    const verdict = `${SIGNS[scenario.verdict]} ${scenario.verdict}${unchecked === undefined ? '' : `, ${unchecked}`}`
    const runs = scenario.runs.length > 0 ? scenario.runs : [undefined]
    return runs.map((run, at) => {
      const cells = [at === 0 ? verdict : '', escapeMarkdown(nameOf(scenario, run)), ...figureCells(run)]
      return `| ${[...cells, changeCell(scenario, run, results, earlier)].join(' | ')} |`
    })
  })
  return [
    '| | Scenario | p50 | p95 | p99 | Errors or missing | p95 against the run before |',
    '|---|---|--:|--:|--:|--:|--:|',
    ...rows,
  ].join('\n')
}

function nameOf({ name, runs }: ScenarioResult, run: RunResult | undefined): string {
  return run === undefined || runs.length === 1 ? name : `${name}: ${run.name}`
}

function figureCells(run: RunResult | undefined): readonly string[] {
  if (run === undefined) return ['–', '–', '–', '–']
  const times = run.kind === 'micro' ? run.time : run.kind === 'fanOut' ? run.lag : run.latency
  const ratio = run.kind === 'micro' ? undefined : run.kind === 'fanOut' ? missingRate(run) : errorRate(run)
  const show = (ms: JsonMs | undefined) => (ms === undefined ? '–' : formatMs(Number(ms)))
  const unexpected = run.kind === 'fanOut' ? run.deliveries.unexpected : 0
  const rate = ratio === undefined ? '–' : formatRatio(ratio)
  const wrong = unexpected === 0 ? rate : `${rate}, ${formatCount(unexpected)} unexpected`
  return [show(times?.p50Ms), show(times?.p95Ms), show(times?.p99Ms), wrong]
}

function changeCell(
  scenario: ScenarioResult,
  run: RunResult | undefined,
  results: Results,
  earlier: EarlierRuns,
): string {
  const change = run && p95Change(earlier.runBefore(scenario, run, results), run)
  return change === undefined ? '–' : showChange(change)
}

/** What did not pass, in full. */
function troubleOf({ name, verdict, note, assertions, errors, runs }: ScenarioResult): string {
  if (verdict === 'passed' || verdict === 'skipped') return ''
  const told = assertions.filter(({ outcome }) => outcome === 'failed' || outcome === 'invalid')
  const messages = told.map(({ message, assertion, expected, received }) => {
    return message ?? `${assertion}\n\nExpected: ${expected}\nReceived: ${received}`
  })
  const untold = errors.filter(({ message }) => !messages.includes(message)).slice(told.length === 0 ? 0 : told.length)
  const texts = [...messages, ...untold.map((error) => `${error.name}: ${error.message}`)]
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

function outside({ errors }: Results): readonly string[] {
  if (errors.length === 0) return []
  return [
    '### Errors outside of scenarios',
    ...errors.map(({ name, message }) => fenced(`${name}: ${message}`.slice(0, MAX_MESSAGE_CHARS))),
  ]
}

function assertionsOf(scenarios: readonly ScenarioResult[]): string {
  const rows = scenarios.flatMap(({ name, assertions }) =>
    assertions.map(({ outcome, assertion, expected, received }) => {
      return `| ${SIGNS[outcome]} | ${escapeMarkdown(name)} | ${code(assertion)} | ${escapeMarkdown(expected)} | ${escapeMarkdown(received)} |`
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
