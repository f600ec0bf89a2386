import type { Phase } from '../load/load.ts'
import type { Histogram } from '../stats/histogram.ts'
import type { TimeStats } from '../stats/summary.ts'
import type { DeliveryCounts, HeartbeatCounts, SocketCounts } from './fan-out-counts.ts'
import type { GeneratorHealth } from './generator-health.ts'
import type { MergedGenerators } from './merged-generators.ts'
import type { Invalidity } from './verdict.ts'

/** All measurements of a fan-out, of which `FanOutRun` is a view. Only counted publications. */
export interface FanOutRecord {
  readonly name: string
  /** The load in one line. */
  readonly load: string
  /** Name of the scale that reduced the load; absent if the load is as written. */
  readonly reducedTo?: string
  readonly phases: readonly Phase[]
  /** Start of publishing, on this process's `performance.now()`. */
  readonly startMs: number
  /** Names of the runs that were in progress in parallel; absent if there were none. */
  readonly parallelTo?: readonly string[]
  /** Time from the start to the end of publishing, warm-up included; without connecting and draining. */
  readonly durationMs: number
  /** Length of the counted part. */
  readonly countedMs: number
  readonly abortReason: string | undefined
  readonly lateThresholdMs: number
  readonly settleMs: number
  readonly sockets: SocketCounts
  /** Application heartbeats; absent if none was sent. */
  readonly heartbeats?: HeartbeatCounts
  /** Time from the first handshake until every socket was subscribed or had failed. */
  readonly openingMs: number
  /** Processes that held the sockets. */
  readonly processes: number
  readonly connectTime: Histogram
  readonly deliveries: DeliveryCounts
  readonly publications: readonly PublicationRecord[]
  readonly maxSlipMs: number
  readonly windows: readonly FanOutWindow[]
  readonly clients: ClientTable
  /** How the target closed sockets, by client: `closed with code 1006`. */
  readonly closings: ReadonlyMap<number, string>
  /** Observations about messages that matter for the counts. */
  readonly traces: MessageTraces
  /** Receipts whose sequence did not rise, if hardly any rose; absent otherwise. */
  readonly unnumbered?: number
  /** Recoveries of clients from lost connections. */
  readonly recoveries: RecoveryTimes
  /** Figures of a feed; `undefined` if the run published by itself. */
  readonly feed: FeedFigures | undefined
  /** Time after which clients were assumed to have joined; `undefined` if joining is acknowledged. */
  readonly assumedJoinMs: number | undefined
  /** Figures from the publisher's time stamps; `undefined` if messages have none, or `send` does not respond. */
  readonly publisherClock: PublisherClock | undefined
  readonly generator: GeneratorHealth
  /** The generators of a merged run; absent if there was only one. */
  readonly generators?: MergedGenerators
  /** Reasons why deliveries cannot be judged. */
  readonly invalidities: readonly Invalidity[]
  /** Reasons why connect times cannot be judged. */
  readonly connectInvalidities: readonly Invalidity[]
  /** Further lines of evidence: a sample of what could not be identified, why publications failed. */
  readonly notes: readonly string[]
}

/**
 * The publisher's time stamps, converted to the generator's clock. The offset of the clocks is that between the stamp and the
 * middle of the shortest round trip of `send`, as in NTP (RFC 5905, section 8). Its error is at most `uncertaintyMs` if the
 * stamp was taken during `send`. Lag does not depend on it.
 */
export interface PublisherClock {
  /** How far the publisher's clock is ahead of the generator's. */
  readonly aheadMs: number
  /** Half the shortest round trip. */
  readonly uncertaintyMs: number
  /** Time from the intended time of a publication to the publisher's stamp: the part of the lag before the fan-out. */
  readonly delay: TimeStats
}

/** Measurements of one publication. */
export interface PublicationRecord {
  readonly id: string
  readonly sequence: number
  /** Intended time, in milliseconds since the start of publishing. */
  readonly atMs: number
  readonly expected: number
  readonly onTime: number
  readonly late: number
  readonly missing: number
  readonly duplicate: number
  readonly outOfOrder: number
  readonly unexpected: number
  readonly isFailed: boolean
  readonly p95Ms: number | undefined
  readonly maxMs: number | undefined
  /** Lags of its deliveries, to be merged with those of other generators; absent if there is only one. */
  readonly lag?: Histogram
}

/** One second of the counted part, by the intended time of publications. */
export interface FanOutWindow {
  /** Second since the end of the warm-up. */
  readonly second: number
  publications: number
  expected: number
  received: number
  readonly lag: Histogram
}

