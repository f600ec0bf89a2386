import type { Histogram } from '../stats/histogram.ts'
import type { RateWindow } from '../stats/intervals.ts'
import type { Window } from '../stats/timeline.ts'
import type { DeliveryCounts } from './fan-out-counts.ts'
import type { RecoveryTimes } from './fan-out-record.ts'
import type { GeneratorHealth } from './generator-health.ts'
import type { TrendEvidence } from './metric-evidence.ts'
import type { RunPart } from './run-part.ts'
import type { BusyVus, Invalidity, VuShortage } from './verdict.ts'

export type RunKind = 'http' | 'fanOut' | 'conversation' | 'micro'

/**
 * Evidence that latency matchers judge: the samples of one scope of a run, and its reasons to be invalid. Runs create it;
 * matchers only read it.
 */
export interface TimeEvidence {
  readonly kind: RunKind
  /** Kind of the times: `latency` (from intended start), `lag` (from publication), `time` (of a function call). */
  readonly quantity: 'latency' | 'lag' | 'time'
  /** The samples in scope. */
  readonly histogram: Histogram
  /** The same samples in one-second windows, for intervals. */
  readonly windows: readonly Histogram[]
  /** Length of the scope. */
  readonly durationMs: number
  /** Name of the scale that reduced the load; absent if the load is as written. */
  readonly reducedTo?: string
  readonly invalidities: readonly Invalidity[]
  /** Set if there were too few VUs for the load: judgements that this could have changed are invalid. */
  readonly vuShortage?: VuShortage
  /** Set if all VUs were busy at some time, although there were enough from the start. */
  readonly busyVus?: BusyVus
  /** The part of the run in scope, if it was chosen; absent for the whole run. */
  readonly part?: RunPart
  /** How far the clocks differ at most from which the times are differences; absent if all are of one machine. */
  readonly clockErrorMs?: number
  /**
   * Deliveries of a feed whose publications have no time stamp although others have one: they are infinite in `histogram`.
   * `id` is that of the first publication. Absent if there are none.
   */
  readonly unknownLags?: { readonly count: number; readonly of: number; readonly id: string }
  /** Estimated deliveries of a feed while no client was connected, which nothing shows; absent if there were none. */
  readonly unseen?: { readonly deliveries: number; readonly description: string }
  /** Lines of the message's `Evidence:` block. */
  readonly evidenceLines: readonly string[]
  /** The slowest parts (steps, publications), worst first, for the `Slowest:` line. Empty if there is only one part. */
  readonly slowest: readonly { readonly label: string; p95Ms: number }[]
  /** The fix that the figures suggest; `undefined` if they suggest none. */
  readonly hint: string | undefined
}

/** Only the good or only the failed requests of a scope. A rate of such a selection is meaningless. */
export interface EndingEvidence extends TimeEvidence {
  readonly ending: 'good' | 'failed'
}

/** Evidence that matchers of request counts judge: error rate, status rate, throughput, sustained rate. */
export interface RequestEvidence extends TimeEvidence {
  readonly offered: number
  readonly sent: number
  readonly dropped: number
  readonly completed: number
  readonly errors: ReadonlyMap<string, number>
  /** Errors that even a late generator cannot have caused: refused connections, resets, statuses, bodies. */
  readonly targetErrors: number
  readonly statuses: ReadonlyMap<number, number>
  /** The windows in scope with all their counts, for intervals of counts. */
  readonly requestWindows: readonly Window[]
  /** Good responses by the second in which they were due, and its length in the scope. Includes seconds without any. */
  readonly goodBySecond: readonly (RateWindow & { readonly second: number })[]
  /** Planned rate of the load in this scope; `undefined` for closed models. */
  readonly offeredRatePerSec: number | undefined
  readonly generator: GeneratorHealth
  /** Times inside the requests; absent if they were not measured, or not in this scope. */
  readonly timings?: Readonly<Record<'firstByte' | 'connect' | 'tls', () => TrendEvidence>>
}

/**
 * Evidence of whole iterations or of groups in them: the counts are of iterations or groups instead of requests, `errors` are
 * their first errors. Only matchers of times judge it.
 */
export interface IterationEvidence extends RequestEvidence {
  readonly of: 'iterations' | 'groups'
}

