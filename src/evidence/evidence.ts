import type { Histogram } from '../stats/histogram.ts'
import type { RateWindow } from '../stats/intervals.ts'
import type { Window } from '../stats/timeline.ts'
import type { DeliveryCounts } from './fan-out-counts.ts'
import type { RecoveryTimes } from './fan-out-record.ts'
import type { GeneratorHealth } from './generator-health.ts'
import type { BusyVus, Invalidity, VuShortage } from './verdict.ts'

export type RunKind = 'http' | 'fanOut' | 'conversation' | 'micro'

/**
 * What a latency matcher judges: the samples of one scope of one run, and reasons not to use them.
 * Every run that latency matchers accept hands one out; matchers read it and never create evidence.
 */
export interface TimeEvidence {
  readonly kind: RunKind
  /** What the times are: `latency` (from intended start), `lag` (from publication), `time` (of a function call). */
  readonly quantity: 'latency' | 'lag' | 'time'
  /** The samples in scope. */
  readonly histogram: Histogram
  /** The same samples by one-second windows, for intervals. */
  readonly windows: readonly Histogram[]
  /** Length of the scope. */
  readonly durationMs: number
  /** Name of the scale that reduced the load; absent if the load is as written. */
  readonly reducedTo?: string
  readonly invalidities: readonly Invalidity[]
  /** Too few VUs for the load. Forbids a judgement that they could have turned; absent if there were enough. */
  readonly vuShortage?: VuShortage
  /** Absent if a VU was free at every moment, or if there were too few from the start. */
  readonly busyVus?: BusyVus
  /** Lines of the message's `Evidence:` block, first line first. */
  readonly evidenceLines: readonly string[]
  /** The slowest parts (steps, publications), worst first, for the `Slowest:` line. Empty if there is one part only. */
  readonly slowest: readonly { readonly label: string; p95Ms: number }[]
  /** What to do next, where the figures suggest it. */
  readonly hint: string | undefined
}

/** The requests of one ending are chosen by how they ended, so that no rate of theirs says anything. */
export interface EndingEvidence extends TimeEvidence {
  readonly ending: 'good' | 'failed'
}

/** What a matcher of request counts (error rate, status rate, throughput, sustained rate) judges. */
export interface RequestEvidence extends TimeEvidence {
  readonly offered: number
  readonly sent: number
  readonly dropped: number
  readonly completed: number
  readonly errors: ReadonlyMap<string, number>
  /** Of the errors, those that the generator cannot have caused, however late it was: refusals, resets, statuses, bodies. */
  readonly targetErrors: number
  readonly statuses: ReadonlyMap<number, number>
  /** The windows in scope, whole, for intervals over counts. */
  readonly requestWindows: readonly Window[]
  /**
   * Good responses by the second in which they were due, with how much of it lies in the scope. Seconds without any are
   * there too.
   */
  readonly goodBySecond: readonly (RateWindow & { readonly second: number })[]
  /** The rate the load asked for in this scope; `undefined` for closed models. */
  readonly offeredRatePerSec: number | undefined
  readonly generator: GeneratorHealth
}

/**
 * What a fan-out matcher judges. `histogram` holds the lag of every expected delivery that arrived (on time or late),
 * once each; missing ones are counted in `deliveries` and must be added to the denominator: the share delivered within
 * a limit is `histogram.countAtMost(limitUs) / deliveries.expected`. Warm-up publications are in none of it.
 */
export interface FanOutEvidence extends TimeEvidence {
  readonly kind: 'fanOut'
  readonly quantity: 'lag'
  readonly deliveries: DeliveryCounts
  /** What was expected of the publications of each second, with the lags of what arrived; for intervals. */
  readonly deliveryWindows: readonly { readonly expected: number; readonly lag: Histogram }[]
  /** Counted publications, and how many of them the scenario's `send` failed on. */
  readonly publications: { readonly count: number; readonly failed: number }
  /** How many publications a second the run made; left out for a feed, which the target makes. */
  readonly publishedPerSec?: number
  /** A delivery is late past this lag. */
  readonly lateAfterMs: number
  /** How long stragglers were waited for after the last publication. */
  readonly settleMs: number
  /** Most missing first, then the slowest. At most 5; empty where every delivery was on time. */
  readonly worstPublications: readonly PublicationEvidence[]
  /** Most missing first, then most late, out of order and duplicate. At most 5; clients without a fault are left out. */
  readonly worstClients: readonly ClientEvidence[]
  readonly connect: ConnectEvidence
  /** How clients came back after they had lost their connections. */
  readonly recoveries: RecoveryTimes
  /** Unexpected deliveries that are so however slow the generator was: part of `deliveries.unexpected`. */
  readonly certainUnexpected: number
  /** The first delivery that was not to be, in words. */
  readonly unexpectedSample: string | undefined
  /** What such deliveries suggest to do next. */
  readonly unexpectedHint: string | undefined
  /** What deliveries out of order suggest to do next. */
  readonly orderHint: string | undefined
  /** Why order cannot be judged; `undefined` if it can. */
  readonly orderUnknown: Invalidity | undefined
  readonly generator: GeneratorHealth
}

/** One publication: `label` reads `#17 at 8.5 s`. */
export interface PublicationEvidence {
  readonly label: string
  readonly id: string
  /** Intended instant, since the start of the run. */
  readonly atMs: number
  readonly expected: number
  readonly onTime: number
  readonly late: number
  readonly missing: number
  readonly duplicate: number
  readonly outOfOrder: number
  /** Receipts by clients that it was not for. */
  readonly unexpected: number
  /** Of the deliveries expected; missing ones are infinite. `undefined` if none was expected. */
  readonly p95Ms: number | undefined
  /** Of the deliveries received; `undefined` if none was. */
  readonly maxMs: number | undefined
}

/** One client: `label` reads `client 417`, with what happened to its socket where it closed. */
export interface ClientEvidence {
  readonly label: string
  readonly client: number
  readonly expected: number
  readonly onTime: number
  readonly late: number
  readonly missing: number
  readonly duplicate: number
  readonly outOfOrder: number
  /** Receipts of what was not for this client. */
  readonly unexpected: number
  /** The longest lag of this client; `undefined` if it received nothing. */
  readonly maxMs: number | undefined
}

/** What `toConnectWithin` judges. The share within a limit is `histogram.countAtMost(limitUs) / asked`. */
export interface ConnectEvidence {
  /** Sockets the run wanted, those that failed included. */
  readonly asked: number
  readonly connected: number
  /** Sockets that never opened or whose subscription was never acknowledged, by kind: refused, timeout, status 503, … */
  readonly failures: ReadonlyMap<string, number>
  /** From the instant a handshake was due to its response, of those that succeeded; subscribing is not included. */
  readonly histogram: Histogram
  /** Reasons not to judge connect times; the run's other `invalidities` concern deliveries. */
  readonly invalidities: readonly Invalidity[]
}

/** The method by which runs hand out their evidence, kept off the runs' own vocabulary. */
export const evidenceOf: unique symbol = Symbol('vitest-slo.evidence')
