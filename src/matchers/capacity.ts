import type { CapacityEvidence, PolicyEvidence } from '../evidence/share-evidence.ts'
import { checkNumber } from '../options/checks.ts'
import { rejectExtraArgs } from './arguments.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { toHavePoolUsageBelow, type PoolUsage } from './pool-usage.ts'
import { judgeShare, readShare, type StatisticOptions, type SharePlan } from './share.ts'
import type { On } from './typing.ts'
import { capacityWindow, type CapacitySource } from './window-subject.ts'

export interface CpuOptions extends StatisticOptions {
  /**
   * How many cores are the whole; may be a fraction. Default: those the target may run on, by its affinity or its
   * container's limits. A single-threaded process can fill one core and be far below the limit on a large machine: say
   * `cores: 1` for it. Of an external target nobody here knows: without `cores` or `PERF_TARGET_CORES` the
   * assertion is skipped.
   */
  readonly cores?: number
}

type OnCapacity<T, M> = On<T, CapacitySource, M, 'judges capacity, as await capacity.during(run) gives'>

/** `expect()` has these; each belongs to what its first parameter `this` says. */
export interface CapacityMatchers<R extends void | Promise<void>, T> {
  /**
   * CPU used by the target over the run's counted phases, as a share (0–1) of the cores it may use: of its processes
   * and their descendants, of its containers, or as its own metrics have it.
   *
   * Skipped for an external target and says nothing of its CPU; invalid for one of ours.
   */
  toHaveCpuBelow: OnCapacity<T, (ratio: number, options?: CpuOptions) => R>
  /**
   * Redis' `used_memory` as a share (0–1) of `maxmemory`, over the run's counted phases. Invalid without a `maxmemory`,
   * and if the user of the URL may not run INFO. Skipped if the target runs elsewhere and its Redis is not named.
   */
  toHaveRedisMemoryBelow: OnCapacity<T, (ratio: number, options?: StatisticOptions) => R>
  /** Redis' `maxmemory-policy` at the end of the run's counted phases, e.g. `volatile-lru`. */
  toHaveEvictionPolicy: OnCapacity<T, (policy: string) => R>
  /**
   * Connections as a share (0–1) of what there may be, over the run's counted phases, looked at once a second. On
   * `metrics.during(run)`: those in use of the target's own pool, by its gauges, in its fullest instance. On
   * `capacity.during(run)`: those that Postgres or pgBouncer has.
   */
  toHavePoolUsageBelow: PoolUsage<T, R>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends CapacityMatchers<
    R,
    T
  > {}
}

const toHaveCpuBelow = defineMatcher<CapacityEvidence, SharePlan<CpuOptions>>({
  name: 'toHaveCpuBelow',
  subject: capacityWindow,
  readArguments(problems, args) {
    const plan = readShare<CpuOptions>(problems, args, 'toHaveCpuBelow(0.7)', ['statistic', 'cores'])
    const { cores } = plan.options
    if (cores !== undefined) checkNumber(problems, 'options.cores', cores, { above: 0, example: 2 })
    return plan
  },
  judge: (evidence, { limit, options }) => judgeShare(evidence.cpu(options.cores), limit, options),
})

const toHaveRedisMemoryBelow = defineMatcher<CapacityEvidence, SharePlan<StatisticOptions>>({
  name: 'toHaveRedisMemoryBelow',
  subject: capacityWindow,
  readArguments: (problems, args) =>
    readShare<StatisticOptions>(problems, args, 'toHaveRedisMemoryBelow(0.6)', ['statistic']),
  judge: (evidence, { limit, options }) => judgeShare(evidence.redisMemory(), limit, options),
})

const POLICIES = /^(noeviction|(allkeys|volatile)-(lru|lfu|random)|volatile-ttl)$/

const toHaveEvictionPolicy = defineMatcher<CapacityEvidence, string>({
  name: 'toHaveEvictionPolicy',
  subject: capacityWindow,
  readArguments(problems, args) {
    const [policy] = args
    rejectExtraArgs(problems, args, 1, "toHaveEvictionPolicy('volatile-lru')")
    if (typeof policy !== 'string' || !POLICIES.test(policy))
      problems.add('policy', policy, 'must be a maxmemory-policy of Redis', "toHaveEvictionPolicy('volatile-lru')")
    return String(policy)
  },
  judge: (evidence, wanted) => judgePolicy(evidence.evictionPolicy(), wanted),
})

function judgePolicy({ policy, invalidities, unavailable, evidenceLines }: PolicyEvidence, wanted: string): Judgement {
  return {
    holds: policy === wanted,
    expected: `eviction policy ${wanted}`,
    expectedNot: `an eviction policy other than ${wanted}`,
    received: `eviction policy ${policy ?? 'unknown'}`,
    invalidities,
    skipped: unavailable,
    evidence: evidenceLines,
    hint:
      policy === wanted
        ? undefined
        : `CONFIG SET maxmemory-policy ${wanted}, or redis({ maxmemoryPolicy: '${wanted}' }) in the config`,
  }
}

/** Where the target and its stores stood. */
export const capacityMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toHaveCpuBelow,
  toHaveRedisMemoryBelow,
  toHaveEvictionPolicy,
  toHavePoolUsageBelow,
}
