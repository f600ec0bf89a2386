import type { HeartbeatCounts } from '../../evidence/fan-out-counts.ts'
import { errorRate, missingRate } from '../../results/result-ratios.ts'
import type { AssertionResult, FanOutRunResult, HttpRunResult, RunResult } from '../../results/result.ts'
import { formatDuration, formatMs } from '../../stats/units.ts'
import { describeFigures, metricsOf } from '../custom-metrics.ts'
import { type ChangeOfP95, describeP95Change } from '../earlier.ts'
import { figuresOfGenerator, placeOfGenerator } from '../generators.ts'
import { remarksOn } from '../remarks.ts'
import { describeInvalidity } from '../wording.ts'
import { bytesCell, countCell, msCell, ratioCell } from './cells.ts'
import type { Chart, ChartStore } from './charts/chart.ts'
import { distributionCharts } from './charts/distribution-charts.ts'
import { fanOutCharts } from './charts/fan-out-charts.ts'
import { limitsOn, requestCharts, sampledCharts } from './charts/time-charts.ts'
import { html, type Markup } from './markup.ts'
import { pairs, table, type TableCell } from './tables.ts'

interface RunContext {
  readonly id: string
  readonly assertions: readonly AssertionResult[]
  readonly store: ChartStore
  readonly change: ChangeOfP95 | undefined
}

/** Section of a run: figures, reasons to be invalid, charts and detail tables. */
export function runSection(run: RunResult, { id, assertions, store, change }: RunContext): Markup {
  const charts = chartsOf(run, limitsOn(run, assertions))
  const ids = store({ phases: run.phases, marks: run.marks ?? [] }, charts)
  return html`<div class="run" id="${id}" role="group" aria-labelledby="${id}-name">
    <h3 id="${id}-name">${run.name}</h3>
    <p class="facts">
      <span>${run.load}</span
      ><span>ran ${formatDuration(run.durationMs)}</span
      >${run.parallelTo === undefined ? '' : html`<span>in parallel with ${run.parallelTo.join(', ')}</span>`}${change === undefined ? '' : html`<span>${describeSincePrevious(change)}</span>`}
    </p>
    ${run.state === 'aborted' ? html`<p class="callout failed">Aborted: ${run.abortReason ?? 'stopped before its end'}. The results are partial.</p>` : ''}
    ${run.invalidities.map((found) => html`<p class="callout invalid"><b>Invalid:</b> ${describeInvalidity(found)}</p>`)}
    ${remarksOn(run, assertions).map((line) => html`<p class="facts">${line}</p>`)} ${pairs(figures(run), 'figures')}
    ${phaseToggles(run, id)}
    <div class="charts" data-run="${id}">${charts.map((chart, at) => figure(chart, ids[at]!))}</div>
    ${run.kind === 'micro' ? '' : detailTables(run)}
  </div>`
}

function describeSincePrevious(change: ChangeOfP95): string {
  return `previous run: p95 ${formatMs(change.beforeMs)}, now ${describeP95Change(change)}`
}

function chartsOf(run: RunResult, limits: Chart['limits']): readonly Chart[] {
  const sampled = sampledCharts(run.series ?? [])
  if (run.kind === 'micro') return [...distributionCharts(run.timeHistogram, 'Time', limits), ...sampled]
  if (run.kind === 'fanOut') {
    const { lagHistogram, deliveries } = run
    const distribution = distributionCharts(lagHistogram, 'Lag', limits, deliveries.missing)
    return [...fanOutCharts(run, limits), ...distribution, ...sampled]
  }
  return [...requestCharts(run, limits), ...distributionCharts(run.latencyHistogram, 'Latency', limits), ...sampled]
}

function figures(run: RunResult): readonly (readonly [string, TableCell])[] {
  if (run.kind === 'micro') return [['Calls', countCell(run.time?.count)], ...times(run.time)]
  if (run.kind === 'fanOut') {
    return [
      ['Sockets', countCell(run.sockets.subscribed)],
      ['Publications', countCell(run.publications.count)],
      ['Expected', countCell(run.deliveries.expected)],
      ['Received', countCell(run.deliveries.received)],
      ...times(run.lag),
      ['Missing', ratioCell(missingRate(run))],
      ['Unexpected', countCell(run.deliveries.unexpected)],
    ]
  }
  return [
    ['Offered', countCell(run.offered)],
    ['Sent', countCell(run.sent)],
    ['Dropped', countCell(run.dropped)],
    ...times(run.latency),
    ['Service p95', msCell(run.serviceTime?.p95Ms)],
    ['Errors', ratioCell(errorRate(run))],
  ]
}

