import type { RunKind } from '../evidence/evidence.ts'
import type { PhaseName } from '../load/load.ts'
import type { JsonMs } from '../stats/summary.ts'
import type { ResponseTimesJson } from './response-times.ts'

/**
 * Progress of a run, for live output and for scrapers. Engines pass one to `onSnapshot` early in the first second, then
 * every second, and at the end. Plain JSON. Never evidence: matchers judge the finished run.
 */
export interface RunSnapshot {
  /** The run's name within its scenario, as in its result. */
  readonly run: string
  readonly kind: RunKind
  /** The load in one line, as in the run's result. */
  readonly load: string
  /** Time since the start of the run, warm-up included. */
  readonly elapsedMs: number
  /** Planned duration of the load; a run that waits for the last responses takes longer. */
  readonly plannedMs: number
  readonly phase: PhaseName
  readonly state: 'running' | 'ended'
  /** Counts since the start, warm-up included. */
  readonly counts: SnapshotCounts
  /** Figures of the last few whole seconds, or of the elapsed part of the first second. */
  readonly recent: RecentFigures
  /** VUs in use, or sockets open. */
  readonly users: number
  readonly inFlight?: number
  /** Response times since the start by step and status, for scrapers. */
  readonly responseTimes?: readonly ResponseTimesJson[]
  readonly generator: SnapshotHealth
}

/** Counts of a run in progress. */
export interface SnapshotCounts {
  /** Requests due; in a fan-out, deliveries expected. */
  readonly offered: number
  /** Requests sent; in a fan-out, publications sent. */
  readonly sent: number
  /** Requests with a response or an error; in a fan-out, deliveries received. */
  readonly completed: number
  /** Requests never sent; in a fan-out, deliveries counted as missing. */
  readonly dropped: number
  /** Errors by kind. */
  readonly errors: Readonly<Record<string, number>>
}

/** Figures of the last few seconds. */
export interface RecentFigures {
  /** Number of seconds that the figures cover. */
  readonly seconds: number
  readonly offeredPerSec: number
  readonly achievedPerSec: number
  readonly errors: number
  /**
   * Percentiles of latency or of lag; absent if there are no samples. Errors and dropped requests are infinite; requests in
   * flight are left out.
   */
  readonly p50Ms?: JsonMs
  readonly p95Ms?: JsonMs
  readonly p99Ms?: JsonMs
}

/** Health of the generator during a run. */
export interface SnapshotHealth {
  /** CPU time of the generator's process over wall time since the last snapshot, 0–1 of one core. */
  readonly cpuRatio: number
  /** Delay of timers and events since the start. */
  readonly eventLoopDelayP99Ms: number
  /** Actual send minus intended start while a VU was free; absent in closed models. */
  readonly scheduleDelayP99Ms?: number
  /** The first limit that was exceeded, as text: the run will be invalid. */
  readonly saturated?: string
}
