import { readingsBetween, summed, type Reading } from './instance.ts'
import { severalProcesses } from './processes.ts'
import type { ScrapeFailure, ScrapeHistory } from './scrape-history.ts'
import type { Selector } from './selector.ts'

/** Method that returns the CPU time of an external target. */
export const cpuTimeOf: unique symbol = Symbol('vitest-slo.cpuTime')

/** CPU seconds that the target has used, from its metrics. */
export interface ScrapedCpuTime {
  readonly readings: readonly {
    readonly atMs: number
    readonly totalSec: number
    /** Changes whenever a process starts, restarts or disappears: the difference between two is then not CPU time. */
    readonly generation: number
  }[]
  readonly failures: readonly ScrapeFailure[]
  /** Reason that the readings are not those of the whole target. */
  readonly doubt: string | undefined
}

const CPU: Selector = { name: 'process_cpu_seconds_total', matchers: [] }

/** CPU time at each scrape so far, summed over processes and instances. */
export function scrapedCpuTime(histories: readonly ScrapeHistory[], intervalMs: number): ScrapedCpuTime {
  const several = histories
    .map((history) => severalProcesses(history, history.times.length - 1))
    .find((finding) => finding !== undefined)
  const seconds = histories.map((history) => readingsBetween(history, CPU, 0, history.times.length - 1))
  const generations = new Map(
    summed(
      histories.map((history, at) => generationsOf(history, seconds[at]!)),
      intervalMs,
    ).map(({ atMs, value }) => [atMs, value]),
  )
  return {
    readings: summed(seconds, intervalMs).map(({ atMs, value: totalSec }) => {
      return { atMs, totalSec, generation: generations.get(atMs) ?? 0 }
    }),
    failures: histories.flatMap(({ failures }) => failures),
    doubt: several && `several processes respond behind one metrics route: ${several}`,
  }
}

/** Number of changes of the processes up to each reading. */
function generationsOf(history: ScrapeHistory, readings: readonly Reading[]): readonly Reading[] {
  const all = history.select(CPU)
  let before: readonly number[] = []
  let generation = 0
  return readings.map(({ atMs }) => {
    const values = all.map((series) => series.at(history.times.indexOf(atMs)))
    const isChanged = values.some(
      (value, at) => value < before[at]! || Number.isNaN(value) !== Number.isNaN(before[at] ?? value),
    )
    if (isChanged) generation++
    before = values
    return { atMs, value: generation }
  })
}
