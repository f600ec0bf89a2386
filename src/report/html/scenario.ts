import { figureRows } from '../../results/compared-figures.ts'
import type { ComparisonResult, RunResult } from '../../results/result.ts'
import { scopeOfAssertion } from '../../results/scope-of-assertion.ts'
import { formatDuration } from '../../stats/units.ts'
import { decisiveLine } from '../decisive.ts'
import type { ChangeOfP95 } from '../earlier.ts'
import type { ErrorResult, ScenarioResult } from '../results.ts'
import { uncheckedNote } from '../wording.ts'
import { runAnchor } from './anchors.ts'
import { badge } from './cells.ts'
import type { ChartStore } from './charts/chart.ts'
import { html, type Markup } from './markup.ts'
import { objectives } from './objectives.ts'
import { runSection } from './run.ts'
import { sparkline } from './sparkline.ts'
import { table } from './tables.ts'

/**
 * A scenario, folded to one line with its verdict and what decided it. Unfolded, it shows assertions, messages, comparisons
 * and runs.
 */
export function scenarioFold(scenario: ScenarioResult, { id, isOpen, store, changeOf }: FoldContext): Markup {
  const { verdict, file, runs, comparisons = [], assertions, note } = scenario
  const unchecked = uncheckedNote(assertions)
  return html`<details
    class="scenario"
    id="${id}"
    data-verdict="${verdict}"
    data-text="${searchText(scenario)}"
    ${isOpen ? OPEN : ''}
  >
    ${scenarioLine(scenario, id)}
    <div class="body">
      <p class="facts">
        <span>${file}</span>${unchecked === undefined ? '' : html`<span>${unchecked}</span>`}
        <a href="#${id}">Link to this scenario</a>
      </p>
      ${note === undefined ? '' : html`<p>${note}</p>`} ${messages(scenario)}
      ${assertions.length === 0 ? html`<p class="muted">Nothing was asserted.</p>` : objectives(assertions)}
      ${comparisons.map(comparisonTable)}
      ${runs.map((run, nth) => runSection(run, { id: runAnchor(id, nth), assertions, store, change: changeOf(run) }))}
    </div>
  </details>`
}

interface FoldContext {
  readonly id: string
  readonly isOpen: boolean
  readonly store: ChartStore
  /** Change of the p95 of a run since the previous one. */
  readonly changeOf: (run: RunResult) => ChangeOfP95 | undefined
}

const OPEN = html`open`

function scenarioLine(scenario: ScenarioResult, id: string): Markup {
  const { name, verdict, durationMs, runs } = scenario
  const { expected, received } = decisiveLine(scenario)
  return html`<summary>
    <span class="verdict">${badge(verdict)}</span>
    <h2 id="${id}-name">${name}</h2>
    <span class="expected">${expected ?? ''}</span>
    <span class="received ${verdict}" title="${received}">${received}</span>
    <span class="course">${sparkline(runs[0])}</span>
    <span class="took">${durationMs >= 100 ? formatDuration(Math.round(durationMs / 100) * 100) : ''}</span>
  </summary>`
}

/** What the filter compares its text with. */
function searchText({ name, file, runs, assertions }: ScenarioResult): string {
  return [name, file, ...runs.map((run) => run.name), ...assertions.map(({ assertion }) => assertion)]
    .join(' ')
    .toLowerCase()
}

/** Two builds, figure by figure, with their load in the caption. */
function comparisonTable({ name, load, base, head, pairs, sliceMs, figures }: ComparisonResult): Markup {
  const [header = [], ...rows] = figureRows(figures)
  const caption = `${name}: ${head} against ${base}, ${pairs} pairs of slices of ${formatDuration(sliceMs)}, ${load}`
  const values = (at: number) => [undefined, Number(figures[at]!.base), Number(figures[at]!.head)]
  return table(
    caption,
    ['Figure', ...header.slice(1)],
    rows.map((row, at) => row.map((text, column) => ({ text, value: values(at)[column] }))),
  )
}

/** Full messages of assertions that did not pass, and errors that do not come from an assertion. */
function messages({ assertions, errors }: ScenarioResult): Markup[] {
  const judged = assertions.flatMap((asserted) => {
    const { message, outcome, assertion } = asserted
    if (outcome === 'passed' || message === undefined) return []
    const scope = scopeOfAssertion(asserted, assertions)
    return [{ title: scope === '' ? assertion : `${assertion} of ${scope}`, message }]
  })
  const others = errors.filter((error) => !judged.some(({ message }) => message === error.message))
  const open = judged.length + others.length <= 3
  return [
    ...judged.map(({ title, message }) => details(title, message, open)),
    ...others.map((error) => details(titleOf(error), error.message, open)),
  ]
}

function titleOf({ name, at }: ErrorResult): string {
  return at === undefined ? name : `${name} at ${at}`
}

function details(title: string, text: string, open: boolean): Markup {
  const body = html`<pre>${text}</pre>`
  return open
    ? html`<details open>
        <summary>${title}</summary>
        ${body}
      </details>`
    : html`<details>
        <summary>${title}</summary>
        ${body}
      </details>`
}
