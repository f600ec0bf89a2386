import type { Phase } from '../load/load.ts'
import type { Histogram } from '../stats/histogram.ts'
import type { TimeStats } from '../stats/summary.ts'
import type { DeliveryCounts, HeartbeatCounts, SocketCounts } from './fan-out-counts.ts'
import type { GeneratorHealth } from './generator-health.ts'
import type { Invalidity } from './verdict.ts'

/** Everything a fan-out measured, as the engine leaves it: what `FanOutRun` is a view of. Counted publications only. */
export interface FanOutRecord {
  readonly name: string
  /** The load in one line. */
  readonly load: string
  /** Name of the scale that reduced the load; absent if it is as written. */
  readonly reducedTo?: string
  readonly phases: readonly Phase[]
  /** The first instant of publishing, on this process's `performance.now()`. */
  readonly startMs: number
  /** From the first instant of publishing, warm-up included, to the last; connecting and settling are not in here. */
  readonly durationMs: number
  /** Length of the counted part. */
  readonly countedMs: number
  readonly abortReason: string | undefined
  readonly lateAfterMs: number
  readonly settleMs: number
  readonly sockets: SocketCounts
  /** Application heartbeats; absent if none was sent. */
  readonly heartbeats?: HeartbeatCounts
  /** From the first handshake until every socket was subscribed or had failed. */
  readonly openingMs: number
  /** Processes that held the sockets. */
  readonly processes: number
  readonly connectTime: Histogram
  readonly deliveries: DeliveryCounts
  readonly publications: readonly PublicationRecord[]
  readonly maxSlipMs: number
  readonly windows: readonly FanOutWindow[]
  readonly clients: ClientTable
  /** What became of the sockets that the other side closed, by client: `closed with code 1006`. */
  readonly closings: ReadonlyMap<number, string>
  /** What a reader has to know about the messages to judge the counts. */
  readonly traces: MessageTraces
  /** Receipts whose own sequence was the same as before, if hardly any rose; absent otherwise. */
  readonly unnumbered?: number
  /** How clients came back after they had lost their connections. */
  readonly recoveries: RecoveryTimes
  /** Publications taken from messages; `undefined` if the run made them. */
  readonly feed: FeedFigures | undefined
  /** How long without an acknowledgement clients were taken to be joined; `undefined` if joining is acknowledged. */
  readonly assumedJoinMs: number | undefined
  /** What the publisher's own time stamps say; `undefined` where messages carry none, or `send` does not respond. */
  readonly publisherClock: PublisherClock | undefined
  readonly generator: GeneratorHealth
  /** Against judging deliveries. */
  readonly invalidities: readonly Invalidity[]
  /** Against judging connect times. */
  readonly connectInvalidities: readonly Invalidity[]
  /** Further lines of evidence: a sample of what could not be identified, why publications failed. */
  readonly notes: readonly string[]
}

/**
 * The publisher's time stamps, brought to the generator's clock. The distance of the clocks is taken from the round trip
 * of `send` that was shortest, its middle held against the stamp, as NTP does (RFC 5905, section 8); it is wrong by
 * `uncertaintyMs` at most, provided the stamp was taken while `send` was under way. Lag does not rest on any of it.
 */
export interface PublisherClock {
  /** How far the publisher's clock is ahead of the generator's. */
  readonly aheadMs: number
  /** Half the shortest round trip. */
  readonly uncertaintyMs: number
  /** From the intended instant of a publication to the publisher's stamp: what of the lag came before fanning out. */
  readonly delay: TimeStats
}

export interface PublicationRecord {
  readonly id: string
  readonly sequence: number
  /** Intended instant since the start of publishing. */
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
}

/** One second of the counted part, by the intended instants of its publications. */
export interface FanOutWindow {
  /** From 0 at the end of the warm-up. */
  readonly second: number
  publications: number
  expected: number
  received: number
  readonly lag: Histogram
}

/** What the messages of a run had in them beside what could be counted. */
export interface MessageTraces {
  /** The first message that could not be identified. */
  readonly unidentified: string | undefined
  /** The first delivery that was not to be, in words. */
  readonly unexpected: string | undefined
  /** Unexpected deliveries that are so however slow the generator was. */
  readonly certainUnexpected: number
  /** Receipts of ids that no publication has; part of the unexpected ones. */
  readonly unknownIds: number
  /** Messages in which `identify` found no publication; absent if there were none. */
  readonly others?: { readonly count: number; readonly sample: string }
  /** The first message that is not a publication and looks like a heartbeat that wants a response. */
  readonly heartbeat: string | undefined
}

/** How clients came back after they had lost their connections. */
export interface RecoveryTimes {
  /** Connections of subscribed clients that were lost. */
  readonly lost: number
  /** Milliseconds from each loss until the client was subscribed again and had everything due meanwhile, ascending. */
  readonly tookMs: readonly number[]
  /** For those that were not, how long they were watched, ascending. */
  readonly unfinishedMs: readonly number[]
}

/** What is known about a feed, whose publications the target makes by itself. */
export interface FeedFigures {
  /** Deliveries with a time stamp. */
  readonly stamped: number
  /** From stamp to receipt, of the fastest delivery: the distance of the clocks and its transit. `undefined` without stamps. */
  readonly fastestMs: number | undefined
  /** By how much that became less while deliveries were counted: lags may be too short by so much. */
  readonly driftMs: number
  /** Whether that is too much beside `lateAfter`. */
  readonly isClockUnsteady: boolean
  /** No message with a time stamp came before deliveries were counted; absent if one did. */
  readonly isClockUnknown?: boolean
  /** What order was judged by; `undefined`: by nothing. */
  readonly orderedBy: 'sequence' | 'time stamps' | undefined
  /** Sequences that no client received, counted as publications missing for all. */
  readonly leftOut: number
  /** Whether so few are left out that the feed can be taken to number its publications one by one. */
  readonly isNumbered: boolean
  /** How long nothing was published before counting ended, if that is too long to be chance. */
  readonly silentMs: number | undefined
  /** Publications with a lower sequence than one that was published before, and the first of them; absent if there were none. */
  readonly fell?: { readonly count: number; readonly from: number; readonly to: number }
  /** By how much time stamps went back though the sequence rose; absent if they did not. */
  readonly wentBackMs?: number
  /** By how much the time stamps advanced in how long, if that cannot be milliseconds. */
  readonly badUnit?: { readonly advanced: number; readonly tookMs: number }
  /** Messages that carry the id of a publication with another sequence, which their client had; absent if there were none. */
  readonly reused?: { readonly count: number; readonly id: string; readonly first: number; readonly again: number }
  /** Messages that came while deliveries were counted, if none of them named a publication that was new then. */
  readonly stale?: number
}

/** Counts by client number. */
export interface ClientTable {
  readonly expected: Uint32Array
  readonly missing: Uint32Array
  readonly late: Uint32Array
  readonly duplicate: Uint32Array
  readonly outOfOrder: Uint32Array
  readonly unexpected: Uint32Array
  /** The longest lag; 0 if nothing was received. */
  readonly maxUs: Float64Array
}
