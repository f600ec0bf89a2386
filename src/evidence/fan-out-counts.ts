import type { JsonMs } from '../stats/summary.ts'

export interface SocketCounts {
  readonly asked: number
  /** Opened and subscribed at least once. */
  readonly subscribed: number
  /** Never opened, or never acknowledged, by kind: refused, timeout, status 503, … */
  readonly failures: Readonly<Record<string, number>>
  /** Closed by the other side after subscribing, while the run went on. */
  readonly closed: number
  readonly reconnected: number
}

/** Application heartbeats of a run. */
export interface HeartbeatCounts {
  readonly sent: number
  /** Heartbeats without a response by the time of the next one, or for 10 s; `undefined` if none is expected. */
  readonly unanswered: number | undefined
}

export interface PublicationCounts {
  readonly count: number
  /** `send` threw or rejected; their deliveries are expected all the same. */
  readonly failed: number
  /** How late `send` was called after the intended instant, at worst. */
  readonly maxSlipMs: number
}

/**
 * Every expected delivery is exactly one of on time, late or missing: `expected = onTime + late + missing`.
 * The others are counted beside.
 */
export interface DeliveryCounts {
  readonly expected: number
  /** First receipts: `onTime + late`. */
  readonly received: number
  readonly onTime: number
  readonly late: number
  readonly missing: number
  /** Receipts past the first of the same publication by the same client. */
  readonly duplicate: number
  /** First receipts whose sequence is below one the client had received before, of the same group and on one connection. */
  readonly outOfOrder: number
  /**
   * Of those out of order, the ones whose publications were under way to the target at the same time, and whose messages
   * carry no sequence of the target's own: the target may have got them in this order.
   */
  readonly racing: number
  /**
   * Received, and neither expected nor unexpected: by a client that was joining or leaving the group, or that joined after
   * the publication was due (the history of a room).
   */
  readonly optional: number
  /** Receipts of publications that were not for this client, and of ids that no publication has. */
  readonly unexpected: number
  /** Messages that `identify` could not name. */
  readonly unidentified: number
}

/** One second of the counted part, by the intended instants of its publications. */
export interface FanOutPoint {
  /** Its beginning, in seconds since the start of publishing, warm-up included. */
  readonly second: number
  readonly publications: number
  readonly expected: number
  readonly received: number
  readonly missing: number
  /** Of all deliveries expected; missing ones are infinite. Absent if none was expected. */
  readonly p50Ms?: JsonMs
  readonly p99Ms?: JsonMs
  /** Of the deliveries received; absent if none was. */
  readonly maxMs?: number
}

/** One counted publication. */
export interface PublicationPoint {
  /** Its intended instant, in seconds since the start of publishing, warm-up included. */
  readonly atSec: number
  /** Deliveries that never came. */
  readonly missing: number
  /** Of all deliveries expected; missing ones are infinite. Absent if none was expected. */
  readonly p95Ms?: JsonMs
  /** Of the deliveries received; absent if none was. */
  readonly maxMs?: number
}
