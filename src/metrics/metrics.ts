import { checkDuration, type Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { windowOf, type TimedRun } from '../run/window.ts'
import { MetricsWindow } from './metrics-window.ts'
import { scrape, type Scrape } from './scrape.ts'

export interface MetricsContext {
  /** Metrics URL of every instance of the target. */
  readonly urls: readonly string[]
  readonly signal: AbortSignal
  /** Time between scrapes, and the limit of each. Default: `'1s'`. */
  readonly interval?: Duration
}

/** The target's Prometheus metrics, scraped from the moment a scenario asks for them until it ends. */
export interface Metrics extends AsyncDisposable {
  /**
   * What they did over the counted part of a run. Scrapes once more first, so that the window has an end.
   *
   * @throws {ScrapeError} where the route cannot be read at all: it does not answer, or not with metrics
   */
  during(run: TimedRun): Promise<MetricsWindow>
}

/**
 * Starts scraping. The first scrape is awaited: a wrong path shows before any load is sent.
 *
 * @throws {OptionsError} where the interval is no duration
 * @throws {ScrapeError} where the first scrape fails
 */
export async function createMetrics({ urls, signal, interval = '1s' }: MetricsContext): Promise<Metrics> {
  const problems = new Problems()
  const intervalMs = checkDuration(problems, 'metrics.interval', interval, { min: 100 })
  problems.throwIfAny('metrics')
  const scrapers = urls.map((url) => new Scraper(url, intervalMs, signal))
  await Promise.all(scrapers.map((scraper) => scraper.once()))
  for (const scraper of scrapers) scraper.start()
  return {
    async during(run) {
      await Promise.all(scrapers.map((scraper) => scraper.once()))
      const failures = scrapers.flatMap((scraper) => scraper.failures)
      return new MetricsWindow(
        run[windowOf](),
        scrapers.map(({ scrapes }) => scrapes),
        failures,
      )
    },
    async [Symbol.asyncDispose]() {
      for (const scraper of scrapers) scraper.stop()
    },
  }
}

/** Reads one instance over and over. A scrape that takes longer than the interval is given up and counted. */
class Scraper {
  readonly scrapes: Scrape[] = []
  readonly failures: string[] = []
  readonly #url: string
  readonly #intervalMs: number
  readonly #signal: AbortSignal
  #timer: NodeJS.Timeout | undefined

  constructor(url: string, intervalMs: number, signal: AbortSignal) {
    this.#url = url
    this.#intervalMs = intervalMs
    this.#signal = signal
  }

  async once(): Promise<void> {
    const reading = await scrape(this.#url, Math.max(this.#intervalMs, 1_000), this.#signal)
    const last = this.scrapes.at(-1)
    if (last === undefined || reading.atMs > last.atMs) this.scrapes.push(reading)
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.once().catch((error: Error) => this.failures.push(error.message))
    }, this.#intervalMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
