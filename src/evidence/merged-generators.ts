import type { Interval } from '../stats/intervals.ts'
import type { TimeStats } from '../stats/summary.ts'
import type { GeneratorHealth } from './generator-health.ts'
import type { GeneratorInfo, LostGenerator } from './generator-info.ts'

/** The generators of a merged run, in order of their index. */
export interface MergedGenerators<Summary extends GeneratorSummary = GeneratorSummary> {
  readonly all: readonly Summary[]
  /** Those without evidence. */
  readonly lost: readonly LostGenerator[]
  /** Number of both. */
  readonly count: number
}

/** Figures of one generator of a merged run. Counts and times are of the judged phases. */
export interface GeneratorSummary extends GeneratorInfo {
  readonly health: GeneratorHealth
  readonly counts: GeneratorCounts
  /** Latency or lag. */
  readonly times: TimeStats | undefined
  /** Set if the median differs from that of the other generators by more than its interval. */
  readonly distinct: DistinctMedian | undefined
}

/** Requests due and sent, or deliveries expected and received by the sockets of the generator. */
export type GeneratorCounts =
  | { readonly offered: number; readonly sent: number }
  | { readonly expected: number; readonly received: number }

/** The median of one generator, which differs from that of all others. */
export interface DistinctMedian {
  readonly p50Ms: number
  readonly interval: Interval
  readonly othersP50Ms: number
}
