import { errorRate, missingRate } from '../../results/result-ratios.ts'
import type { RunResult } from '../../results/result.ts'
import { formatBytes, formatDuration } from '../../stats/units.ts'
import type { Results, ScenarioResult } from '../results.ts'
import { badge, countCell, msCell, ratioCell } from './cells.ts'
import { html, type Markup } from './markup.ts'
import { pairs, table, type TableCell } from './tables.ts'
import { VERDICTS } from './toolbar.ts'

/** Title, counts of verdicts, start, duration, scale and version. */
export function header({ startedAt, durationMs, scale, vitestSlo, complete, totals }: Results): Markup {
  const counts = VERDICTS.filter((verdict) => totals[verdict] > 0)
  const when = `${startedAt.slice(0, 10)} ${startedAt.slice(11, 19)} UTC`
  return html`<header>
    <h1>Load report</h1>
    <p class="counts">
      ${counts.map((verdict) => html`<span class="count ${verdict}"><b>${totals[verdict]}</b> ${verdict}</span>`)}
    </p>
    <p class="facts">
      <time datetime="${startedAt}">${when}</time>
      <span>took ${formatDuration(Math.round(durationMs / 100) * 100)}</span>
      ${scale === undefined ? '' : html`<span>scale ${scale}</span>`}
      <span>vitest-slo ${vitestSlo}</span>
    </p>
    ${complete ? '' : html`<p class="callout invalid">The command was stopped before its end: scenarios are missing.</p>`}
  </header>`
}

/** Table of all runs of all scenarios, folded. */
export function overview(scenarios: readonly ScenarioResult[], anchors: readonly string[]): Markup {
  if (scenarios.length === 0) return html``
  const head = ['Scenario', 'Verdict', 'Run', 'Offered', 'p50', 'p95', 'p99', 'Errors or missing']
  const rows = scenarios.flatMap((scenario, at) => {
    const runs = scenario.runs.length > 0 ? scenario.runs : [undefined]
    return runs.map((run, nth) => overviewRow(scenario, run, anchors[at]!, nth))
  })
  return html`<details class="fold" id="figures">
    <summary><h2>Figures of all runs</h2></summary>
    ${table('Scenarios and their runs', head, rows)}
  </details>`
}

function overviewRow(scenario: ScenarioResult, run: RunResult | undefined, anchor: string, nth: number): TableCell[] {
  const name = html`<a href="#${anchor}">${scenario.name}</a>`
  const first = { text: nth === 0 ? name : html`<span class="repeated">${scenario.name}</span>` }
  const verdict = { text: nth === 0 ? badge(scenario.verdict) : '' }
  if (run === undefined)
    return [first, verdict, { text: 'no run' }, ...Array.from({ length: 5 }, () => ({ text: '–' }))]
  const times = run.kind === 'micro' ? run.time : run.kind === 'fanOut' ? run.lag : run.latency
  return [
    first,
    verdict,
    { text: run.name },
    countCell(offeredOf(run)),
    msCell(times?.p50Ms),
    msCell(times?.p95Ms),
    msCell(times?.p99Ms),
    ratioCell(run.kind === 'micro' ? undefined : run.kind === 'fanOut' ? missingRate(run) : errorRate(run)),
  ]
}

function offeredOf(run: RunResult): number | undefined {
  if (run.kind === 'micro') return run.time?.count
  return run.kind === 'fanOut' ? run.deliveries.expected : run.offered
}

/** Machine and services, which must match for two reports to be comparable. */
export function environment({ environment: at, services }: Results): Markup {
  const entries: readonly (readonly [string, string])[] = [
    ['Processor', `${at.cpuModel}, ${at.cores} cores`],
    ['Memory', formatBytes(at.memoryBytes)],
    ['System', `${at.platform}, ${at.osRelease}`],
    ['Node.js', at.node],
    ['Load average', `${at.loadAverageAtStart} before, ${at.loadAverageAtEnd} after`],
    ['Continuous integration', at.ci ? 'yes' : 'no'],
    ...(at.commit === undefined ? [] : [['Commit', at.commit] as const]),
    ...services.map(({ name, summary }) => [name, summary] as const),
  ]
  return html`<details class="fold" id="environment">
    <summary><h2>Environment</h2></summary>
    ${pairs(
      entries.map(([name, text]) => [name, { text }]),
      'pairs',
    )}
  </details>`
}
