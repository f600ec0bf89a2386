/**
 * Health of the load generator during a run. Past its limits the run is invalid, because a starved generator reports its own
 * slowness as the target's.
 */
export interface GeneratorHealth {
  /** Actual send minus intended start while a VU was free; `undefined` if nothing was scheduled (closed models, empty runs). */
  readonly scheduleDelay: DelayStats | undefined
  /**
   * Schedule delay without its worst second: one pause, such as a garbage collection, is not saturation. Absent if there was
   * no other second.
   */
  readonly sustainedScheduleDelay?: DelayStats
  /** Time that an event at any instant of the counted phases had to wait because the event loop was blocked. */
  readonly eventLoopDelay: LoopDelayStats
  /** Busy time of the event loop over wall time, 0–1. */
  readonly eventLoopUtilization: number
  /** CPU time of the generator's process over wall time, 0–1 of one core (several threads can exceed 1). */
  readonly cpuRatio: number
  /** Highest resident memory of the generator's process, in bytes. */
  readonly maxRssBytes: number
  /** Highest number of open sockets. */
  readonly openSockets: number
  /** Limit of open descriptors of the process. */
  readonly descriptorLimit: number
}

/** Statistics of delays in milliseconds. */
export interface DelayStats {
  readonly p50Ms: number
  readonly p99Ms: number
  /**
   * Lower end of the 95% interval of {@link p99Ms}, which depends on only two of 200 delays and hence on chance. Absent if
   * there were so many delays that it makes no difference.
   */
  readonly p99AtLeastMs?: number
  readonly maxMs: number
}

/**
 * Statistics weighted by time: at 99% of all instants, the wait was at most `p99Ms`. A block of 300 ms every two seconds is
 * 15% of the time, although only one in 170 samples of the loop shows it.
 */
export interface LoopDelayStats extends Omit<DelayStats, 'p99AtLeastMs'> {
  /** Absent in results of earlier versions, as is {@link sustainedP99Ms}. */
  readonly p95Ms?: number
  /** `p99Ms` without the longest block: one pause, such as a garbage collection, is not saturation. */
  readonly sustainedP99Ms?: number
  /** Blocks that are long enough to change a percentile. Absent in results of earlier versions. */
  readonly blocks?: LoopBlocks
}

/** Blocks of the event loop of more than 5 ms. */
export interface LoopBlocks {
  readonly count: number
  /** Length of all of them together. */
  readonly totalMs: number
}
