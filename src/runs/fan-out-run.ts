import { evidenceOf, type ClientEvidence, type FanOutEvidence, type PublicationEvidence } from '../evidence/evidence.ts'
import type { DeliveryCounts, HeartbeatCounts, PublicationCounts, SocketCounts } from '../evidence/fan-out-counts.ts'
import type { FanOutRecord, PublisherClock } from '../evidence/fan-out-record.ts'
import type { GeneratorHealth } from '../evidence/generator-health.ts'
import { windowOf, type RunWindow, type TimedRun } from '../evidence/run-window.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { MetricSeries } from '../execution/custom-metrics/metric-recorder.ts'
import type { Counter, Gauge, Rate, Trend } from '../execution/custom-metrics/metric.ts'
import { now } from '../machine/clock.ts'
import { partOf } from '../results/owner.ts'
import type { FanOutRunResult } from '../results/result.ts'
import { Histogram } from '../stats/histogram.ts'
import { timeStats, type TimeStats } from '../stats/summary.ts'
import { fanOutEvidence } from './fan-out-evidence.ts'
import { fanOutMetricEvidence } from './fan-out-metrics.ts'
import { fanOutRunResult, publicationCounts } from './fan-out-result.ts'
import { hasFault, worstClients, worstPublications } from './fan-out-worst.ts'
import { metricResults } from './metric-figures.ts'
import { metricRun, readMetric, type MetricRun } from './metric-run.ts'
import type { MeasuredMetrics, MetricScope } from './metric-totals.ts'

/** Result of a fan-out. It has statistics only if something was received: `run.state === 'measured'`. */
export type FanOutRun = MeasuredFanOutRun | EmptyFanOutRun

/** A fan-out in which something was received. */
export interface MeasuredFanOutRun extends FanOutRunBase {
  /** Distinguishes it from an empty run. */
  readonly state: 'measured'
  /**
   * Time from the intended start of a publication to its receipt by one client, over first receipts of counted
   * publications. Missing deliveries have no lag, so read it together with {@link FanOutRunBase.missingRate}.
   */
  readonly lag: TimeStats
}

/** A fan-out in which nothing was received. */
export interface EmptyFanOutRun extends FanOutRunBase {
  /** Distinguishes it from a measured run. */
  readonly state: 'empty'
}

export interface FanOutRunBase extends TimedRun {
  /** Name in messages and reports. */
  readonly name: string
  /** The load in one line. */
  readonly load: string
  /** Duration of publishing, including the warm-up, without connecting and draining. */
  readonly durationMs: number
  /** Reason of an abort; `undefined` if the run completed. */
  readonly abortReason: string | undefined
  /** Socket counters. */
  readonly sockets: SocketCounts
  /** Application heartbeats; absent if none was sent. */
  readonly heartbeats: HeartbeatCounts | undefined
  /** Time from the first handshake until every socket was subscribed or had failed. Not part of {@link durationMs}. */
  readonly openingMs: number
  /** Number of processes that held the sockets; 1 if it was this one. */
  readonly processes: number
  /** Counted publications, without the warm-up. */
  readonly publications: PublicationCounts
  /** Counts of deliveries. */
  readonly deliveries: DeliveryCounts
  /** Ratio of missing to expected deliveries, 0–1. NaN if nothing was expected. */
  readonly missingRate: number
  /** Ratio of duplicates to received deliveries. NaN if nothing was received. */
  readonly duplicateRate: number
  /** Ratio of deliveries received within a lag to *expected* ones. NaN if nothing was expected. */
  onTimeRate(withinMs: number): number
  /** Publications with most unexpected, missing and late deliveries, then the slowest. Default count: 5. */
  worstPublications(count?: number): readonly PublicationEvidence[]
  /** Clients with most unexpected, missing, late, out-of-order and duplicate deliveries. Default count: 5. */
  worstClients(count?: number): readonly ClientEvidence[]
  /** Time from the intended start of a handshake to its response, of opened sockets; `undefined` if none opened. */
  readonly connectTime: TimeStats | undefined
  /** Clock of the publisher by its time stamps; `undefined` if messages contain none, or `send` returns no response. */
  readonly publisherClock: PublisherClock | undefined
  /** Health of the load generator. */
  readonly generator: GeneratorHealth
  /** What was recorded of a custom metric. It has no figures if nothing was. */
  metric<M extends Trend | Counter | Rate | Gauge>(metric: M): MetricRun<M>
  /** Reasons why the run is invalid. */
  readonly invalidities: readonly Invalidity[]
  /** The run as plain JSON, for reports. */
  result(): FanOutRunResult
  /** @internal */
  [evidenceOf](): FanOutEvidence
}

