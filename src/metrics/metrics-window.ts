import type { RunWindow } from '../evidence/run-window.ts'
import { metricsOf, type MetricsEvidence } from '../evidence/utilization-evidence.ts'
import type { RunSeries } from '../results/result.ts'
import { meanOf } from '../stats/total.ts'
import { bucketsOf } from './buckets.ts'
import { Doubts } from './doubts.ts'
import { hitRatioEvidence } from './hit-ratio.ts'
import { InstanceWindow, totalGrowth, summed, type Growth, type Reading } from './instance.ts'
import { explainMissing, explainUnmoved, fixMissing, MetricMissingError, UNOBSERVED } from './missing.ts'
import { bucketQuantile, checkQuantile, quantileEstimate, type Bucket, type QuantileEstimate } from './quantile.ts'
import { QueriedSeries } from './queried-series.ts'
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
  /** Number of counter resets, e.g. by a restart of the target. Growth between the last scrape and the reset is lost. */
  readonly resets: number
}

/** A gauge over a window, summed over series and instances. */
export interface GaugeStats {
  readonly min: number
  readonly mean: number
  readonly max: number
  /** Time of the maximum, in milliseconds since the start of the scope. */
  readonly maxAtMs: number
}

export interface CounterOptions {
  /** Whether an unchanged counter returns 0 instead of throwing: for counters of events that should not occur. @default `false` */
  readonly allowUnchanged?: boolean
}

/** Parts of a window. */
export interface WindowParts {
  readonly window: RunWindow
  /** One per instance of the target. */
  readonly histories: readonly ScrapeHistory[]
  readonly intervalMs: number
  /** Reason that metrics cannot be scraped. */
  readonly unavailable: string | undefined
  /** Requests of the run; `undefined` for runs without requests. */
  readonly requests?: SentRequests | undefined
}

const UNREADABLE = 'make the metrics of the target readable: definePerfConfig({ metrics }), or PERF_METRICS_URL'

/**
 * The target's own metrics over the judged part of a run, with counters summed over all instances. Selectors use PromQL
 * syntax: `cache_hits_total{cache="streamers"}`; unnamed labels are summed over.
 *
 * Scrapes are one interval apart and do not coincide with the edges of phases. At an adjacent phase, the scrapes inside
 * the scope bound the window: it omits up to one interval at either end and includes no warm-up. At the start or end of
 * the run, the scrapes around it bound the window. Counts are therefore those between two scrapes, not exactly those of
 * the run.
 */
export class MetricsWindow {
  /** The judged part of the run. */
  readonly window: RunWindow
  readonly #instances: readonly InstanceWindow[]
  readonly #intervalMs: number
  readonly #unavailable: string | undefined
  readonly #queried: QueriedSeries
  readonly #doubts: Doubts

  constructor({ window, histories, intervalMs, unavailable, requests }: WindowParts) {
    this.window = window
    this.#instances = histories.map((history) => new InstanceWindow(history, window))
    this.#intervalMs = intervalMs
    this.#unavailable = unavailable
    this.#queried = new QueriedSeries(histories, intervalMs)
    this.#doubts = new Doubts(this.#instances, { window, intervalMs, requests })
  }

  /** Vitest clones only objects without a tag for the diff of a failed assertion, and a clone lacks private fields. */
  get [Symbol.toStringTag](): string {
    return 'MetricsWindow'
  }

  /** Name of its run. */
  get name(): string {
    return this.window.run
  }

  /** Number of scrapes in the window; of the instance with the fewest. */
  get scrapeCount(): number {
    return this.#instances.length === 0 ? 0 : Math.min(...this.#instances.map(({ scrapeCount }) => scrapeCount))
  }

