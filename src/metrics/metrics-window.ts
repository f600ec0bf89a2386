import { metricsOf, type HitRatioEvidence, type MetricsEvidence, type ShareEvidence } from '../run/share-evidence.ts'
import type { Invalidity } from '../run/verdict.ts'
import type { RunWindow } from '../run/window.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import { nearNames } from './near-names.ts'
import { bucketQuantile, type Bucket, type QuantileEstimate } from './quantile.ts'
import { parseSelector, type Selector } from './selector.ts'
import {
  counterDelta,
  familiesOf,
  gaugeStats,
  scrapesIn,
  type CounterDelta,
  type GaugeStats,
  type InstanceScrapes,
} from './series.ts'

/** A metric that the target does not offer, or that says nothing about this window. Never read as zero. */
export class MetricMissingError extends Error {
  override readonly name = 'MetricMissingError'
}

/**
 * The target's own metrics over the counted part of a run: from the last scrape before it to the first after it, summed
 * over all instances. Scrapes are a second apart, so a window is up to two seconds wider than the phase it covers.
 * Selectors are written as in PromQL: `cache_hits_total{cache="streamers"}`; labels not named are summed over.
 */
export class MetricsWindow {
  readonly window: RunWindow
  /** Scrapes that failed while the run lasted, in words. */
  readonly failures: readonly string[]
  readonly #instances: readonly InstanceScrapes[]

  constructor(window: RunWindow, instances: readonly InstanceScrapes[], failures: readonly string[]) {
    this.window = window
    this.#instances = instances
    this.failures = failures
  }

  /** Name of the run it belongs to. */
  get name(): string {
    return this.window.run
  }

  /** How many scrapes of the first instance the window rests on. */
  get scrapeCount(): number {
    return this.window.spans.reduce((count, span) => count + scrapesIn(this.#instances[0] ?? [], span).length, 0)
  }

  /**
   * Growth of a counter. A counter that exists and did not move has a delta of 0: that is an observation.
   *
   * @throws {MetricMissingError} where no series matches
   */
  counter(selector: string): CounterDelta {
    const parsed = parseSelector(selector)
    return counterDelta(this.#instances, this.window, parsed.name, parsed) ?? this.#missing(selector, parsed)
  }

  /**
   * A gauge, summed over series and instances, at each scrape.
   *
   * @throws {MetricMissingError} where no series matches
   */
  gauge(selector: string): GaugeStats {
    const parsed = parseSelector(selector)
    return gaugeStats(this.#instances, this.window, parsed) ?? this.#missing(selector, parsed)
  }

  /**
   * A quantile of what a histogram observed in the window, in the histogram's own unit (seconds, by convention), with
   * the ends of the bucket it fell into.
   *
   * @param selector the family's name without `_bucket`
   * @param q as a ratio: 0.95
   * @throws {MetricMissingError} where no series matches, or nothing was observed in the window
   */
  quantile(selector: string, q: number): QuantileEstimate {
    const parsed = parseSelector(selector)
    const name = `${parsed.name}_bucket`
    const buckets: Bucket[] = [...this.#upperBounds(name)].map((le) => {
      const selected = { ...parsed, labels: { ...parsed.labels, le } }
      const growth = counterDelta(this.#instances, this.window, name, selected)
      return { le: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count: growth?.delta ?? 0 }
    })
    if (buckets.length === 0) return this.#missing(selector, parsed)
    const estimate = bucketQuantile(q, buckets)
    if (estimate !== undefined) return estimate
    throw new MetricMissingError(`${selector} observed nothing in the ${this.window.scope}`)
  }

  [metricsOf](): MetricsEvidence {
    return {
      hitRatio: (hits, misses) => this.#hitRatio(hits, misses),
      share: (what, used, size) => this.#share(what, used, size),
    }
  }

  #hitRatio(hitsSelector: string, missesSelector: string): HitRatioEvidence {
    const [hits, misses] = [
      this.#tryTo(() => this.counter(hitsSelector)),
      this.#tryTo(() => this.counter(missesSelector)),
    ]
    const invalidities = [hits, misses].flatMap((found) => ('reason' in found ? [found] : []))
    const count = (found: CounterDelta | Invalidity) => ('reason' in found ? 0 : found.delta)
    return {
      hits: count(hits),
      misses: count(misses),
      invalidities,
      evidenceLines: [
        this.#scopeLine,
        `${hitsSelector} +${formatCount(count(hits))}   ${missesSelector} +${formatCount(count(misses))}`,
      ],
    }
  }

  #share(what: string, used: string, size: string): ShareEvidence {
    const [part, whole] = [this.#tryTo(() => this.gauge(used)), this.#tryTo(() => this.gauge(size))]
    const invalidities = [part, whole].flatMap((found) => ('reason' in found ? [found] : []))
    if ('reason' in part || 'reason' in whole) {
      const figures = { mean: Number.NaN, max: Number.NaN, maxAtMs: 0, sampleCount: 0 }
      return { what, of: `of ${size}`, ...figures, invalidities, evidenceLines: [this.#scopeLine] }
    }
    const [mean, max] = [part.mean / whole.mean, part.max / whole.mean]
    return {
      ...{ what, mean, max, maxAtMs: part.maxAtMs, sampleCount: this.scrapeCount, invalidities },
      of: `of ${size} ${formatCount(whole.mean)}`,
      evidenceLines: [
        this.#scopeLine,
        `mean ${formatRatio(mean)}   max ${formatRatio(max)} at ${(part.maxAtMs / 1000).toFixed(0)} s   ${used} of ${size}`,
      ],
    }
  }

  get #scopeLine(): string {
    const failed = this.failures.length === 0 ? '' : `, ${this.failures.length} failed (${this.failures[0]})`
    return `${this.window.scope}, ${this.scrapeCount} scrapes${failed}`
  }

  #tryTo<T extends object>(read: () => T): T | Invalidity {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof MetricMissingError)) throw error
      return { reason: 'metric-missing', finding: error.message, remedy: 'name a metric that the target offers' }
    }
  }

  #upperBounds(name: string): Set<string> {
    const samples = this.#instances.flatMap((scrapes) => scrapes.at(-1)?.exposition.samples ?? [])
    return new Set(samples.flatMap((sample) => (sample.name === name ? (sample.labels['le'] ?? []) : [])))
  }

  #missing(selector: string, { name, labels }: Selector): never {
    if (this.failures.length > 0 && this.scrapeCount === 0)
      throw new MetricMissingError(`${selector}: no scrape succeeded; ${this.failures[0]}`)
    const families = familiesOf(this.#instances)
    const known = families.has(name)
    const problem = known
      ? `${name} has no series with ${Object.entries(labels)
          .map(([key, value]) => `${key}="${value}"`)
          .join(', ')}`
      : `the target offers no metric ${name}`
    const near = known ? '' : `; the nearest are ${nearNames(name, families.keys()).join(', ')}`
    throw new MetricMissingError(`${selector}: ${problem}${near}`)
  }
}
