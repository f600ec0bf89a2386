import { clearInterval, now, setInterval } from '../machine/clock.ts'
import { ExpositionError } from './exposition.ts'
import { ScrapeHistory } from './scrape-history.ts'
import { placeOf, scrape, ScrapeError, WHERE, type ScrapeOptions } from './scrape.ts'

/** Timeout of the scrape that ends a window: after the load, a target may still have a backlog. */
const CLOSING_MS = 5_000
/** Maximum number of failures whose messages are kept. */
const FAILURES_KEPT = 100

/** Scrapes one instance periodically, one scrape at a time. A failed scrape is recorded; the load continues. */
export class Scraper {
  readonly history = new ScrapeHistory()
  readonly #url: string
  readonly #intervalMs: number
  readonly #options: Omit<ScrapeOptions, 'signal'>
  readonly #signal: AbortSignal
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #pending: Promise<void> | undefined

  constructor(url: string, intervalMs: number, { signal, ...options }: ScrapeOptions) {
    this.#options = options
    this.#url = url
    this.#intervalMs = intervalMs
    this.#signal = AbortSignal.any([signal, this.#stopping.signal])
  }

  /** @throws {ScrapeError} if the first scrape fails */
  async start(): Promise<void> {
    await this.#scrape(this.#intervalMs)
    this.#timer = setInterval(() => void this.#try(this.#intervalMs), this.#intervalMs)
    this.#timer.unref()
  }

  /** Scrapes once more for a window that ends now, after any pending scrape, which began earlier. */
  async close(): Promise<void> {
    await this.#pending
    await this.#try(Math.max(this.#intervalMs, CLOSING_MS))
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#pending
  }

  #try(timeoutMs: number): Promise<void> {
    this.#pending ??= this.#scrape(timeoutMs)
      .catch((error: Error) => this.#note(error))
      .finally(() => (this.#pending = undefined))
    return this.#pending
  }

  async #scrape(timeoutMs: number): Promise<void> {
    const { atMs, text, contentType } = await scrape(this.#url, timeoutMs, { ...this.#options, signal: this.#signal })
    if (/^application\/openmetrics-text/i.test(contentType) && !/(?:^|\n)# EOF\s*$/.test(text))
      throw new ScrapeError(
        `the response of ${placeOf(this.#url)} is incomplete: OpenMetrics must end with # EOF`,
        'make the target end its metrics with # EOF',
      )
    try {
      await this.history.add(atMs, text)
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error
      const finding = `${placeOf(this.#url)} responded with ${contentType}, not with metrics: ${error.message}`
      throw new ScrapeError(finding, WHERE, { cause: error })
    }
  }

  #note(error: Error): void {
    const { failures } = this.history
    const message = error instanceof ScrapeError ? error.finding : error.message
    failures.push({ atMs: now(), message: failures.length < FAILURES_KEPT ? message : '' })
  }
}