/** Observations about the messages of a run. */
export interface MessageTraces {
  /** The first message that could not be identified. */
  readonly unidentified: string | undefined
  /** Description of the first unexpected delivery. */
  readonly unexpected: string | undefined
  /** Unexpected deliveries that even a slow generator cannot have caused. */
  readonly certainUnexpected: number
  /** Receipts of unknown ids; part of the unexpected ones. */
  readonly unknownIds: number
  /** Receipts that name another group than their publication's; part of the unexpected ones. Absent if there were none. */
  readonly mislabelled?: number
  /** Messages in which `identify` found no publication; absent if there were none. */
  readonly others?: { readonly count: number; readonly sample: string }
  /** Joins during the run after which the client received nothing of the group; absent if there were none. */
  readonly failedJoins?: FailedJoins
  /** The first message that is not a publication and looks like a heartbeat that expects a response. */
  readonly heartbeat: string | undefined
}

/** Joins during the run after which the client received nothing of the group, although it was published to. */
export interface FailedJoins {
  /** Those that the target rejected by its protocol; absent if there were none. */
  readonly rejected?: JoinFailures
  /** Others; absent if there were none. */
  readonly silent?: JoinFailures
}

export interface JoinFailures {
  readonly count: number
  /** Deliveries missing since. */
  readonly missing: number
  /** Client, group and reason of the first. */
  readonly sample: string
}

/** Recoveries of clients from lost connections. */
export interface RecoveryTimes {
  /** Lost connections of subscribed clients. */
  readonly lost: number
  /** Time from each loss until the client was subscribed again and had received everything due since, ascending. */
  readonly tookMs: readonly number[]
  /** Time from each loss without a recovery until the end, ascending. */
  readonly unfinishedMs: readonly number[]
  /**
   * Times as in `tookMs` of clients that may never have received a publication that was due meanwhile: no client received
   * it, so that its instant is unknown. Ascending; absent if there were none.
   */
  readonly undecidedMs?: readonly number[]
}

/** Figures of a feed, in which the target publishes by itself. */
export interface FeedFigures {
  /** Deliveries with a time stamp. */
  readonly stamped: number
  /** Counted publications without a time stamp although others have one, and the id of the first; absent if there were none. */
  readonly unstamped?: { readonly count: number; readonly id: string }
  /** Time from stamp to receipt of the fastest delivery: offset of the clocks and transit. `undefined` without stamps. */
  readonly fastestMs: number | undefined
  /** Decrease of `fastestMs` while deliveries were counted: lags may be too short by this much. */
  readonly driftMs: number
  /** Whether the drift is too large compared with `lateThreshold`. */
  readonly isClockUnsteady: boolean
  /** Set if no message with a time stamp arrived before deliveries were counted. */
  readonly isClockUnknown?: boolean
  /** What order is judged by; `undefined` if it cannot be judged. */
  readonly orderedBy: 'sequence' | 'time stamps' | undefined
  /** Sequences that no client received, counted as publications missing for all. */
  readonly leftOut: number
  /** Whether so few sequences are left out that the feed evidently numbers its publications consecutively. */
  readonly isNumbered: boolean
  /** Nearly constant difference between the sequences of consecutive publications, if it is more than one. */
  readonly step?: number
  /** Time without publications before counting ended, if it is too long to be chance. */
  readonly silentMs: number | undefined
  /**
   * Groups with clients from which nothing came in the end, or all the time (then `silentMs` is `undefined`): their number,
   * the number of all groups with clients, and the first of them. Absent if there were none, or if `silentMs` is set.
   */
  readonly silentGroups?: {
    readonly count: number
    readonly all: number
    readonly first: string
    readonly silentMs: number | undefined
  }
  /**
   * Estimated publications and deliveries while no client of a group was connected, if the feed's sequence does not show them;
   * the longest such time of the group with most of them, its name, and the number of such groups. Absent if there were none.
   */
  readonly unseen?: {
    readonly ms: number
    readonly group?: string
    readonly groups?: number
    readonly publications: number
    readonly deliveries: number
  }
  /** Messages received in the silent time that their client had received before; absent if they are few. */
  readonly repeated?: number
  /** Publications with a lower sequence than an earlier one, and the first of them; absent if there were none. */
  readonly fell?: { readonly count: number; readonly from: number; readonly to: number }
  /** How far time stamps went back although the sequence rose; absent if they did not. */
  readonly wentBackMs?: number
  /** Advance of the time stamps and the time it took, if their unit cannot be milliseconds. */
  readonly badUnit?: { readonly advanced: number; readonly tookMs: number }
  /** Messages with another sequence for an id that their client had already received; absent if there were none. */
  readonly reused?: { readonly count: number; readonly id: string; readonly first: number; readonly again: number }
  /** Messages received while deliveries were counted, if none of them was a new publication. */
  readonly stale?: number
  /** Publications before deliveries were counted, if nothing was received afterwards. */
  readonly onlyBefore?: number
}

/** Counts by client number. */
export interface ClientTable {
  readonly expected: Uint32Array
  readonly missing: Uint32Array
  readonly late: Uint32Array
  readonly duplicate: Uint32Array
  readonly outOfOrder: Uint32Array
  readonly unexpected: Uint32Array
  /** Longest lag; 0 if nothing was received. */
  readonly maxUs: Float64Array
}
