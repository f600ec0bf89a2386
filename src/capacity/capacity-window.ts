import type { RunWindow } from '../evidence/run-window.ts'
import { capacityOf, type CapacityEvidence } from '../evidence/utilization-evidence.ts'
import type { RunSeries } from '../results/result.ts'
import { capacitySeries } from './capacity-series.ts'
import { cpuUtilization } from './cpu-utilization.ts'
import { pgBouncerPools, postgresConnections } from './postgres-utilization.ts'
import { evictionPolicy, redisMemory } from './redis-utilization.ts'
import type { Sampled } from './sampled.ts'

/**
 * Capacity of the target and its stores over the judged phases of a run, sampled each second. Assert on it with
 * `toHaveCpuBelow`, `toHaveRedisMemoryBelow`, `toHaveEvictionPolicy` and `toHavePoolUsageBelow`.
 *
 * Samples within these phases count. Connections and memory are values at the time of a sample, so a peak between two
 * samples is missed. CPU includes all time used between two samples.
 */
export class CapacityWindow {
  /** The judged part of the run. */
  readonly window: RunWindow
  readonly #sampled: Sampled

  constructor(window: RunWindow, sampled: Sampled) {
    this.window = window
    this.#sampled = sampled
  }

  /** Vitest clones only objects without a tag for the diff of a failed assertion, and a clone lacks private fields. */
  get [Symbol.toStringTag](): string {
    return 'CapacityWindow'
  }

  /** Name of the run. */
  get name(): string {
    return this.window.run
  }

  /** @internal */
  [capacityOf](): CapacityEvidence {
    const { window } = this
    const { cpu, cpuDoubt, responses, cores: known, redis, postgres, pgBouncer } = this.#sampled
    return {
      cpu: (cores = known) => cpuUtilization(cpu, cores, window, { doubt: cpuDoubt, responses }),
      redisMemory: () => redisMemory(redis, window),
      postgresConnections: () => postgresConnections(postgres, window),
      pgBouncerPools: () => pgBouncerPools(pgBouncer, window),
      evictionPolicy: () => evictionPolicy(redis, window),
    }
  }

  /** Charts of all samples since the start of the run, for the report. */
  get series(): readonly RunSeries[] {
    return capacitySeries(this.#sampled, this.window)
  }
}
