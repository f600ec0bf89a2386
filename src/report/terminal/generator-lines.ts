import type { GeneratorResult } from '../../results/generator-result.ts'
import type { RunResult } from '../../results/result.ts'
import { figuresOfGenerator, placeOfGenerator } from '../generators.ts'
import { columnWidths, cut, joinCells, wrapPieces, type Cell } from './columns.ts'
import type { Paint } from './style.ts'

/** Most rows; more generators are in the HTML report. */
const MAX_ROWS = 16
const LONGEST_PLACE = 30

/** A row for each generator of a run; on a narrow terminal, the figures of each on their own lines. */
export function generatorLines(
  { generators = [], kind }: Pick<RunResult, 'generators' | 'kind'>,
  max: number,
  paint: Paint,
): readonly string[] {
  if (generators.length === 0) return []
  const shown = mostNotable(generators)
  const head = ['generator', 'node', ...figuresOfGenerator(shown[0]!, kind).map(({ label }) => label)]
  const rows = [head.map((text, at) => cellOf(text, at, paint)), ...shown.map((each) => rowOf(each, kind, paint))]
  const widths = columnWidths(rows)
  const total = widths.reduce((sum, width) => sum + width + 2, -2)
  const hidden = generators.length - shown.length
  return [
    ...(total <= max
      ? rows.map((row) => joinCells(row, widths))
      : shown.flatMap((generator) => stacked(generator, kind, max, paint))),
    ...(hidden > 0 ? [paint('dim', `${hidden} more generators are in the HTML report`)] : []),
  ]
}

/** Lost generators and those with the highest p95, in order of their numbers. */
function mostNotable(generators: readonly GeneratorResult[]): readonly GeneratorResult[] {
  const rank = ({ isLost, times }: GeneratorResult) =>
    isLost === true ? Number.POSITIVE_INFINITY : Number(times?.p95Ms ?? 0)
  return generators
    .toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)))
    .slice(0, MAX_ROWS)
    .toSorted((a, b) => a.number - b.number)
}

function cellOf(text: string, at: number, paint: Paint): Cell {
  return { text, align: at === 1 ? 'left' : 'right', style: (padded) => paint('dim', padded) }
}

function rowOf(generator: GeneratorResult, kind: RunResult['kind'], paint: Paint): readonly Cell[] {
  const isLost = generator.isLost === true
  const place = cut(placeOfGenerator(generator), LONGEST_PLACE)
  return [
    { text: String(generator.number), align: 'right' },
    { text: place, style: (text) => (isLost ? paint('red', text) : text) },
    ...figuresOfGenerator(generator, kind).map(({ text }): Cell => ({ text, align: 'right' })),
  ]
}

function stacked(generator: GeneratorResult, kind: RunResult['kind'], max: number, paint: Paint): readonly string[] {
  const pieces = figuresOfGenerator(generator, kind).map(({ label, text }) => `${paint('dim', label)} ${text}`)
  const figures = generator.isLost === true ? [] : wrapPieces(pieces, max - 2)
  return [
    cut(`generator ${generator.number}, ${placeOfGenerator(generator)}`, max),
    ...figures.map((line) => `  ${line}`),
  ]
}
