import { Histogram, type PackedHistogram } from './histogram.ts'
import { Total, type PackedTotal } from './total.ts'

/**
 * Kind of a custom metric. A soft check is a rate of the requests that passed it, and a timing is a trend of times inside
 * requests.
 */
export type MetricKind = 'trend' | 'counter' | 'rate' | 'gauge' | 'softCheck' | 'timing'

/**
 * Parts of a trend's unit that its histogram counts in. A power of two, so that no value is rounded when it is multiplied and
 * divided by it, and so many that {@link MIN_TREND} has three significant digits.
 */
export const PER_UNIT = 2 ** 42
/** Largest value of a trend. */
export const MAX_TREND = 9_007_199_254
/** Smallest value of a trend above 0. */
export const MIN_TREND = 1e-9
/** The values of a trend, as errors describe them. */
export const TREND_RANGE = `0, or a number from ${MIN_TREND} to ${MAX_TREND}`

/** An empty histogram of a trend's values, in parts of its unit ({@link PER_UNIT}). */
export function trendHistogram(): Histogram {
  return new Histogram(MAX_TREND * PER_UNIT)
}

/** Values of a trend in one second. */
export class TrendWindow {
  readonly second: number
  readonly values = trendHistogram()

  constructor(second: number) {
    this.second = second
  }

  /** @param value 0, or from {@link MIN_TREND} to {@link MAX_TREND} */
  record(value: number): void {
    this.values.record(value * PER_UNIT)
  }

  add(other: TrendWindow): void {
    this.values.merge(other.values)
  }

  pack(): PackedHistogram {
    return this.values.pack()
  }

  addPacked(packed: PackedHistogram): void {
    this.values.addPacked(packed)
  }
}

interface PackedCounter {
  readonly count: number
  readonly total: PackedTotal
}

/** Additions to a counter in one second. */
export class CounterWindow {
  readonly second: number
  /** Number of additions, including those of 0. */
  count = 0
  readonly #total = new Total()

  constructor(second: number) {
    this.second = second
  }

  get total(): number {
    return this.#total.value
  }

  record(value: number): void {
    this.count++
    this.#total.add(value)
  }

  add(other: CounterWindow): void {
    this.addPacked(other.pack())
  }

  pack(): PackedCounter {
    return { count: this.count, total: this.#total.pack() }
  }

  addPacked({ count, total }: PackedCounter): void {
    this.count += count
    this.#total.addPacked(total)
  }
}

interface PackedRate {
  readonly hits: number
  readonly count: number
  readonly details: ReadonlyMap<string, number>
}

/** Different details that are counted separately. */
const MAX_DETAILS = 20

/** Hits and misses of a rate in one second. */
export class RateWindow {
  readonly second: number
  hits = 0
  count = 0
  readonly #details = new Map<string, number>()

  constructor(second: number) {
    this.second = second
  }

  /** Number of misses by detail; empty for rates without details. */
  get details(): ReadonlyMap<string, number> {
    return this.#details
  }

  /** @param detail why it is a miss */
  record(isHit: boolean, detail?: string): void {
    this.count++
    if (isHit) this.hits++
    else if (detail !== undefined) this.#countDetail(detail, 1)
  }

  add(other: RateWindow): void {
    this.addPacked(other)
  }

  pack(): PackedRate {
    const { hits, count, details } = this
    return { hits, count, details }
  }

  addPacked({ hits, count, details }: PackedRate): void {
    this.hits += hits
    this.count += count
    for (const [detail, misses] of details) this.#countDetail(detail, misses)
  }

  #countDetail(detail: string, misses: number): void {
    const key = this.#details.has(detail) || this.#details.size < MAX_DETAILS ? detail : 'other'
    this.#details.set(key, (this.#details.get(key) ?? 0) + misses)
  }
}

interface PackedGauge {
  readonly count: number
  readonly last: number
  readonly lastAtMs: number
  readonly min: number
  readonly max: number
}

/** Values to which a gauge was set in one second. */
export class GaugeWindow {
  readonly second: number
  count = 0
  last = Number.NaN
  /** When it was set to the last value, since the start of the run. */
  lastAtMs = Number.NEGATIVE_INFINITY
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY

  constructor(second: number) {
    this.second = second
  }

  record(value: number, atMs: number): void {
    this.addPacked({ count: 1, last: value, lastAtMs: atMs, min: value, max: value })
  }

  add(other: GaugeWindow): void {
    this.addPacked(other)
  }

  pack(): PackedGauge {
    const { count, last, lastAtMs, min, max } = this
    return { count, last, lastAtMs, min, max }
  }

  addPacked({ count, last, lastAtMs, min, max }: PackedGauge): void {
    this.count += count
    if (lastAtMs >= this.lastAtMs) {
      this.last = last
      this.lastAtMs = lastAtMs
    }
    if (min < this.min) this.min = min
    if (max > this.max) this.max = max
  }
}

/** Windows of each kind of metric. */
export interface MetricWindows {
  readonly trend: TrendWindow
  readonly counter: CounterWindow
  readonly rate: RateWindow
  readonly gauge: GaugeWindow
  readonly softCheck: RateWindow
  readonly timing: TrendWindow
}

/** A window of a second, by kind. */
export const createWindow: { readonly [Kind in MetricKind]: (second: number) => MetricWindows[Kind] } = {
  trend: (second) => new TrendWindow(second),
  counter: (second) => new CounterWindow(second),
  rate: (second) => new RateWindow(second),
  gauge: (second) => new GaugeWindow(second),
  softCheck: (second) => new RateWindow(second),
  timing: (second) => new TrendWindow(second),
}