function times(stats: HttpRunResult['latency']): readonly (readonly [string, TableCell])[] {
  return [
    ['p50', msCell(stats?.p50Ms)],
    ['p95', msCell(stats?.p95Ms)],
    ['p99', msCell(stats?.p99Ms)],
    ['Max', msCell(stats?.maxMs)],
  ]
}

function phaseToggles({ phases }: RunResult, id: string): Markup {
  const names = [...new Set(phases.map(({ name }) => name))]
  if (names.length < 2) return html``
  return html`<fieldset class="phases" data-run="${id}">
    <legend>Phases shown</legend>
    ${names.map((name) => html`<label><input type="checkbox" value="${name}" checked /> ${swatch(name)} ${name}</label>`)}
  </fieldset>`
}

function swatch(phase: string): Markup {
  return html`<span class="swatch" style="background:var(--phase-${phase})" aria-hidden="true"></span>`
}

function figure({ title, note }: Chart, id: string): Markup {
  return html`<figure class="chart" data-chart="${id}">
    <figcaption><b>${title}</b><span>${note}</span></figcaption>
    <div class="plot" tabindex="0" role="group" aria-roledescription="chart" aria-label="${title}"></div>
    <button type="button" class="png" aria-label="Save as PNG: ${title}">PNG</button>
    <details class="data"><summary>Table: ${title}</summary></details>
  </figure>`
}

function detailTables(run: HttpRunResult | FanOutRunResult): Markup[] {
  const generator = generatorTable(run)
  const generators = generatorsTable(run)
  if (run.kind === 'fanOut')
    return [metricTable(run), generators, html`<div class="tables">${deliveryTable(run)}${generator}</div>`]
  return [
    journeyTable(run),
    stepTable(run),
    iterationTable(run),
    metricTable(run),
    slowestTable(run),
    generators,
    html`<div class="tables">${statusTable(run)}${generator}</div>`,
  ]
}

function journeyTable({ journeys = [] }: HttpRunResult): Markup {
  if (journeys.length === 0) return html``
  const rows = journeys.map((journey): TableCell[] => [
    { text: journey.name },
    countCell(journey.weight),
    countCell(journey.offered),
    countCell(journey.completed),
    msCell(journey.latency?.p50Ms),
    msCell(journey.latency?.p95Ms),
    msCell(journey.latency?.p99Ms),
    ratioCell(errorRate(journey)),
  ])
  return table(
    'Requests by journey',
    ['Journey', 'Weight', 'Offered', 'Completed', 'p50', 'p95', 'p99', 'Errors'],
    rows,
  )
}

function stepTable({ steps }: HttpRunResult): Markup {
  if (steps.length < 2) return html``
  const rows = steps.map((step): TableCell[] => [
    { text: step.name },
    countCell(step.offered),
    countCell(step.completed),
    msCell(step.latency?.p50Ms),
    msCell(step.latency?.p95Ms),
    msCell(step.latency?.p99Ms),
    ratioCell(errorRate(step)),
  ])
  return table('Steps', ['Step', 'Offered', 'Completed', 'p50', 'p95', 'p99', 'Errors'], rows)
}

function iterationTable({ iterations, groups = [], journeys = [] }: HttpRunResult): Markup {
  if (iterations === undefined) return html``
  const ofJourneys = journeys.flatMap((journey) => [
    { ...journey.iterations, name: `journey ${journey.name}` },
    ...(journey.groups ?? []).map((group) => ({ ...group, name: `journey ${journey.name}, group ${group.name}` })),
  ])
  const parts = [{ name: 'whole iterations', ...iterations }, ...(journeys.length === 0 ? groups : ofJourneys)]
  const rows = parts.map((part): TableCell[] => [
    { text: part.name },
    countCell(part.offered),
    countCell(part.completed),
    msCell(part.time?.p50Ms),
    msCell(part.time?.p95Ms),
    msCell(part.time?.p99Ms),
    ratioCell(errorRate(part)),
    countCell(part.unfinished),
  ])
  const head = ['Part', 'Due', 'Completed', 'p50', 'p95', 'p99', 'Errors', 'Unfinished']
  return table('Iterations and groups', head, rows)
}

function metricTable(run: HttpRunResult | FanOutRunResult): Markup {
  const rows = metricsOf(run).map(({ name, kind, figures }): TableCell[] => [
    { text: name },
    { text: kind },
    { text: describeFigures(figures) },
  ])
  return rows.length === 0 ? html`` : table('Custom metrics and soft checks', ['Name', 'Kind', 'Figures'], rows)
}

