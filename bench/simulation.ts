import { bucketOf, highestOf, lowestOf } from '../src/stats/histogram.ts'

/** Coverage of 95% intervals that is the goal. */
export const COVERAGE = [0.92, 0.98] as const
/** Largest width of an interval that is the goal, relative to the ideal width. */
export const WIDEST = 2
/** Error of a simulation: the interval that contains the true figure in 99.7% of simulations. */
export const STANDARD_ERRORS = 3
/** An ideal width of fewer buckets is near the resolution of the histogram, at which whole buckets cover more. */
const FEW_BUCKETS = 8

/**
 * Goal of a row. `both`: coverage and width. `atLeast`: coverage may be higher, because differences between seconds count
 * as chance although they are the same in every run, because the interval of a few hits is exact, or because of the
 * resolution of the histogram. `none`: the level changes so slowly that the run has too few independent seconds.
 */
export type Goal = 'both' | 'atLeast' | 'none'

/** Range that contains a figure of a row with the error of the simulation. */
interface Range {
  readonly low: number
  readonly high: number
}

/** Intervals of one percentile or error rate in the simulated runs of a service. */
export class Tally {
  readonly #trueValue: number
  readonly #goal: Goal
  readonly #widths: number[] = []
  readonly #values: number[] = []
  #runs = 0
  #covered = 0

  /** @param trueValue in milliseconds, or the true error rate */
  constructor(trueValue: number, goal: Goal) {
    this.#trueValue = trueValue
    this.#goal = goal
  }

  /** @param valueUs for a percentile: the percentile of a run, from which the ideal width is computed */
  add({ low, high }: Range, valueUs?: number): void {
    this.#runs++
    if (low <= this.#trueValue && this.#trueValue <= high) this.#covered++
    if (valueUs === undefined) return
    this.#widths.push(high - low)
    this.#values.push(valueUs)
  }

  /** Wilson's interval. */
  get coverage(): Range {
    const [n, z] = [this.#runs, STANDARD_ERRORS]
    const ratio = this.#covered / n
    const centre = (ratio + (z * z) / (2 * n)) / (1 + (z * z) / n)
    const half = (z / (1 + (z * z) / n)) * Math.sqrt((ratio * (1 - ratio)) / n + (z * z) / (4 * n * n))
    return { low: centre - half, high: centre + half }
  }

  /** Width relative to the ideal width, from the order statistics of the widths and of the percentiles. */
  get width(): Range | undefined {
    if (this.#values.length === 0) return undefined
    const [widths, values] = [sorted(this.#widths), sorted(this.#values)]
    return {
      low: ratioOfWidths(widths, values, -STANDARD_ERRORS),
      high: ratioOfWidths(widths, values, STANDARD_ERRORS),
    }
  }

  get goal(): Goal {
    if (this.#goal !== 'both' || this.#values.length === 0) return this.#goal
    const values = sorted(this.#values)
    const buckets = bucketOf(quantile(values, 0.975)) - bucketOf(quantile(values, 0.025))
    return buckets < FEW_BUCKETS ? 'atLeast' : 'both'
  }

  figures(): { runs: number; coverage: number; coverageError: number; width?: number; goal: Goal } {
    const { low, high } = this.coverage
    const width =
      this.#values.length === 0 ? {} : { width: ratioOfWidths(sorted(this.#widths), sorted(this.#values), 0) }
    const coverage = this.#covered / this.#runs
    return { runs: this.#runs, coverage, coverageError: (high - low) / 2, ...width, goal: this.goal }
  }
}

type Side = 'inside' | 'outside' | 'undecided'

/** Whether the simulation suffices to say on which side of each limit a row is. Rows without a goal need no decision. */
export function decided(tally: Tally): boolean {
  return tally.goal === 'none' || (coverageSide(tally) !== 'undecided' && widthSide(tally) !== 'undecided')
}

/** Empty if a row is inside the goal, otherwise what is outside or not decided. */
export type Verdict = string

export function verdictOf(tally: Tally): Verdict {
  const sides = [['COVERAGE', coverageSide(tally)] as const, ['WIDTH', widthSide(tally)] as const]
  const outside = sides.filter(([, side]) => side === 'outside').map(([name]) => name)
  if (outside.length > 0) return `${outside.join(', ')} OUTSIDE`
  if (tally.goal === 'none') return ''
  const open = sides.filter(([, side]) => side === 'undecided').map(([name]) => name.toLowerCase())
  return open.length === 0 ? '' : `${open.join(', ')} at the limit`
}

function coverageSide({ coverage: { low, high }, goal }: Tally): Side {
  const max = goal === 'atLeast' ? 1 : COVERAGE[1]
  if (high < COVERAGE[0] || low > max) return 'outside'
  return low >= COVERAGE[0] && high <= max ? 'inside' : 'undecided'
}

function widthSide({ width }: Tally): Side {
  if (width === undefined || width.high <= WIDEST) return 'inside'
  return width.low > WIDEST ? 'outside' : 'undecided'
}

/**
 * Median width of the intervals, relative to the ideal width: from the lower bound of one bucket to the upper bound of
 * another, like an interval itself.
 *
 * @param errors standard errors by which each of the three quantiles is moved towards a larger ratio
 */
function ratioOfWidths(widthsMs: Float64Array, valuesUs: Float64Array, errors: number): number {
  const shift = (p: number) => errors * Math.sqrt((p * (1 - p)) / valuesUs.length)
  const low = lowestOf(bucketOf(quantile(valuesUs, 0.025 + shift(0.025))))
  const high = highestOf(bucketOf(quantile(valuesUs, 0.975 - shift(0.975))))
  return (quantile(widthsMs, 0.5 + shift(0.5)) * 1000) / (high - low)
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).toSorted()
}

function quantile(values: Float64Array, p: number): number {
  return values[Math.max(0, Math.min(values.length - 1, Math.floor(p * values.length)))]!
}
