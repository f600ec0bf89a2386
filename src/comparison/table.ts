import { figureRows, figureTable, standingAgainst, type ComparedFigure } from '../results/compared-figures.ts'
import type { ComparisonResult } from '../results/result.ts'
import { formatDuration } from '../stats/units.ts'

/** Verdict on one figure or on a whole comparison. `invalid`: the comparison cannot be judged. */
export type Verdict = 'slower' | 'no slower' | 'undecided' | 'invalid'

/** Latencies that decide the verdict; other figures except errors are only shown. */
const DECIDING = ['p50', 'p95']
const MORE_ERRORS = 0.01

/** Verdict on a comparison: slower if the p50, p95 or errors are worse beyond chance and tolerance. */
export function verdictOf({ figures, invalidities }: ComparisonResult, tolerance: number): Verdict {
  if (invalidities.some(({ blame }) => blame === 'target')) return 'slower'
  const verdicts = figures.flatMap((figure) => verdictOfFigure(figure, tolerance) ?? [])
  const isSlower = verdicts.includes('slower')
  if (standingAgainst(invalidities, isSlower).length > 0) return 'invalid'
  if (isSlower) return 'slower'
  return verdicts.length === 0 || verdicts.includes('undecided') ? 'undecided' : 'no slower'
}

function verdictOfFigure({ name, base, head, change }: ComparedFigure, tolerance: number): Verdict | undefined {
  if (change === undefined)
    return DECIDING.includes(name) && base === 'Infinity' && head === 'Infinity' ? 'undecided' : undefined
  if (name === 'errors') return change.low > MORE_ERRORS ? 'slower' : 'no slower'
  if (!DECIDING.includes(name)) return undefined
  if (change.low > tolerance) return 'slower'
  return change.high > tolerance ? 'undecided' : 'no slower'
}

/** Verdicts of all comparisons of a command in one line: `1 slower, 4 no slower`. */
export function totalsOf(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'nothing was compared'
  const order: readonly Verdict[] = ['slower', 'invalid', 'undecided', 'no slower']
  const counted = order.map((verdict) => [verdict, verdicts.filter((each) => each === verdict).length] as const)
  return counted.flatMap(([verdict, count]) => (count === 0 ? [] : `${count} ${verdict}`)).join(', ')
}

/** 0 if nothing is slower, 1 if something is, 3 if a comparison is undecided or invalid, or nothing was compared. */
export function exitCodeOf(verdicts: readonly Verdict[]): number {
  if (verdicts.includes('slower')) return 1
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'no slower') ? 0 : 3
}

/** Whether a figure that does not decide the verdict got worse beyond chance and tolerance. */
function isWorse({ name, change }: ComparedFigure, tolerance: number): boolean {
  if (change === undefined) return false
  if (name === 'throughput') return change.high < -tolerance
  return name !== 'errors' && change.low > tolerance
}

/** Lines for a terminal: the verdict and title, then one line per figure. */
export function comparisonLines(title: string, result: ComparisonResult, tolerance: number): readonly string[] {
  const { load, pairs, sliceMs, base, figures, invalidities } = result
  const verdict = verdictOf(result, tolerance)
  const [header, ...rows] = figureTable(figures)
  const width = Math.max(0, ...rows.map((row) => row.length)) + 2
  return [
    `${verdict.toUpperCase().padEnd(10)} ${title}`,
    `  ${load}; ${pairs} pairs of slices of ${formatDuration(sliceMs)}; base: ${base}`,
    ...(rows.length === 0 ? [] : [`  ${header}`]),
    ...rows.map((row, at) => `  ${row.padEnd(width)}${remarkOn(figures[at]!, tolerance)}`.trimEnd()),
    ...invalidities.map(({ reason, finding, fix }) => `  ${reason}: ${finding}; ${fix}`),
  ]
}

/** Markdown table of the figures, under a heading with the verdict. */
export function comparisonMarkdown(title: string, result: ComparisonResult, tolerance: number): string {
  const { load, pairs, sliceMs, base, figures, invalidities } = result
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const [header, ...rows] = figureRows(figures)
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [
    `### ${verdictOf(result, tolerance)}: ${cell(title)}`,
    '',
    `${cell(load)}; ${pairs} pairs of slices of ${formatDuration(sliceMs)}; base: ${cell(base)}`,
    '',
    line([...header!, '']),
    '|---|---:|---:|---:|---|---|',
    ...rows.map((row, at) => line([...row, remarkOn(figures[at]!, tolerance)])),
    ...invalidities.map(({ reason, finding, fix }) => `\n${reason}: ${cell(finding)}; ${cell(fix)}`),
    '',
  ].join('\n')
}

function remarkOn(figure: ComparedFigure, tolerance: number): string {
  const verdict = verdictOfFigure(figure, tolerance)
  if (verdict === 'slower') return figure.name === 'errors' ? 'MORE' : 'SLOWER'
  if (verdict === 'undecided') return 'undecided'
  return isWorse(figure, tolerance) ? 'worse' : ''
}
