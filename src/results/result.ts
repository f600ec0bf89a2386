import type { RunKind } from '../evidence/evidence.ts'
import type {
  DeliveryCounts,
  FanOutPoint,
  HeartbeatCounts,
  PublicationCounts,
  PublicationPoint,
  SocketCounts,
} from '../evidence/fan-out-counts.ts'
import type { GeneratorHealth } from '../evidence/generator-health.ts'
import type { Invalidity, InvalidReason, Outcome } from '../evidence/verdict.ts'
import type { Phase, PhaseName } from '../load/load.ts'
import type { HistogramJson } from '../stats/histogram.ts'
import type { JsonMs, TimeStatsJson } from '../stats/summary.ts'
import type { ComparedFigure } from './compared-figures.ts'
import type { GeneratorResult } from './generator-result.ts'
import type { MetricResult, SoftCheckResult } from './metric-result.ts'

/** Record of a scenario that its worker sends to the reporter, for `results.json`. Plain JSON, without secrets. */
export interface ScenarioRecord {
  readonly runs: RunResult[]
  readonly assertions: AssertionResult[]
  /** Comparisons of two builds under the same load. */
  comparisons?: ComparisonResult[]
}

/** Result of `compare()`. */
export interface ComparisonResult {
  readonly name: string
  /** The load on each build in one line. */
  readonly load: string
  /** Names of the builds. */
  readonly base: string
  readonly head: string
  readonly pairs: number
  readonly sliceMs: number
  readonly figures: readonly ComparedFigure[]
  readonly invalidities: readonly Invalidity[]
}

/** Result of one assertion. */
export interface AssertionResult {
  /** The call: `toHaveP95Below(150)`. */
  readonly assertion: string
  /** `p95 < 150 ms` */
  readonly expected: string
  /** `p95 = 163 ms (+8.7%)` */
  readonly received: string
  /** Outcome of the assertion. */
  readonly outcome: Outcome
  /** Set if the outcome is `invalid`. */
  readonly reason?: InvalidReason
  /** Reasons why it is `invalid`, with their fixes. */
  readonly invalidities?: readonly Invalidity[]
  /** The full message if it did not pass. */
  readonly message?: string
  /** Name of the judged run, if it was a single run. */
  readonly run?: string
  /** The part of the run that was judged; each absent if it was not chosen. */
  readonly phase?: PhaseName
  /** Journey that was judged. */
  readonly journey?: string
  /** Step that was judged. */
  readonly step?: string
  /** Tag that was judged. */
  readonly tag?: string
  /** Group that was judged. */
  readonly group?: string
  /** Set if whole iterations were judged. */
  readonly isIteration?: true
  /** Custom metric that was judged. */
  readonly metric?: string
  /** Soft check that was judged. */
  readonly softCheck?: string
  /** The seconds that were judged: from and to, in milliseconds since the start of the run. */
  readonly between?: readonly [number, number]
  /** Set if only the requests with this ending were judged. */
  readonly ending?: 'good' | 'failed'
  /** The percentile that was judged, as a ratio: 0.95. */
  readonly percentile?: number
  /** The limit asserted, in `unit`. Absent if the assertion is not about one figure. */
  readonly limit?: number
  /** The figure judged, in `unit`. Absent if nothing was measured. */
  readonly value?: JsonMs
  /**
   * Unit of `limit`, `value` and `interval`. Ratios are 0–1; a comparison's is the relative change, e.g. 0.05 if 5% slower.
   * `count`: a number of violations, such as lost keys or deliveries out of order. `value`: the unit of a custom metric.
   */
  readonly unit?: 'ms' | 'ratio' | 'perSec' | 'count' | 'value'
  /** Interval of `value` at this confidence, 0–1. Absent if none could be computed. */
  readonly interval?: {
    /** Lower end. */
    readonly low: JsonMs
    /** Upper end. */
    readonly high: JsonMs
    /** Confidence, 0–1. */
    readonly confidence: number
  }
}

/** Result of a run of any kind. */
export type RunResult = HttpRunResult | FanOutRunResult | MicroRunResult

