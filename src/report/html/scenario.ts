import { figureRows } from '../../results/compared-figures.ts'
import type { AssertionResult, ComparisonResult } from '../../results/result.ts'
import { scopeOfAssertion } from '../../results/scope-of-assertion.ts'
import { formatDuration } from '../../stats/units.ts'
import type { ErrorResult, ScenarioResult } from '../results.ts'
import { uncheckedNote } from '../wording.ts'
import { badge } from './cells.ts'
import type { ChartStore } from './charts/chart.ts'
import { html, type Markup } from './markup.ts'
import { anchorOf } from './overview.ts'
import { runSection } from './run.ts'
import { table } from './tables.ts'

/** Section of a scenario: assertions, messages, comparisons and runs. */
export function scenarioSection(scenario: ScenarioResult, at: number, store: ChartStore): Markup {
  const { name, verdict, file, durationMs, runs, comparisons = [], assertions, note } = scenario
  const id = anchorOf(at)
  const unchecked = uncheckedNote(assertions)
  return html`<section class="scenario" id="${id}" aria-labelledby="${id}-name" data-verdict="${verdict}">
    <h2 id="${id}-name">${badge(verdict)} ${name}</h2>
    <p class="facts">
      <span>${file}</span
      ><span>took ${formatDuration(Math.round(durationMs / 100) * 100)}</span
      >${unchecked === undefined ? '' : html`<span>${unchecked}</span>`}
    </p>
    ${note === undefined ? '' : html`<p>${note}</p>`}
    ${assertions.length === 0 ? html`<p class="muted">Nothing was asserted.</p>` : assertionTable(assertions)}
    ${messages(scenario)} ${comparisons.map(comparisonTable)}
    ${runs.map((run, nth) => runSection(run, { id: `${id}-run-${nth + 1}`, assertions, store }))}
  </section>`
}

function assertionTable(assertions: readonly AssertionResult[]): Markup {
  const scopes = assertions.map((asserted) => scopeOfAssertion(asserted, assertions))
  const hasScopes = scopes.some((scope) => scope !== '')
  const rows = assertions.map(({ assertion, expected, received, outcome }, at) => [
    { text: html`<code>${assertion}</code>` },
    ...(hasScopes ? [{ text: scopes[at]! }] : []),
    { text: badge(outcome) },
    { text: expected },
    { text: received },
  ])
  const header = ['Assertion', ...(hasScopes ? ['Scope'] : []), 'Outcome', 'Expected', 'Received']
  return table('Assertions', header, rows)
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
