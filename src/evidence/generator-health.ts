/**
 * How the load generator itself performed while it measured. Its limits decide whether a run's evidence is usable:
 * a starved generator reports its own slowness as the target's.
 */
export interface GeneratorHealth {
  /** Actual send minus intended start while a VU was free; `undefined` if nothing was scheduled (closed models, empty runs). */
  readonly scheduleDelay: DelayStats | undefined
  /**
   * The same without the second in which it was worst: one pause, such as a garbage collection, is no saturation.
   * Absent if there was no other second.
   */
  readonly sustainedScheduleDelay?: DelayStats
  /** How long an event at any instant of the counted phases had to wait because the event loop was blocked. */
  readonly eventLoopDelay: LoopDelayStats
  /** Share of the wall time that the event loop was busy, 0–1. */
  readonly eventLoopUtilization: number
  /** CPU time of the generator's process over wall time, 0–1 of one core (several threads can exceed 1). */
  readonly cpuRatio: number
  readonly maxRssBytes: number
  /** Highest number of open sockets seen, and the process's limit. */
  readonly openSockets: number
  readonly descriptorLimit: number
}

export interface DelayStats {
  readonly p50Ms: number
  readonly p99Ms: number
  /**
   * Lower end of the 95% interval of {@link p99Ms}: of 200 delays, two are the whole 99th percentile, and chance. Left
   * out where the delays were too many to matter.
   */
  readonly p99AtLeastMs?: number
  readonly maxMs: number
}

/**
 * Weighted by time: 99% of all instants waited no longer than `p99Ms`. A block of 300 ms every two seconds is 15% of the
 * time, though it is one look at the loop in 170.
 */
export interface LoopDelayStats extends Omit<DelayStats, 'p99AtLeastMs'> {
  /** Absent in results of earlier versions, as is {@link sustainedP99Ms}. */
  readonly p95Ms?: number
  /** `p99Ms` without the longest block: one pause, such as a garbage collection, is no saturation. */
  readonly sustainedP99Ms?: number
}
