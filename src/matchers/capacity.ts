import type { CapacityEvidence, PolicyEvidence } from '../evidence/share-evidence.ts'
import { object, optional, type ReadOf } from '../options/schema.ts'
import { argument, number } from '../options/values.ts'
import { lastOptions, ratio, readArguments } from './arguments.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { toHavePoolUsageBelow, type PoolUsage } from './pool-usage.ts'
import { judgeShare, STATISTIC, STATISTIC_EXAMPLE, type StatisticOptions } from './share.ts'
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

interface SharePlan<Options> {
  readonly ratio: number
  readonly options: ReadOf<Options>
}

const CPU = lastOptions(
  object<CpuOptions>()({ ...STATISTIC, cores: optional(number({ above: 0, example: 2 })) }, STATISTIC_EXAMPLE),
)

const toHaveCpuBelow = defineMatcher<CapacityEvidence, SharePlan<typeof CPU>>({
  name: 'toHaveCpuBelow',
  subject: capacityWindow,
  readArguments: readArguments('toHaveCpuBelow(0.7)', { ratio: ratio('toHaveCpuBelow(0.7)'), options: CPU }),
  judge: (evidence, { ratio: limit, options }) => judgeShare(evidence.cpu(options.cores), limit, options),
})

const REDIS_MEMORY = lastOptions(object<StatisticOptions>()(STATISTIC, STATISTIC_EXAMPLE))

const toHaveRedisMemoryBelow = defineMatcher<CapacityEvidence, SharePlan<typeof REDIS_MEMORY>>({
  name: 'toHaveRedisMemoryBelow',
  subject: capacityWindow,
  readArguments: readArguments('toHaveRedisMemoryBelow(0.6)', {
    ratio: ratio('toHaveRedisMemoryBelow(0.6)'),
    options: REDIS_MEMORY,
  }),
  judge: (evidence, { ratio: limit, options }) => judgeShare(evidence.redisMemory(), limit, options),
})

const POLICIES = /^(noeviction|(allkeys|volatile)-(lru|lfu|random)|volatile-ttl)$/

const POLICY_EXAMPLE = "toHaveEvictionPolicy('volatile-lru')"

const toHaveEvictionPolicy = defineMatcher<CapacityEvidence, { readonly policy: string }>({
  name: 'toHaveEvictionPolicy',
  subject: capacityWindow,
  readArguments: readArguments(POLICY_EXAMPLE, {
    policy: argument<string>(
      (value) => typeof value === 'string' && POLICIES.test(value),
      'must be a maxmemory-policy of Redis',
      POLICY_EXAMPLE,
    ),
  }),
  judge: (evidence, { policy }) => judgePolicy(evidence.evictionPolicy(), policy),
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