interface RunResultBase {
  readonly kind: RunKind
  /** Unique within the scenario: `http 1`, or the name given by the scenario. */
  readonly name: string
  /** The load in one line: `constantArrivalRate 50/s, 10,000 VUs, 5m`. */
  readonly load: string
  /** Why the load was not reduced to its scale: `not reduced below 200 samples: p95 needs them`. */
  readonly scaleNote?: string
  readonly durationMs: number
  /** `aborted`: stopped before its end; what was measured so far is kept. */
  readonly state: 'completed' | 'aborted'
  readonly abortReason?: string
  readonly phases: readonly Phase[]
  readonly invalidities: readonly Invalidity[]
  /** Names of the runs that were in progress in parallel, by `parallel()`; absent if there were none. */
  readonly parallelTo?: readonly string[]
  /** Set if the scenario asserted nothing on this run, but something on another. */
  readonly isUnasserted?: true
  /** The generators of the run; absent if there was only one. `generator` then has the worst figures of all. */
  readonly generators?: readonly GeneratorResult[]
  readonly series?: readonly RunSeries[]
  readonly marks?: readonly RunMark[]
}

/** Samples taken during a run: the target's CPU, the memory of Redis, connections in use. */
export interface RunSeries {
  /** Source: `target`, `redis`, `postgres`, `generator`. Series of one group and unit share a chart. */
  readonly group: string
  readonly label: string
  readonly unit: 'ratio' | 'bytes' | 'count' | 'ms' | 'perSec'
  /** Seconds since the start of the run, ascending. */
  readonly atSec: readonly number[]
  /** One value per element of `atSec`; null if the sample failed. */
  readonly values: readonly (number | null)[]
}

/** A disruption of the system at an instant or for an interval, in milliseconds since the start of the run. */
export interface RunMark {
  readonly label: string
  readonly startMs: number
  readonly endMs?: number
}

/** Counts of requests. */
export interface RequestCounts {
  readonly offered: number
  readonly sent: number
  readonly completed: number
  readonly dropped: number
  /** Errors by kind: status, timeout, connect, reset, body. */
  readonly errors: Readonly<Record<string, number>>
  readonly statuses: Readonly<Record<string, number>>
}

/** A run of requests and responses, over HTTP or within WebSocket conversations. Counts and statistics leave warm-up out. */
export interface HttpRunResult extends RunResultBase, RequestCounts {
  readonly kind: 'http' | 'conversation'
  /** Errors in phases other than those counted here, such as a ramp; absent if there were none. */
  readonly unjudgedErrors?: readonly PhaseErrors[]
  /** Latency of all requests due; infinite for those without a good response. Absent if none was due. */
  readonly latency?: TimeStatsJson
  /** Service time of all requests sent; infinite for those without a good response. Absent if none was sent. */
  readonly serviceTime?: TimeStatsJson
  readonly latencyHistogram: HistogramJson
  readonly steps: readonly StepResult[]
  /** Journeys of a mix; absent in a run without a mix. */
  readonly journeys?: readonly JourneyResult[]
  /** Whole iterations; absent if each is one request. */
  readonly iterations?: IterationResult
  /** Groups of the iterations; absent if there are none. */
  readonly groups?: readonly (IterationResult & { readonly name: string })[]
  /** Custom metrics; absent if there are none. */
  readonly metrics?: readonly MetricResult[]
  /** Soft checks; absent if there are none. */
  readonly softChecks?: readonly SoftCheckResult[]
  readonly generator: GeneratorHealth
  readonly timeline: readonly TimelinePoint[]
  /** The slowest requests, worst first. */
  readonly slowest?: readonly SlowRequest[]
  /** Application heartbeats of `ws.run()`; absent if none was to be sent. */
  readonly heartbeats?: HeartbeatCounts
}

/** Clients of a fan-out that missed every delivery. */
export interface SilentClients {
  readonly count: number
  /** Clients to which any delivery was due. */
  readonly of: number
  /** The first of them, by number from 0. */
  readonly first: readonly number[]
}

