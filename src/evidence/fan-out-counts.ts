import type { JsonMs } from '../stats/summary.ts'

/** Counts of sockets. */
export interface SocketCounts {
  /** Sockets requested. */
  readonly requested: number
  /** Opened and subscribed at least once. */
  readonly subscribed: number
  /** Never opened, or subscription never acknowledged, by kind: refused, timeout, status 503, … */
  readonly failures: Readonly<Record<string, number>>
  /** Closed by the target after subscribing, during the run. */
  readonly closed: number
  readonly reconnected: number
}

/** Application heartbeats of a run. */
export interface HeartbeatCounts {
  readonly sent: number
  /** Heartbeats without a response before the next one or within 10 s; `undefined` if no response is expected. */
  readonly withoutResponse: number | undefined
}

/** Counts of publications. */
export interface PublicationCounts {
  readonly count: number
  /** Publications for which `send` threw or rejected; their deliveries are still expected. */
  readonly failed: number
  /** Longest delay of a call of `send` after its intended time. */
  readonly maxSlipMs: number
}

/**
 * Counts of deliveries. Every expected delivery is on time, late or missing: `expected = onTime + late + missing`. The other
 * counts are in addition.
 */
export interface DeliveryCounts {
  /** Deliveries that were to arrive: one for each publication and each client that it was for. */
  readonly expected: number
  /** First receipts: `onTime + late`. */
  readonly received: number
  /** First receipts with a lag of at most `lateThreshold`. */
  readonly onTime: number
  /** First receipts with a longer lag, or an unknown one. */
  readonly late: number
  /** Expected deliveries that never arrived. */
  readonly missing: number
  /** Repeated receipts of a publication by the same client. */
  readonly duplicate: number
  /** First receipts with a lower sequence than an earlier one of the same client, group and connection. */
  readonly outOfOrder: number
  /**
   * Deliveries out of order whose publications were in flight to the target at the same time, and whose messages have no
   * sequence from the target: the target may have received the publications in this order.
   */
  readonly racing: number
  /**
   * Received deliveries that are neither expected nor unexpected: the client was joining or leaving the group, or joined
   * after the publication was due (the history of a room).
   */
  readonly optional: number
  /** Receipts of publications that this client should not receive, and of unknown ids. */
  readonly unexpected: number
  /** Messages that `identify` could not identify. */
  readonly unidentified: number
}

/** One second of the counted part, by the intended time of publications. */
export interface FanOutPoint {
  /** Start of the second, in seconds since the start of publishing, warm-up included. */
  readonly second: number
  readonly publications: number
  readonly expected: number
  readonly received: number
  readonly missing: number
  /** Lag percentiles of all expected deliveries; missing ones are infinite. Absent if none was expected. */
  readonly p50Ms?: JsonMs
  readonly p99Ms?: JsonMs
  /** Longest lag of received deliveries; absent if there were none. */
  readonly maxMs?: number
}

/** One counted publication. */
export interface PublicationPoint {
  /** Intended time, in seconds since the start of publishing, warm-up included. */
  readonly atSec: number
  /** Deliveries that never arrived. */
  readonly missing: number
  /** 95th percentile of the lag of all expected deliveries; missing ones are infinite. Absent if none was expected. */
  readonly p95Ms?: JsonMs
  /** Longest lag of received deliveries; absent if there were none. */
  readonly maxMs?: number
}