/** Creates the run that matchers and scenarios read. @param metrics custom metrics that its functions recorded */
export function fanOutRun(record: FanOutRecord, metrics: readonly MetricSeries[] = []): FanOutRun {
  const histogram = Histogram.merged(record.windows.map(({ lag }) => lag))
  const lag = timeStats(histogram)
  return lag === undefined
    ? new EmptyView(record, metrics, histogram)
    : new MeasuredView(record, metrics, histogram, lag)
}

class FanOutView implements FanOutRunBase {
  readonly name: string
  readonly load: string
  readonly durationMs: number
  readonly abortReason: string | undefined
  readonly sockets: SocketCounts
  readonly heartbeats: HeartbeatCounts | undefined
  readonly openingMs: number
  readonly processes: number
  readonly publications: PublicationCounts
  readonly deliveries: DeliveryCounts
  readonly missingRate: number
  readonly duplicateRate: number
  readonly connectTime: TimeStats | undefined
  readonly publisherClock: PublisherClock | undefined
  readonly generator: GeneratorHealth
  readonly invalidities: readonly Invalidity[]
  readonly #record: FanOutRecord
  readonly #metrics: readonly MetricSeries[]
  readonly #histogram: Histogram
  /** The engine creates the run when its last delivery has arrived or is missing. */
  readonly #settledMs = now()

  constructor(record: FanOutRecord, metrics: readonly MetricSeries[], histogram: Histogram) {
    this.#record = record
    this.#metrics = metrics
    this.#histogram = histogram
    this.name = record.name
    this.load = record.load
    this.durationMs = record.durationMs
    this.abortReason = record.abortReason
    this.sockets = record.sockets
    this.heartbeats = record.heartbeats
    this.openingMs = record.openingMs
    this.processes = record.processes
    this.publications = publicationCounts(record)
    this.deliveries = record.deliveries
    this.missingRate = ratio(record.deliveries.missing, record.deliveries.expected)
    this.duplicateRate = ratio(record.deliveries.duplicate, record.deliveries.received)
    this.connectTime = timeStats(record.connectTime)
    this.publisherClock = record.publisherClock
    this.generator = record.generator
    this.invalidities = record.invalidities
  }

  onTimeRate(withinMs: number): number {
    return ratio(this.#histogram.countAtMost(withinMs * 1000), this.deliveries.expected)
  }

  worstPublications(count = 5): readonly PublicationEvidence[] {
    return worstPublications(this.#record, count)
  }

  worstClients(count = 5): readonly ClientEvidence[] {
    return worstClients(this.#record, count)
  }

  metric<M extends Trend | Counter | Rate | Gauge>(metric: M): MetricRun<M> {
    const { kind, name, unit } = readMetric(metric)
    const whole = { phase: undefined, between: undefined }
    const evidence = (scope: MetricScope) =>
      fanOutMetricEvidence(this.#record, this.#measured, { kind, name, unit }, scope, this[evidenceOf]().evidenceLines)
    return partOf(this, metricRun(this.#measured, { kind, name, unit }, whole, evidence)) as MetricRun<M>
  }

  result(): FanOutRunResult {
    return { ...fanOutRunResult(this.#record, this.#histogram), ...metricResults(this.#measured) }
  }

  get #measured(): MeasuredMetrics {
    return { name: this.name, phases: this.#record.phases, metrics: this.#metrics }
  }

  [windowOf](): RunWindow {
    const { startMs, durationMs, countedMs } = this.#record
    const endMs = startMs + durationMs
    return {
      run: this.name,
      runStartMs: startMs,
      runEndMs: endMs,
      settledMs: Math.max(endMs, this.#settledMs),
      spans: [{ startMs: endMs - countedMs, endMs }],
      scope: 'steady phase',
    }
  }

  /** Vitest clones only objects without a tag for the diff of a failed assertion, and a clone lacks private fields. */
  get [Symbol.toStringTag](): string {
    return 'FanOutRun'
  }

  [evidenceOf](): FanOutEvidence {
    return fanOutEvidence(this.#record, this.#histogram, {
      worstPublications: this.worstPublications().filter(hasFault),
      worstClients: this.worstClients(),
    })
  }
}

class EmptyView extends FanOutView implements EmptyFanOutRun {
  readonly state = 'empty'
}

class MeasuredView extends FanOutView implements MeasuredFanOutRun {
  readonly state = 'measured'
  readonly lag: TimeStats

  constructor(record: FanOutRecord, metrics: readonly MetricSeries[], histogram: Histogram, lag: TimeStats) {
    super(record, metrics, histogram)
    this.lag = lag
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? Number.NaN : part / whole
}
