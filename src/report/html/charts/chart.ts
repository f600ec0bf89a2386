import type { JsonMs } from '../../../stats/summary.ts'

/** Unit of the values, by which the page formats axis, legend and table. */
type Unit = 'ms' | 'perSec' | 'count' | 'ratio' | 'bytes'

/** Meaning of a colour, to which the style sheet assigns a value in light and in dark. */
export type Colour = 'low' | 'middle' | 'high' | 'bad' | 'other' | 'muted'

/** A chart as data, which `page/chart.js` draws and `page/controls.js` shows as a table. */
export interface Chart {
  readonly title: string
  /** Short caption: what is shown, what is counted, when it misleads. */
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
  /** Horizontal lines, such as an objective. On a percentile axis, a line ends at its ratio `p`. */
  readonly limits: readonly Limit[]
}

/** Stores the charts of a run and returns their ids in the page. */
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
  /** One value per element of `xs`; null if there is none. */
  readonly values: readonly (number | null)[]
  /** Indexes of infinite values, which are marked at the upper edge; absent if there are none. */
  readonly infinite?: readonly number[]
}

/** A value rounded to four significant digits: a chart cannot show more, and a file holds thousands of values. */
export function round(value: JsonMs | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(4)) : null
}

/** Times of a series, and the indexes of infinite ones, for which too few responses were good. */
export function timesOf(values: readonly (JsonMs | undefined)[]): Pick<Series, 'values' | 'infinite'> {
  const infinite = values.flatMap((value, at) => (Number(value) === Number.POSITIVE_INFINITY ? [at] : []))
  return { values: values.map(round), ...(infinite.length === 0 ? {} : { infinite }) }
}

/** Shorter intervals have no rate: a single request would be a peak. */
const MIN_INTERVAL_MS = 100

/** A count in an interval as a rate per second. The last second of a run is often incomplete. */
export function rate(count: number, lengthMs: number): number | null {
  return lengthMs < MIN_INTERVAL_MS ? null : round((count * 1000) / lengthMs)
}
