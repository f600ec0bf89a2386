import type { RunWindow } from '../evidence/run-window.ts'
import { capacityOf, type CapacityEvidence } from '../evidence/share-evidence.ts'
import type { RunSeries } from '../results/result.ts'
import { capacitySeries } from './capacity-series.ts'
import { cpuShare } from './cpu-share.ts'
import { pgBouncerPools, postgresConnections } from './postgres-share.ts'
import { evictionPolicy, redisMemory } from './redis-share.ts'
import type { Sampled } from './sampled.ts'

/**
 * Where the target and its stores stood over the counted part of a run, sampled each second: assert on it with
 * `toHaveCpuBelow`, `toHaveRedisMemoryBelow`, `toHaveEvictionPolicy` and `toHavePoolUsageBelow`.
 *
 * Samples within the scope count. Connections and memory are seen at the instants of sampling, so that a peak between two
 * of them is missed; CPU is all that was used between them.
 */
export class CapacityWindow {
  readonly window: RunWindow
  readonly #sampled: Sampled

  constructor(window: RunWindow, sampled: Sampled) {
    this.window = window
    this.#sampled = sampled
  }

  /** Name of the run it belongs to. */
  get name(): string {
    return this.window.run
  }

  [capacityOf](): CapacityEvidence {
    const { window } = this
    const { cpu, cores: known, redis, postgres, pgBouncer } = this.#sampled
    return {
      cpu: (cores = known) => cpuShare(cpu, cores, window),
      redisMemory: () => redisMemory(redis, window),
      postgresConnections: () => postgresConnections(postgres, window),
      pgBouncerPools: () => pgBouncerPools(pgBouncer, window),
      evictionPolicy: () => evictionPolicy(redis, window),
    }
  }

  /** All samples since the run's start, for the report's charts. */
  get series(): readonly RunSeries[] {
    return capacitySeries(this.#sampled, this.window)
  }
}
