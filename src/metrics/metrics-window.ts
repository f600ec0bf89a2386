import type { RunWindow } from '../evidence/run-window.ts'
import { metricsOf, type MetricsEvidence } from '../evidence/share-evidence.ts'
import type { RunSeries } from '../results/result.ts'
import { Asked } from './asked.ts'
import { bucketsOf } from './buckets.ts'
import { Doubts } from './doubts.ts'
import { hitRatioEvidence } from './hit-ratio.ts'
import { InstanceWindow, sumOf, summed, type Growth, type Reading } from './instance.ts'
import { explainMissing, explainUnmoved, MetricMissingError } from './missing.ts'
import { bucketQuantile, checkQuantile, quantileEstimate, type Bucket, type QuantileEstimate } from './quantile.ts'
import type { SentRequests } from './request-counters.ts'
import type { ScrapeHistory } from './scrape-history.ts'
import { parseSelector, showSelector, withLabels, type Selector } from './selector.ts'
import { checkServerSide, ServerSide, type ComparedRun, type ServerSideOptions } from './server-side.ts'
import { shareEvidence } from './share.ts'

/** A counter's growth over a window. */
export interface CounterDelta {
  readonly delta: number
  /** Per second of the time between the scrapes. */
  readonly ratePerSec: number
  /** How often a series began again, as it does when the target restarts. Growth between the last scrape and that is lost. */
  readonly resets: number
}

/** A gauge over a window, summed over series and instances. */
export interface GaugeStats {
  readonly min: number
  readonly mean: number
  readonly max: number
  /** When the maximum was read, in milliseconds since the start of the scope. */
  readonly maxAtMs: number
}

export interface CounterOptions {
  /** A counter that stands still is 0 and no error: for counters of what should not happen. Default: `false`. */
  readonly allowUnchanged?: boolean
}

/** What a window is made of. */
export interface WindowParts {
  readonly window: RunWindow
  /** One for each instance of the target. */
  readonly histories: readonly ScrapeHistory[]
  readonly intervalMs: number
  /** Why nothing could be scraped at all. */
  readonly unavailable: string | undefined
  /** What the run sent; left out for runs that send no requests. */
  readonly requests?: SentRequests | undefined
}

/**
 * The target's own metrics over the counted part of a run, counters summed over all instances. Selectors are written as
 * in PromQL: `cache_hits_total{cache="streamers"}`; labels not named are summed over.
 *
 * Scrapes are an interval apart and do not fall on the edges of phases. Where another phase adjoins, the scrapes inside
 * the scope bound it, so that up to an interval of it at either end is left out and no warm-up is counted; where the run
 * itself begins or ends, the scrapes around it do. Counts are therefore those of the time between two scrapes and not
 * exactly those of the run.
 */
export class MetricsWindow {
  readonly window: RunWindow
  readonly #instances: readonly InstanceWindow[]
  readonly #intervalMs: number
  readonly #unavailable: string | undefined
  readonly #asked: Asked
  readonly #doubts: Doubts

  constructor({ window, histories, intervalMs, unavailable, requests }: WindowParts) {
    this.window = window
    this.#instances = histories.map((history) => new InstanceWindow(history, window))
    this.#intervalMs = intervalMs
    this.#unavailable = unavailable
    this.#asked = new Asked(histories, intervalMs)
    this.#doubts = new Doubts(this.#instances, window, requests)
  }

  /** Name of the run it belongs to. */
  get name(): string {
    return this.window.run
  }

  /** How many scrapes it rests on; of the instance that has fewest. */
  get scrapeCount(): number {
    return this.#instances.length === 0 ? 0 : Math.min(...this.#instances.map(({ scrapeCount }) => scrapeCount))
  }

