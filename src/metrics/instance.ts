import type { RunWindow } from '../evidence/run-window.ts'
import { coverGrowth, joined, type Covered } from '../evidence/window-coverage.ts'
import { sumOf } from '../stats/total.ts'
import type { UnreadableLine } from './exposition.ts'
import type { ScrapeHistory } from './scrape-history.ts'
import type { Selector } from './selector.ts'
import type { Series } from './series.ts'

/** A value at one moment. */
export interface Reading {
  /** `performance.now()` */
  readonly atMs: number
  readonly value: number
}

/** Growth of counters, over any number of series. */
export interface Growth {
  readonly delta: number
  readonly resets: number
}

/** One instance of the target over one window. */
export class InstanceWindow {
  readonly history: ScrapeHistory
  /** One per span with sufficient scrapes. */
  readonly covered: readonly Covered[]
  readonly #spans: RunWindow['spans']

  constructor(history: ScrapeHistory, window: RunWindow) {
    this.history = history
    this.#spans = window.spans
    this.covered = joined(window.spans).flatMap((span) => coverGrowth(history.times, span, window) ?? [])
  }

  get scrapeCount(): number {
    return this.covered.reduce((count, { first, last }) => count + last - first + 1, 0)
  }

  get coveredMs(): number {
    return this.covered.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
  }

  /** Time of the scope that lies before the first or after the last scrape of its parts; each part has two such ends. */
  get uncovered(): { readonly ms: number; readonly scopeMs: number; readonly ends: number } {
    const parts = joined(this.#spans)
    const scopeMs = parts.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
    const within = (part: Pick<Covered, 'startMs' | 'endMs'>) =>
      this.covered.reduce(
        (sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs, part.endMs) - Math.max(startMs, part.startMs)),
        0,
      )
    return { ms: scopeMs - parts.reduce((sum, part) => sum + within(part), 0), scopeMs, ends: 2 * parts.length }
  }

  /** Growth of all selected series; `undefined` if there is none in the window. */
  growth(selector: Selector): Growth | undefined {
    return totalGrowth(this.history.select(selector).map((series) => this.growthOf(series)))
  }

  /** Growth of one series of this instance; `undefined` if it has no value in the window. */
  growthOf(series: Series): Growth | undefined {
    return totalGrowth(
      this.covered.map(({ first, last }) => {
        const { seen, delta, resets } = series.growth(first, last)
        return seen ? { delta, resets } : undefined
      }),
    )
  }

  /** Whether the target exposed NaN as the value of a selected series in the window. */
  isUndefined(selector: Selector): boolean {
    return this.covered.some(({ first, last }) =>
      this.history.select(selector).some((series) => series.isUndefinedBetween(first, last)),
    )
  }

  /** Whether the value of a selected series is infinite in the window. */
  isInfinite(selector: Selector): boolean {
    return this.covered.some(({ first, last }) =>
      this.history.select(selector).some((series) => series.isInfiniteBetween(first, last)),
    )
  }

  /** First unreadable line in the window that may belong to a selected series. */
  unreadable(selector: Selector): UnreadableLine | undefined {
    for (const { first, last } of this.covered) {
      const line = this.history.unreadableFor(selector, first, last)
      if (line !== undefined) return line
    }
    return undefined
  }

  /** Indexes of the scrapes within the scope; if there is none within it, of those around it. */
  get scrapesInScope(): readonly number[] {
    const all = this.covered.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, at) => first + at),
    )
    const within = all.filter((scrape) => this.#isInScope(this.history.times[scrape]!))
    return within.length > 0 ? within : all
  }

  /**
   * Sum of the selected series at each scrape within the scope; if there is none within it, at the scrapes around it.
   */
  readings(selector: Selector): readonly Reading[] {
    const all = this.covered.flatMap(({ first, last }) => readingsBetween(this.history, selector, first, last))
    const within = all.filter(({ atMs }) => this.#isInScope(atMs))
    return within.length > 0 ? within : all
  }

  #isInScope(atMs: number): boolean {
    return this.#spans.some(({ startMs, endMs }) => atMs >= startMs && atMs <= endMs)
  }
}

/** Sum of the defined growths; `undefined` if there is none. */
export function totalGrowth(growths: readonly (Growth | undefined)[]): Growth | undefined {
  const known = growths.filter((grown) => grown !== undefined)
  if (known.length === 0) return undefined
  return { delta: sumOf(known.map(({ delta }) => delta)), resets: sumOf(known.map(({ resets }) => resets)) }
}

/** Sum of the selected series at each scrape that has a value. */
export function readingsBetween(history: ScrapeHistory, selector: Selector, first: number, last: number): Reading[] {
  const found = history.select(selector)
  const readings: Reading[] = []
  for (let scrape = first; scrape <= last; scrape++) {
    const values = found.map((series) => series.at(scrape)).filter((value) => !Number.isNaN(value))
    if (values.length > 0) readings.push({ atMs: history.times[scrape]!, value: sumOf(values) })
  }
  return readings
}

/**
 * Sum over instances: at each reading of the first instance, with the nearest reading of every other. Omits readings for
 * which an instance has none within an interval: the sum would be too low.
 */
export function summed(instances: readonly (readonly Reading[])[], intervalMs: number): readonly Reading[] {
  const [first = [], ...others] = instances
  return first.flatMap(({ atMs, value }) => {
    const nearest = others.map((readings) => nearestTo(readings, atMs))
    if (nearest.some((reading) => reading === undefined || Math.abs(reading.atMs - atMs) > intervalMs)) return []
    return [{ atMs, value: sumOf([value, ...nearest.map((reading) => reading!.value)]) }]
  })
}

function nearestTo(readings: readonly Reading[], atMs: number): Reading | undefined {
  const next = readings.findIndex((reading) => reading.atMs >= atMs)
  if (next === -1) return readings.at(-1)
  const before = readings[next - 1]
  const after = readings[next]!
  return before !== undefined && atMs - before.atMs < after.atMs - atMs ? before : after
}