/** Errors in a phase that assertions on the whole run leave out. */
export interface PhaseErrors {
  readonly phase: PhaseName
  /** Requests due in the phase. */
  readonly offered: number
  /** Those of them that got no good response, dropped ones included. */
  readonly failed: number
  readonly dropped: number
  /** The most frequent errors: `{ '503': 30 }`. */
  readonly kinds: Readonly<Record<string, number>>
}

/** One of the slowest requests of a run. */
export interface SlowRequest {
  /** Intended start, in milliseconds since the start of the run. */
  readonly atMs: number
  /** The step's name, or method and path. */
  readonly label: string
  readonly latencyMs: number
  readonly status?: number
  /** Trace id of the `traceparent` header that was sent. */
  readonly traceId?: string
}

/** Result of one step of a run. */
export interface StepResult extends RequestCounts {
  readonly name: string
  readonly latency?: TimeStatsJson
}

/** Result of one journey of a mix: its requests, iterations and groups. */
export interface JourneyResult extends RequestCounts {
  readonly name: string
  /** Weight among the journeys, from which its share of the iterations follows. */
  readonly weight: number
  /** Latency of its requests. Absent if none was due. */
  readonly latency?: TimeStatsJson
  readonly iterations: IterationResult
  /** Groups of its iterations; absent if there are none. */
  readonly groups?: readonly (IterationResult & { readonly name: string })[]
}

/** Whole iterations of a run, or a group in them. */
export interface IterationResult {
  readonly offered: number
  readonly completed: number
  readonly dropped: number
  /** Number that had not ended when the run ended. */
  readonly unfinished: number
  /** First errors by kind. */
  readonly errors: Readonly<Record<string, number>>
  /** Time from the intended start to the end; infinite with an error. Absent if none was due. */
  readonly time?: TimeStatsJson
}

/** One second of a run, by intended start. */
export interface TimelinePoint {
  /** Seconds since the start of the run. */
  readonly second: number
  /** Milliseconds of the second that the run covered; absent if all. */
  readonly lengthMs?: number
  /** Requests due in this second. */
  readonly offered: number
  /** Those of them that were sent. */
  readonly sent: number
  /** Those of them that got a response. */
  readonly completed: number
  /** Those of them that were never sent. */
  readonly dropped: number
  /** Errors by kind. */
  readonly errors: Readonly<Record<string, number>>
  /** Requests in flight at the end of the second. */
  readonly inFlight: number
  /** Active VUs. */
  readonly vus: number
  /** Latency percentiles of the requests due in this second; absent if there were none. */
  readonly p50Ms?: JsonMs
  /** See `p50Ms`. */
  readonly p95Ms?: JsonMs
  /** See `p50Ms`. */
  readonly p99Ms?: JsonMs
}

/** A fan-out run. Counts and statistics leave warm-up publications out. */
export interface FanOutRunResult extends RunResultBase {
  readonly kind: 'fanOut'
  readonly sockets: SocketCounts
  /** Time from the first handshake until every socket was subscribed or had failed. Not part of the run's duration. */
  readonly openingMs: number
  /** Processes that held the sockets. */
  readonly processes: number
  readonly publications: PublicationCounts
  readonly deliveries: DeliveryCounts
  /** Clients that missed everything; absent if there were none. */
  readonly silentClients?: SilentClients
  /** Application heartbeats; absent if none was to be sent. */
  readonly heartbeats?: HeartbeatCounts
  /** Custom metrics; absent if there are none. */
  readonly metrics?: readonly MetricResult[]
  /** Absent if nothing was received. */
  readonly lag?: TimeStatsJson
  readonly lagHistogram: HistogramJson
  /** Absent if no socket opened. */
  readonly connectTime?: TimeStatsJson
  readonly generator: GeneratorHealth
  readonly timeline: readonly FanOutPoint[]
  /**
   * Counted publications in order; if there are more than 2,000, the worst of every few in a row. Absent in results of
   * earlier versions.
   */
  readonly publicationTimeline?: readonly PublicationPoint[]
}

/** A run of `micro.measure()`. */
export interface MicroRunResult extends RunResultBase {
  readonly kind: 'micro'
  readonly time?: TimeStatsJson
  readonly timeHistogram: HistogramJson
}