function statusTable({ statuses, errors, dropped, heartbeats }: HttpRunResult): Markup {
  const rows = [
    ...Object.entries(statuses).map(([status, count]) => [{ text: `status ${status}` }, countCell(count)]),
    ...Object.entries(errors)
      .filter(([kind]) => kind !== 'status')
      .map(([kind, count]) => [{ text: kind }, countCell(count)]),
    ...(dropped > 0 ? [[{ text: 'dropped, never sent' }, countCell(dropped)]] : []),
    ...heartbeatRows(heartbeats),
  ]
  return rows.length === 0 ? html`` : table('Responses and errors', ['Outcome', 'Requests'], rows)
}

function slowestTable({ slowest = [] }: HttpRunResult): Markup {
  if (slowest.length === 0) return html``
  const rows = slowest.map(({ label, latencyMs, atMs, status, traceId }): TableCell[] => [
    { text: label },
    msCell(latencyMs),
    { text: `${(atMs / 1000).toFixed(1)} s` },
    { text: status === undefined ? 'no response' : String(status) },
    { text: traceId === undefined ? '' : html`<code>${traceId}</code>` },
  ])
  return table('Slowest requests', ['Request', 'Latency', 'Due at', 'Status', 'Trace'], rows)
}

function deliveryTable({ deliveries, sockets, publications, connectTime, heartbeats }: FanOutRunResult): Markup {
  const rows: TableCell[][] = [
    [{ text: 'on time' }, countCell(deliveries.onTime)],
    [{ text: 'late' }, countCell(deliveries.late)],
    [{ text: 'missing' }, countCell(deliveries.missing)],
    [{ text: 'duplicate' }, countCell(deliveries.duplicate)],
    [{ text: 'out of order' }, countCell(deliveries.outOfOrder)],
    [{ text: 'unexpected' }, countCell(deliveries.unexpected)],
    ...(deliveries.optional > 0 ? [[{ text: 'to clients joining or leaving' }, countCell(deliveries.optional)]] : []),
    [{ text: 'unidentified' }, countCell(deliveries.unidentified)],
    [{ text: 'publications that failed' }, countCell(publications.failed)],
    [{ text: 'sockets requested' }, countCell(sockets.requested)],
    [{ text: 'sockets closed by the target' }, countCell(sockets.closed)],
    [{ text: 'sockets reconnected' }, countCell(sockets.reconnected)],
    ...Object.entries(sockets.failures).map(([kind, count]) => [{ text: `sockets: ${kind}` }, countCell(count)]),
    [{ text: 'connect time p95' }, msCell(connectTime?.p95Ms)],
    ...heartbeatRows(heartbeats),
  ]
  return table('Deliveries and sockets', ['Figure', 'Value'], rows)
}

function heartbeatRows(heartbeats: HeartbeatCounts | undefined): TableCell[][] {
  if (heartbeats === undefined) return []
  const { sent, withoutResponse } = heartbeats
  return [
    [{ text: 'application heartbeats' }, countCell(sent)],
    ...(withoutResponse === undefined
      ? []
      : [[{ text: 'application heartbeats without a response' }, countCell(withoutResponse)]]),
  ]
}

function generatorsTable({ generators, kind }: HttpRunResult | FanOutRunResult): Markup {
  if (generators === undefined) return html``
  const rows = generators.map((each): TableCell[] => [
    { text: String(each.number) },
    { text: placeOfGenerator(each) },
    ...figuresOfGenerator(each, kind),
  ])
  const counts = kind === 'fanOut' ? ['Expected', 'Received'] : ['Offered', 'Sent']
  return table('Generators', ['Generator', 'Node', ...counts, 'p50', 'p95', 'p99', 'Skew', 'CPU'], rows)
}

function generatorTable({ generator, generators }: HttpRunResult | FanOutRunResult): Markup {
  const { scheduleDelay, eventLoopDelay, eventLoopUtilization, cpuRatio, maxRssBytes, openSockets } = generator
  const rows: TableCell[][] = [
    [{ text: 'schedule delay p99' }, msCell(scheduleDelay?.p99Ms)],
    [{ text: 'event-loop delay p99' }, msCell(eventLoopDelay.p99Ms)],
    [{ text: 'event-loop utilisation' }, ratioCell(eventLoopUtilization)],
    [{ text: 'CPU, of one core' }, ratioCell(cpuRatio)],
    [{ text: 'peak memory' }, bytesCell(maxRssBytes)],
    [{ text: 'peak open sockets' }, countCell(openSockets)],
    [{ text: 'descriptor limit' }, countCell(generator.descriptorLimit)],
  ]
  const caption =
    generators === undefined ? 'Load generator' : 'Load generators: the worst, and sums of memory and sockets'
  return table(caption, ['Figure', 'Value'], rows)
}
