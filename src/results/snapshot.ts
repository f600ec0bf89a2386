import type { RunKind } from '../evidence/evidence.ts'
import type { PhaseName } from '../load/load.ts'
import type { JsonMs } from '../stats/summary.ts'
import type { ResponseTimesJson } from './response-times.ts'

/**
 * How a run stands while it goes on: for a person watching, and for a scraper. Engines hand one to `onSnapshot` early in
 * the first second, then once a second, and once at the end. Plain JSON. Never evidence: matchers judge the finished run.
 */
export interface RunSnapshot {
  /** The run's name within its scenario, as in its result. */
  readonly run: string
  readonly kind: RunKind
  /** The load in one line, as in the run's result. */
  readonly load: string
  /** Since the start of the run, warm-up included. */
  readonly elapsedMs: number
  /** How long the load lasts as planned; a run that waits for last responses takes longer. */
  readonly plannedMs: number
  readonly phase: PhaseName
  readonly state: 'running' | 'ended'
  /** Since the start, warm-up included. For a fan-out: of expected deliveries. */
  readonly counts: SnapshotCounts
  /** Over the last few whole seconds; in the first second, over what has passed of it. */
  readonly recent: RecentFigures
  /** VUs in use, or sockets open. */
  readonly users: number
  readonly inFlight?: number
  /** By step and status, since the start; for scrapers. */
  readonly responseTimes?: readonly ResponseTimesJson[]
  readonly generator: SnapshotHealth
}

export interface SnapshotCounts {
  /** Requests due; of a fan-out, deliveries expected. */
  readonly offered: number
  /** Requests sent; of a fan-out, publications sent. */
  readonly sent: number
  /** Requests that got a response or failed; of a fan-out, deliveries received. */
  readonly completed: number
  /** Requests never sent; of a fan-out, deliveries given up as missing. */
  readonly dropped: number
  /** By kind. */
  readonly errors: Readonly<Record<string, number>>
}

export interface RecentFigures {
  /** How many seconds the figures cover. */
  readonly seconds: number
  readonly offeredPerSec: number
  readonly achievedPerSec: number
  readonly errors: number
  /**
   * Of latency, or of lag; absent if nothing came in. Errors and dropped requests are infinite; requests still in flight
   * are left out.
   */
  readonly p50Ms?: JsonMs
  readonly p95Ms?: JsonMs
  readonly p99Ms?: JsonMs
}

export interface SnapshotHealth {
  /** CPU time of the generator's process over wall time since the last snapshot, 0–1 of one core. */
  readonly cpuRatio: number
  /** How late timers and events were handled since the start. */
  readonly eventLoopDelayP99Ms: number
  /** Actual send minus intended start while a VU was free; absent in closed models. */
  readonly scheduleDelayP99Ms?: number
  /** Past a limit: the run will be invalid. The first finding in words. */
  readonly saturated?: string
}
