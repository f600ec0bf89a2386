import type { JsonMs } from '../../../stats/summary.ts'

/** What a number is; the page formats axis, legend and table by it. */
type Unit = 'ms' | 'perSec' | 'count' | 'ratio' | 'bytes'

/** Colours have meanings, and the style sheet a value for each of them in light and dark. */
export type Colour = 'low' | 'middle' | 'high' | 'bad' | 'other' | 'muted'

/** A chart as data: computed here, drawn by `page.js`, and laid out as a table for those who cannot see it. */
export interface Chart {
  readonly title: string
  /** One sentence: what is shown, what is counted, when it misleads. */
  readonly note: string
  /**
   * `seconds`: time since the start of the run; phases and zoom apply. `percentile`: 1 / (1 − p), drawn in powers of
   * ten. `bins`: whole numbers, with a label for each in `xLabels`.
   */
  readonly x: 'seconds' | 'percentile' | 'bins'
  readonly xs: readonly number[]
  readonly xLabels?: readonly string[]
  readonly unit: Unit
  readonly draw: 'lines' | 'bars'
  readonly series: readonly Series[]
  /** Level lines, such as an objective. On a percentile axis a line ends at its ratio `p`. */
  readonly limits: readonly Limit[]
}

/** Takes a run's charts and gives the ids under which the page finds them. */
export type ChartStore = (
  run: { readonly phases: readonly object[]; readonly marks: readonly object[] },
  charts: readonly Chart[],
) => readonly string[]

export interface Limit {
  readonly label: string
  readonly value: number
  readonly p: number
}

export interface Series {
  readonly label: string
  readonly colour: Colour
  readonly dashed?: boolean
  /** One for each of `xs`; null if there is none. */
  readonly values: readonly (number | null)[]
  /** Positions in `xs` at which the value is infinite, marked at the upper edge; absent if there are none. */
  readonly infinite?: readonly number[]
}

/** Rounded to four significant digits: a chart of a pixel's height shows no more, and a file holds thousands. */
export function round(value: JsonMs | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(4)) : null
}

/** Times of a series, with the positions of those that are infinite because too few responses were good. */
export function timesOf(values: readonly (JsonMs | undefined)[]): Pick<Series, 'values' | 'infinite'> {
  const infinite = values.flatMap((value, at) => (Number(value) === Number.POSITIVE_INFINITY ? [at] : []))
  return { values: values.map(round), ...(infinite.length === 0 ? {} : { infinite }) }
}

/** Stretches shorter than this have no rate: one request more or less would be a peak. */
const LEAST_MS = 100

/** What was counted in a stretch of time, per second. The last second of a run is often a part of one. */
export function rate(count: number, lengthMs: number): number | null {
  return lengthMs < LEAST_MS ? null : round((count * 1000) / lengthMs)
}
