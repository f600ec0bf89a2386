import { figureRows } from '../../results/compared-figures.ts'
import { formatDuration } from '../../stats/units.ts'
import type { ScenarioResult } from '../results.ts'
import { escapeMarkdown } from './text.ts'

/** A table for each comparison of two builds: what a pull request that compares itself with its base is read for. */
export function comparisonTables(scenarios: readonly ScenarioResult[]): readonly string[] {
  return scenarios.flatMap(({ name: scenario, comparisons = [] }) =>
    comparisons.map(({ name, base, head, pairs, sliceMs, load, figures }) => {
      const what = `${name}: ${head} against ${base}, ${pairs} pairs of slices of ${formatDuration(sliceMs)}, ${load}`
      const [header = [], ...rows] = figureRows(figures).map((row) => `| ${row.map(escapeMarkdown).join(' | ')} |`)
      return [
        `**${escapeMarkdown(scenario)}**, ${escapeMarkdown(what)}`,
        '',
        header,
        '|---|--:|--:|--:|---|',
        ...rows,
      ].join('\n')
    }),
  )
}