  /** Scrapes that failed while the run lasted, in words. */
  get failures(): readonly string[] {
    const { runStartMs } = this.window
    return this.#instances.flatMap(({ history }) =>
      history.failures.filter(({ atMs }) => atMs >= runStartMs).map(({ message }) => message),
    )
  }

  /**
   * Growth of a counter.
   *
   * @throws {InvalidRunError} if no series matches, naming near ones; if it did not move, unless it may rest; and if it
   * cannot be believed: several processes behind one route, a line that cannot be read, a value that is not finite
   */
  counter(selector: string, { allowUnchanged = false }: CounterOptions = {}): CounterDelta {
    const parsed = parseSelector(selector)
    this.#doubts.refuse(parsed, 'counter')
    const grown = this.#growth(parsed) ?? this.#missing(parsed)
    if (grown.delta === 0 && !allowUnchanged)
      throw new MetricMissingError(
        `${explainUnmoved(parsed, this.#instances, this.window.scope)}. ` +
          `Where it may rest: counter(selector, { allowUnchanged: true })`,
      )
    const seconds = Math.max(...this.#instances.map(({ coveredMs }) => coveredMs)) / 1000
    return { ...grown, ratePerSec: grown.delta / seconds }
  }

  /**
   * A gauge, summed over series and instances, at each scrape in the scope.
   *
   * @throws {InvalidRunError} if no series matches, naming near ones; and if it cannot be believed, as of a counter
   */
  gauge(selector: string): GaugeStats {
    const parsed = parseSelector(selector)
    this.#doubts.refuse(parsed, 'gauge')
    const readings = this.#readings(parsed)
    if (readings.length === 0) return this.#missing(parsed)
    this.#asked.gauge(selector, parsed)
    const values = readings.map(({ value }) => value)
    const max = Math.max(...values)
    const maxAtMs = Math.max(0, readings[values.indexOf(max)]!.atMs - this.#startMs)
    return { min: Math.min(...values), mean: values.reduce((a, b) => a + b, 0) / values.length, max, maxAtMs }
  }

  /**
   * A quantile of what a histogram observed in the window, in the histogram's own unit (seconds, by convention), with
   * the ends of the bucket it fell into.
   *
   * `isBelow(limit)` decides what the buckets decide, and throws for a limit that they do not. There is no `value`: one
   * interpolated within the bucket could pass a limit that the quantile exceeds.
   *
   * @param selector the family's name without `_bucket`
   * @param q as a ratio: 0.95
   * @throws {OptionsError} if `q` is not above 0 and below 1
   * @throws {InvalidRunError} if no series matches, nothing was observed in the window, the histogram has native buckets
   * only, or it cannot be believed, as of a counter
   */
  quantile(selector: string, q: number): QuantileEstimate {
    checkQuantile('quantile()', q, "window.quantile('http_request_duration_seconds', 0.95)")
    const parsed = parseSelector(selector)
    const found = bucketQuantile(q, this.#buckets(parsed))
    if (found === undefined) throw new MetricMissingError(`${selector} observed nothing in the ${this.window.scope}`)
    return quantileEstimate(q, showSelector(parsed), found)
  }

  /**
   * What the server says of its own times beside what the run measured, for the same route: the difference is time that
   * a request spent in queues and on the network. Latency matchers take it in place of the run, and their messages then
   * say both.
   *
   * @param run the run this window is of, or one of its steps
   * @throws {OptionsError} naming every option that cannot be used
   * @throws {InvalidRunError} if the histogram says nothing of this window, or cannot be believed, as of a counter
   */
  serverSide<Run extends ComparedRun>(run: Run, options: ServerSideOptions): ServerSide {
    checkServerSide(options)
    const { histogram, labels = {} } = options
    const selector = withLabels(parseSelector(histogram), labels)
    return new ServerSide(run, options, selector, this.#buckets(selector))
  }

  /** What was asked of this window, over the whole run: for the report's charts. */
  get series(): readonly RunSeries[] {
    return this.#asked.series(this.window)
  }

  [metricsOf](): MetricsEvidence {
    const { window } = this
    const sources = {
      ...{ window, instances: this.#instances, unavailable: this.#unavailable },
      ...{ asked: this.#asked, doubts: this.#doubts },
    }
    return {
      hitRatio: (hits, misses) => hitRatioEvidence(sources, parseSelector(hits), parseSelector(misses)),
      share: (what, used, size) => shareEvidence(sources, what, parseSelector(used), parseSelector(size)),
    }
  }

  get #startMs(): number {
    return this.window.spans[0]?.startMs ?? this.window.runStartMs
  }

  #growth(selector: Selector): Growth | undefined {
    return sumOf(this.#instances.map((instance) => instance.growth(selector)))
  }

  #readings(selector: Selector): readonly Reading[] {
    const found = this.#instances.map((instance) => instance.readings(selector)).filter(({ length }) => length > 0)
    return summed(found, this.#intervalMs)
  }

  #buckets(selector: Selector): readonly Bucket[] {
    if (this.#unavailable !== undefined) return this.#missing(selector)
    this.#doubts.refuse(selector, 'histogram')
    return bucketsOf(selector, this.#instances, this.window.scope)
  }

  #missing(selector: Selector): never {
    throw new MetricMissingError(this.#unavailable ?? explainMissing(selector, this.#instances, this.window.scope))
  }
}