  /** Messages of the scrapes that failed during the run. */
  get failures(): readonly string[] {
    const { runStartMs } = this.window
    return this.#instances.flatMap(({ history }) =>
      history.failures.filter(({ atMs }) => atMs >= runStartMs).map(({ message }) => message),
    )
  }

  /**
   * Growth of a counter.
   *
   * @throws {InvalidRunError} if no series matches (the error lists similar names); if the counter did not change, unless
   * `allowUnchanged` is set; and if it is unreliable: several processes behind one route, an unreadable line, or a value
   * that is not finite
   */
  counter(selector: string, { allowUnchanged = false }: CounterOptions = {}): CounterDelta {
    const parsed = parseSelector(selector)
    this.#doubts.refuse(parsed, 'counter')
    const grown = this.#growth(parsed) ?? this.#missing(parsed)
    if (grown.delta === 0 && !allowUnchanged)
      throw new MetricMissingError(
        explainUnmoved(parsed, this.#instances, this.window.scope),
        'select a counter that this load increases; if it may stay unchanged: counter(selector, { allowUnchanged: true })',
      )
    const seconds = Math.max(...this.#instances.map(({ coveredMs }) => coveredMs)) / 1000
    return { ...grown, ratePerSec: grown.delta / seconds }
  }

  /**
   * A gauge, summed over series and instances, at each scrape in the scope.
   *
   * @throws {InvalidRunError} if no series matches (the error lists similar names), if it has no value in more than a tenth
   * of the scrapes, or if it is unreliable, as for a counter
   */
  gauge(selector: string): GaugeStats {
    const parsed = parseSelector(selector)
    this.#doubts.refuse(parsed, 'gauge')
    const readings = this.#readings(parsed)
    if (readings.length === 0) return this.#missing(parsed)
    this.#queried.gauge(selector, parsed)
    const values = readings.map(({ value }) => value)
    const max = Math.max(...values)
    const maxAtMs = Math.max(0, readings[values.indexOf(max)]!.atMs - this.#startMs)
    return { min: Math.min(...values), mean: meanOf(values), max, maxAtMs }
  }

  /**
   * Quantile of a histogram in the window, in the histogram's own unit (seconds, by convention), as the ends of its bucket.
   *
   * `isBelow(limit)` compares it with a limit, and throws if the buckets cannot decide. There is no `value`: a value
   * interpolated within the bucket could pass a limit that the quantile exceeds.
   *
   * @param selector the family's name without `_bucket`
   * @param q as a ratio: 0.95
   * @throws {OptionsError} if `q` is not above 0 and below 1
   * @throws {InvalidRunError} if no series matches, the histogram has no observations in the window or only native buckets,
   * or it is unreliable, as for a counter
   */
  quantile(selector: string, q: number): QuantileEstimate {
    checkQuantile('quantile()', q, "window.quantile('http_request_duration_seconds', 0.95)")
    const parsed = parseSelector(selector)
    const found = bucketQuantile(q, this.#buckets(parsed))
    if (found === undefined)
      throw new MetricMissingError(`${selector} has no observations in the ${this.window.scope}`, UNOBSERVED)
    return quantileEstimate(q, showSelector(parsed), found)
  }

  /**
   * The server's own times and the run's times for the same route: the difference is time in queues and on the network.
   * Latency matchers accept it instead of the run, and their messages then show both.
   *
   * @param run the run of this window, or one of its steps
   * @throws {OptionsError} with every invalid option
   * @throws {InvalidRunError} if the histogram has no observations in this window, or is unreliable, as for a counter
   */
  serverSide<Run extends ComparedRun>(run: Run, options: ServerSideOptions): ServerSide {
    checkServerSide(options)
    const { histogram, labels = {} } = options
    const selector = withLabels(parseSelector(histogram), labels)
    return new ServerSide(run, options, selector, this.#buckets(selector))
  }

  /** Series queried from this window, over the whole run, for the charts of reports. */
  get series(): readonly RunSeries[] {
    return this.#queried.series(this.window)
  }

  /** @internal */
  [metricsOf](): MetricsEvidence {
    const { window } = this
    const sources = {
      ...{ window, instances: this.#instances, unavailable: this.#unavailable },
      ...{ queried: this.#queried, doubts: this.#doubts },
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
    return totalGrowth(this.#instances.map((instance) => instance.growth(selector)))
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
    if (this.#unavailable !== undefined) throw new MetricMissingError(this.#unavailable, UNREADABLE)
    throw new MetricMissingError(
      explainMissing(selector, this.#instances, this.window.scope),
      fixMissing(this.#instances),
    )
  }
}
