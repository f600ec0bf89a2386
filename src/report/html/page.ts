import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { redactText } from '../../options/redact.ts'
import type { RunResult } from '../../results/result.ts'
import { EarlierRuns } from '../earlier.ts'
import type { Results } from '../results.ts'
import { anchorsOf } from './anchors.ts'
import type { Chart, ChartStore } from './charts/chart.ts'
import { contents } from './contents.ts'
import { html, jsonMarkup, Markup } from './markup.ts'
import { environment, header, overview } from './overview.ts'
import { scenarioFold } from './scenario.ts'
import { toolbar, VERDICTS } from './toolbar.ts'

/** The page's style sheets, in order. */
const STYLES = ['page.css', 'folds.css', 'print.css']
/** The page's modules, in import order. */
const SCRIPTS = ['numbers.js', 'chart.js', 'folds.js', 'filter.js', 'scroll.js', 'controls.js', 'export.js']

interface StoredChart extends Chart {
  readonly id: string
  readonly run: number
}

/**
 * The report as one self-contained HTML file, with styles, scripts and chart library. Numbers are in tables; charts are
 * drawn from data in the page, and each has a table.
 */
export async function htmlReport(results: Results, earlier = new EarlierRuns()): Promise<string> {
  const [style, script, chartStyle, chartScript] = await Promise.all([
    Promise.all(STYLES.map(readPart)),
    Promise.all(SCRIPTS.map(readPart)),
    readUplot('uPlot.min.css'),
    readUplot('uPlot.iife.min.js'),
  ])
  const runs: object[] = []
  const charts: StoredChart[] = []
  const store: ChartStore = (run, added) => {
    const at = runs.push(run) - 1
    return added.map((chart) => {
      const id = `chart-${charts.length + 1}`
      charts.push({ ...chart, id, run: at })
      return id
    })
  }
  const scenarios = VERDICTS.flatMap((verdict) => results.scenarios.filter((each) => each.verdict === verdict))
  const anchors = anchorsOf(scenarios)
  const isOpen = scenarios.length === 1
  const folds = scenarios.map((scenario, at) => {
    const changeOf = (run: RunResult) => earlier.p95ChangeOf(scenario, run, results)
    return scenarioFold(scenario, { id: anchors[at]!, isOpen, store, changeOf })
  })
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${titleOf(results)}</title>
        <style>
          ${new Markup(chartStyle)}
          ${new Markup(style.join('\n'))}
        </style>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the scenarios</a>
        <div class="page">
          ${header(results)} ${contents(scenarios, anchors)}
          <main id="main">
            ${toolbar(results.totals)} ${outsideErrors(results)}
            <div id="scenarios">${folds}</div>
            ${overview(scenarios, anchors)} ${environment(results)}
          </main>
        </div>
        <p id="readout" class="visually-hidden" aria-live="polite"></p>
        <noscript
          ><p class="callout invalid">
            Charts need JavaScript; all tables of results are readable without it.
          </p></noscript
        >
        <script type="application/json" id="charts">
          ${jsonMarkup({ runs, charts })}
        </script>
        <script>
          ${new Markup(chartScript)}
        </script>
        <script>
          ${new Markup(bundle(script))}
        </script>
      </body>
    </html> `.text
}

function titleOf({ totals, startedAt }: Results): string {
  const bad = totals.failed + totals.invalid
  return `Load report ${startedAt.slice(0, 10)}: ${bad === 0 ? 'all passed' : `${bad} of ${totals.scenarios} not passed`}`
}

function outsideErrors({ errors }: Results): Markup {
  if (errors.length === 0) return html``
  const items = errors.map(({ name, message }) => html`<pre>${redactText(`${name}: ${message}`)}</pre>`)
  return html`<section aria-labelledby="outside">
    <h2 id="outside">Errors outside of scenarios</h2>
    ${items}
  </section>`
}

function readPart(file: string): Promise<string> {
  return readFile(new URL(`page/${file}`, import.meta.url), 'utf8')
}

/** The modules as one script: a page opened from disk cannot import modules. */
function bundle(modules: readonly string[]): string {
  const bare = modules.map((text) => text.replace(/^import [^'"]*['"][^'"]*['"]$/gm, '').replace(/^export /gm, ''))
  return `{\n${bare.join('\n')}}`
}

function readUplot(file: string): Promise<string> {
  return readFile(createRequire(import.meta.url).resolve(`uplot/dist/${file}`), 'utf8')
}
