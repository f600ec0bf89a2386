import type { RunKind } from '../evidence/evidence.ts'
import type {
  DeliveryCounts,
  FanOutPoint,
  PublicationCounts,
  PublicationPoint,
  SocketCounts,
} from '../evidence/fan-out-counts.ts'
import type { GeneratorHealth } from '../evidence/generator-health.ts'
import type { Invalidity, InvalidReason, Outcome } from '../evidence/verdict.ts'
import type { Phase } from '../load/load.ts'
import type { HistogramJson } from '../stats/histogram.ts'
import type { JsonMs, TimeStatsJson } from '../stats/summary.ts'
import type { ComparedFigure } from './compared-figures.ts'

/** What travels from the test's worker to the reporter, and into `results.json`. Plain JSON, without secrets. */
export interface ScenarioRecord {
  readonly runs: RunResult[]
  readonly assertions: AssertionResult[]
  /** Two builds under the same load; what each got is among the runs as well. */
  comparisons?: ComparisonResult[]
}

/** What `compare()` found. */
export interface ComparisonResult {
  readonly name: string
  /** What each build got, in one line. */
  readonly load: string
  /** Names of the builds. */
  readonly base: string
  readonly head: string
  readonly pairs: number
  readonly sliceMs: number
  readonly figures: readonly ComparedFigure[]
  readonly invalidities: readonly Invalidity[]
}

/** One judgement of one matcher. */
export interface AssertionResult {
  /** The call as a reader would write it: `toHaveP95Below(150)`. */
  readonly assertion: string
  /** `p95 < 150 ms` */
  readonly expected: string
  /** `p95 = 163 ms (+8.7%)` */
  readonly received: string
  readonly outcome: Outcome
  /** Set where the outcome is `invalid`. */
  readonly reason?: InvalidReason
  /** Why it is `invalid`, each with its fix. */
  readonly invalidities?: readonly Invalidity[]
  /** The whole message where it did not pass. */
  readonly message?: string
  /** Name of the run judged, where it was one run. */
  readonly run?: string
  /** The limit on one percentile of times, where that is what was asserted; reports draw it. `p` is a ratio. */
  readonly limit?: { readonly p: number; readonly ms: number }
}

/** Any run as the report sees it. */
export type RunResult = HttpRunResult | FanOutRunResult | MicroRunResult

interface RunResultBase {
  readonly kind: RunKind
  /** Unique within the scenario: `http 1`, or the name given by the scenario. */
  readonly name: string
  /** The load in one line: `constantArrivalRate 50/s, 10,000 VUs, 5m`. */
  readonly load: string
  /** Why the load is larger than its scale says: `not reduced below 200 samples: p95 needs them`. */
  readonly scaleNote?: string
  readonly durationMs: number
  /** `aborted`: stopped before its end; what was measured so far is kept. */
  readonly state: 'completed' | 'aborted'
  readonly abortReason?: string
  readonly phases: readonly Phase[]
  readonly invalidities: readonly Invalidity[]
  /** Set if the scenario asserted nothing on this run, and something on others. */
  readonly isUnasserted?: true
  readonly series?: readonly RunSeries[]
  readonly marks?: readonly RunMark[]
}

/** Something sampled while the run went on: the target's CPU, Redis' memory, use of the pool. */
export interface RunSeries {
  /** Whose: `target`, `redis`, `postgres`, `generator`. Series of one group and unit share a chart. */
  readonly group: string
  readonly label: string
  readonly unit: 'ratio' | 'bytes' | 'count' | 'ms' | 'perSec'
  /** Seconds since the start of the run, ascending. */
  readonly atSec: readonly number[]
  /** One for each instant; null where a sample failed. */
  readonly values: readonly (number | null)[]
}

/** Something done to the system at a moment, or for a while: a fault, a restart. Milliseconds since the start. */
export interface RunMark {
  readonly label: string
  readonly startMs: number
  readonly endMs?: number
}

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
  /** Of all requests due; those that got no good response are infinite. Absent if none was due. */
  readonly latency?: TimeStatsJson
  /** Of all requests sent; those that got no good response are infinite. Absent if none was sent. */
  readonly serviceTime?: TimeStatsJson
  readonly latencyHistogram: HistogramJson
  readonly steps: readonly StepResult[]
  readonly generator: GeneratorHealth
  readonly timeline: readonly TimelinePoint[]
  /** The slowest requests, worst first. */
  readonly slowest?: readonly SlowRequest[]
}

export interface SlowRequest {
  /** Intended start, since the start of the run. */
  readonly atMs: number
  /** The step's name, or method and path. */
  readonly label: string
  readonly latencyMs: number
  readonly status?: number
  /** Of the `traceparent` sent with it. */
  readonly traceId?: string
}

export interface StepResult extends RequestCounts {
  readonly name: string
  readonly latency?: TimeStatsJson
}

/** One second of a run, by intended start. */
export interface TimelinePoint {
  readonly second: number
  /** How much of the second the run covered, in milliseconds. Absent if all of it. */
  readonly lengthMs?: number
  readonly offered: number
  readonly sent: number
  readonly completed: number
  readonly dropped: number
  readonly errors: Readonly<Record<string, number>>
  readonly inFlight: number
  readonly vus: number
  /** Of the requests due in this second; absent if there were none. */
  readonly p50Ms?: JsonMs
  readonly p95Ms?: JsonMs
  readonly p99Ms?: JsonMs
}

/** A fan-out run. Counts and statistics leave warm-up publications out. */
export interface FanOutRunResult extends RunResultBase {
  readonly kind: 'fanOut'
  readonly sockets: SocketCounts
  /** From the first handshake until every socket was subscribed or had failed. Not part of the run's duration. */
  readonly openingMs: number
  /** Processes that held the sockets. */
  readonly processes: number
  readonly publications: PublicationCounts
  readonly deliveries: DeliveryCounts
  /** Absent if nothing was received. */
  readonly lag?: TimeStatsJson
  readonly lagHistogram: HistogramJson
  /** Absent if no socket opened. */
  readonly connectTime?: TimeStatsJson
  readonly generator: GeneratorHealth
  readonly timeline: readonly FanOutPoint[]
  /**
   * Counted publications in their order; where there are more than 2,000, the worst of every few that follow one another.
   * Absent in results of earlier versions.
   */
  readonly publicationTimeline?: readonly PublicationPoint[]
}

export interface MicroRunResult extends RunResultBase {
  readonly kind: 'micro'
  readonly time?: TimeStatsJson
  readonly timeHistogram: HistogramJson
}
