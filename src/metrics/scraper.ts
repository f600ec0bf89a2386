import { clearInterval, now, setInterval } from '../machine/clock.ts'
import { ExpositionError } from './exposition.ts'
import { ScrapeError } from './scrape-error.ts'
import { ScrapeHistory } from './scrape-history.ts'
import { placeOf, scrape, WHERE, type ScrapeOptions } from './scrape.ts'

/** How long the scrape that ends a window may take: after its load a target may have a queue to work off. */
const CLOSING_MS = 5_000
/** Failures after these are counted, and their words not kept. */
const FAILURES_KEPT = 100

/** Reads one instance over and over, one scrape at a time. A scrape that fails is noted, not fatal: the load goes on. */
export class Scraper {
  readonly history = new ScrapeHistory()
  readonly #url: string
  readonly #intervalMs: number
  readonly #how: Omit<ScrapeOptions, 'signal'>
  readonly #signal: AbortSignal
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #pendingRuns: Promise<void> | undefined

  constructor(url: string, intervalMs: number, { signal, ...how }: ScrapeOptions) {
    this.#how = how
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

  /** Scrapes once more, for a window that ends now; waits for the scrape under way first, which began before. */
  async close(): Promise<void> {
    await this.#pendingRuns
    await this.#try(Math.max(this.#intervalMs, CLOSING_MS))
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#pendingRuns
  }

  #try(timeoutMs: number): Promise<void> {
    this.#pendingRuns ??= this.#scrape(timeoutMs)
      .catch((error: Error) => this.#note(error))
      .finally(() => (this.#pendingRuns = undefined))
    return this.#pendingRuns
  }

  async #scrape(timeoutMs: number): Promise<void> {
    const { atMs, text, contentType } = await scrape(this.#url, timeoutMs, { ...this.#how, signal: this.#signal })
    if (/^application\/openmetrics-text/i.test(contentType) && !/(?:^|\n)# EOF\s*$/.test(text))
      throw new ScrapeError(`${placeOf(this.#url)} was cut short: OpenMetrics ends with # EOF, and this did not`)
    try {
      await this.history.add(atMs, text)
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error
      const message = `${placeOf(this.#url)} responded with ${contentType}, not with metrics: ${error.message}; ${WHERE}`
      throw new ScrapeError(message, { cause: error })
    }
  }

  #note({ message }: Error): void {
    const { failures } = this.history
    failures.push({ atMs: now(), message: failures.length < FAILURES_KEPT ? message : '' })
  }
}
