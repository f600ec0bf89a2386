import type { RunWindow } from '../evidence/run-window.ts'
import type { RunSeries } from '../results/result.ts'
import { readingsBetween, summed, type Reading } from './instance.ts'
import type { ScrapeHistory } from './scrape-history.ts'
import type { Selector } from './selector.ts'

/** Metrics that a scenario queried: reports only show these, not the target's hundreds of other series. */
export class QueriedSeries {
  readonly #histories: readonly ScrapeHistory[]
  readonly #intervalMs: number
  readonly #charts = new Map<string, { readonly unit: RunSeries['unit']; readonly read: () => readonly Reading[] }>()

  constructor(histories: readonly ScrapeHistory[], intervalMs: number) {
    this.#histories = histories
    this.#intervalMs = intervalMs
  }

  gauge(label: string, selector: Selector): void {
    this.#charts.set(label, { unit: 'count', read: () => this.#readings(selector) })
  }

  /** Adds the hit ratio between consecutive scrapes. */
  hitRatio(label: string, hits: Selector, misses: Selector): void {
    const read = () => {
      const [hit, missed] = [growths(this.#readings(hits)), growths(this.#readings(misses))]
      const missedAt = new Map(missed.map(({ atMs, value }) => [atMs, value]))
      return hit.flatMap(({ atMs, value }) => {
        const total = value + (missedAt.get(atMs) ?? 0)
        return total > 0 ? [{ atMs, value: value / total }] : []
      })
    }
    this.#charts.set(label, { unit: 'ratio', read })
  }

  /** Queried series from the start of the run to the end of the scope. */
  series({ runStartMs, runEndMs }: RunWindow): readonly RunSeries[] {
    return [...this.#charts].flatMap(([label, { unit, read }]) => {
      const shown = read().filter(({ atMs }) => atMs >= runStartMs && atMs <= runEndMs + this.#intervalMs)
      if (shown.length === 0) return []
      const atSec = shown.map(({ atMs }) => Math.round(atMs - runStartMs) / 1000)
      return [{ group: 'target', label, unit, atSec, values: shown.map(({ value }) => Number(value.toPrecision(4))) }]
    })
  }

  #readings(selector: Selector): readonly Reading[] {
    const all = this.#histories.map((history) => readingsBetween(history, selector, 0, history.times.length - 1))
    return summed(
      all.filter(({ length }) => length > 0),
      this.#intervalMs,
    )
  }
}

/** Growth since the previous reading; after a restart, from zero. */
function growths(readings: readonly Reading[]): Reading[] {
  return readings.slice(1).map(({ atMs, value }, index) => {
    const before = readings[index]!.value
    return { atMs, value: value < before ? value : value - before }
  })
}
