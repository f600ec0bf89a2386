import { evidenceOf, type TimeEvidence } from '../evidence/evidence.ts'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { duration } from '../options/values.ts'
import type { RunSeries } from '../results/result.ts'
import { cpuTimeOf, scrapedCpuTime, type ScrapedCpuTime } from './cpu-time.ts'
import { readingsBetween, summed, type Reading } from './instance.ts'
import { MetricsWindow } from './metrics-window.ts'
import { severalProcesses } from './processes.ts'
import type { SentRequests } from './request-counters.ts'
import { ScrapeError, WHERE } from './scrape.ts'
import { Scraper } from './scraper.ts'
import { parseSelector } from './selector.ts'

export interface MetricsContext {
  /** Metrics URL of every instance of the target. May contain user and password. */
  readonly urls: readonly string[]
  readonly signal: AbortSignal
  /** TLS options for https URLs: those of the target. */
  readonly tls?: TlsOptions | undefined
  /** Time between scrapes, and timeout of each. @default `'1s'` */
  readonly interval?: Duration
  /**
   * Whether the first scrape must succeed. If not, as for the default route of an external target, a failure makes metrics
   * unavailable, and assertions on them are skipped.
   *
   * @default `true`
   */
  readonly required?: boolean
  /** Headers of each scrape, including authorization. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The target's counter of all requests; `false` if it has none. @default found by common names */
  readonly requestCounter?: string | false | undefined
  /** Receives the series queried from each window at the end of the scenario, for the report. */
  readonly onSeries?: (run: string, series: readonly RunSeries[]) => void
}

/** The target's Prometheus metrics, scraped from their first use in a scenario until its end. */
export interface Metrics extends AsyncDisposable {
  /** Reason that metrics cannot be read; `undefined` if they can. */
  readonly unavailable: string | undefined
  /** Metrics over the judged part of a run. Scrapes once more first, to end the window. */
  during(run: TimedRun): Promise<MetricsWindow>
  /**
   * Values of a metric at each scrape so far, summed over series and instances. Empty if the metric does not exist, or
   * several processes respond behind one route.
   */
  readings(selector: string): readonly Reading[]
  /** @internal */
  [cpuTimeOf](): ScrapedCpuTime
}

/**
 * Starts scraping. Awaits the first scrape, to report a wrong path before any load is generated.
 *
 * @throws {OptionsError} if the interval is not a duration
 * @throws {ScrapeError} if the first scrape fails and the metrics are required
 */
export async function createMetrics(context: MetricsContext): Promise<Metrics> {
  const { urls, signal, tls, headers, requestCounter, interval = '1s', required = true, onSeries } = context
  const problems = new Problems()
  const intervalMs = duration({ min: 100 }).read(problems, 'metrics.interval', interval)
  problems.throwIfAny('metrics')
  if (urls.length === 0) throw new ScrapeError('no target is configured, so there are no metrics to read', WHERE)
  const scrapers = urls.map((url) => new Scraper(url, intervalMs, { signal, tls, headers }))
  const unavailable = await start(scrapers, required)
  const histories = unavailable === undefined ? scrapers.map(({ history }) => history) : []
  const windows: MetricsWindow[] = []
  return {
    unavailable,
    async during(run) {
      const window = run[windowOf]()
      if (unavailable === undefined) await Promise.all(scrapers.map((scraper) => scraper.close()))
      const requests = requestsOf(run, requestCounter)
      const made = new MetricsWindow({ window, histories, intervalMs, unavailable, requests })
      windows.push(made)
      return made
    },
    readings(selector) {
      const parsed = parseSelector(selector)
      // Each reading would be from a different process.
      if (histories.some((history) => severalProcesses(history, history.times.length - 1) !== undefined)) return []
      const all = histories.map((history) => readingsBetween(history, parsed, 0, history.times.length - 1))
      return summed(
        all.filter(({ length }) => length > 0),
        intervalMs,
      )
    },
    [cpuTimeOf]: () => scrapedCpuTime(histories, intervalMs),
    async [Symbol.asyncDispose]() {
      await Promise.all(scrapers.map((scraper) => scraper.stop()))
      for (const { name, series } of windows) onSeries?.(name, series)
    },
  }
}

/** Response count of a run of requests, to compare with the target's counter; other runs have none. */
function requestsOf(run: TimedRun, counter: SentRequests['counter']): SentRequests | undefined {
  if (!(evidenceOf in run) || typeof run[evidenceOf] !== 'function') return undefined
  const evidence = run[evidenceOf]() as TimeEvidence & { readonly statuses?: ReadonlyMap<number, number> }
  if (evidence.kind !== 'http' || evidence.statuses === undefined) return undefined
  const responses = [...evidence.statuses.values()].reduce((sum, count) => sum + count, 0)
  return { responses, counter }
}

/** @returns the reason that metrics are unavailable, if they are not required */
async function start(scrapers: readonly Scraper[], required: boolean): Promise<string | undefined> {
  const started = await Promise.allSettled(scrapers.map((scraper) => scraper.start()))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed === undefined) return undefined
  await Promise.all(scrapers.map((scraper) => scraper.stop()))
  const reason: unknown = failed.reason
  if (required || !(reason instanceof ScrapeError)) throw reason
  return `the metrics of the external target cannot be read: ${reason.finding}; ${reason.fix}`
}