/**
 * Evidence that fan-out matchers judge. `histogram` contains the lag of every expected delivery that arrived, on time or
 * late. Missing ones are counted in `deliveries` and belong in the denominator: the ratio delivered within a limit is
 * `histogram.countAtMost(limitUs) / deliveries.expected`. Warm-up publications are left out.
 */
export interface FanOutEvidence extends TimeEvidence {
  readonly kind: 'fanOut'
  readonly quantity: 'lag'
  readonly deliveries: DeliveryCounts
  /** Expected deliveries and the lags of received ones by the second of their publication, for intervals. */
  readonly deliveryWindows: readonly { readonly expected: number; readonly lag: Histogram }[]
  /** Number of counted publications, and of those for which the scenario's `send` failed. */
  readonly publications: { readonly count: number; readonly failed: number }
  /** Rate of publications of the run; absent for a feed, which the target publishes. */
  readonly publishedPerSec?: number
  /** Lag above which a delivery is late. */
  readonly lateThresholdMs: number
  /** Time during which deliveries were awaited after the last publication. */
  readonly settleMs: number
  /** Publications with most missing deliveries first, then the slowest. At most 5; empty if every delivery was on time. */
  readonly worstPublications: readonly PublicationEvidence[]
  /** Clients with most deliveries missing first, then late, out of order and duplicate. At most 5 with a fault. */
  readonly worstClients: readonly ClientEvidence[]
  readonly connect: ConnectEvidence
  /** Recoveries of clients from lost connections. */
  readonly recoveries: RecoveryTimes
  /** Unexpected deliveries that even a slow generator cannot have caused; part of `deliveries.unexpected`. */
  readonly certainUnexpected: number
  /** Description of the first unexpected delivery. */
  readonly unexpectedSample: string | undefined
  /** The fix that unexpected deliveries suggest. */
  readonly unexpectedHint: string | undefined
  /** The fix that deliveries out of order suggest. */
  readonly orderHint: string | undefined
  /** Why order cannot be judged; `undefined` if it can. */
  readonly orderUnknown: Invalidity | undefined
  readonly generator: GeneratorHealth
}

/** One publication: `label` reads `#17 at 8.5 s`. */
export interface PublicationEvidence {
  readonly label: string
  readonly id: string
  /** Intended time, in milliseconds since the start of the run. */
  readonly atMs: number
  readonly expected: number
  readonly onTime: number
  readonly late: number
  readonly missing: number
  readonly duplicate: number
  readonly outOfOrder: number
  /** Deliveries to clients that should not receive it. */
  readonly unexpected: number
  /** 95th percentile of the lag of expected deliveries; infinite for missing ones. `undefined` if none was expected. */
  readonly p95Ms: number | undefined
  /** Longest lag of received deliveries; `undefined` if there were none. */
  readonly maxMs: number | undefined
}

/** One client: `label` reads `client 417`, followed by how its socket closed, if it did. */
export interface ClientEvidence {
  readonly label: string
  readonly client: number
  readonly expected: number
  readonly onTime: number
  readonly late: number
  readonly missing: number
  readonly duplicate: number
  readonly outOfOrder: number
  /** Deliveries that this client should not receive. */
  readonly unexpected: number
  /** Longest lag of this client; `undefined` if it received nothing. */
  readonly maxMs: number | undefined
}

/** Evidence that `toConnectWithin` judges. The ratio within a limit is `histogram.countAtMost(limitUs) / requested`. */
export interface ConnectEvidence {
  /** Sockets requested, including those that failed. */
  readonly requested: number
  readonly connected: number
  /** Sockets that never opened or whose subscription was never acknowledged, by kind: refused, timeout, status 503, … */
  readonly failures: ReadonlyMap<string, number>
  /** Time from the instant at which a handshake was due to its response, if it succeeded; without subscribing. */
  readonly histogram: Histogram
  /** Reasons why connect times cannot be judged; the run's other `invalidities` concern deliveries. */
  readonly invalidities: readonly Invalidity[]
}

/** Method that returns the evidence of a run. A symbol, so that it is not part of the public interface. */
export const evidenceOf: unique symbol = Symbol('vitest-slo.evidence')
