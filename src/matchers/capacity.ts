import type { CapacityEvidence, PolicyEvidence } from '../evidence/utilization-evidence.ts'
import { object, optional, type ReadOf } from '../options/schema.ts'
import { argument, number } from '../options/values.ts'
import { lastOptions, ratio, readArguments } from './arguments.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { toHavePoolUsageBelow, type PoolUsage } from './pool-usage.ts'
import type { On } from './typing.ts'
import { judgeUtilization, STATISTIC, STATISTIC_EXAMPLE, type StatisticOptions } from './utilization.ts'
import { capacityWindow, type CapacitySource } from './window-subject.ts'

export interface CpuOptions extends StatisticOptions {
  /**
   * Number of cores that count as 100%; may be fractional. A single-threaded process can saturate one core and stay far below
   * the limit on a large machine: set `cores: 1` for it. For an external target, the assertion is skipped without `cores` or
   * `PERF_TARGET_CORES`.
   *
   * @default the cores that the target may use, by its affinity or its container's limits
   */
  readonly cores?: number
}

type OnCapacity<T, M> = On<T, CapacitySource, M, 'judges capacity, as await capacity.during(run) gives'>

/** Matchers of `expect()` for capacity. */
export interface CapacityMatchers<R extends void | Promise<void>, T> {
  /**
   * Mean CPU utilization of the target, or its maximum with `{ statistic: 'max' }`, over the run's judged phases, as a ratio (0–1) of the cores it may use: of its processes
   * and their descendants, of its containers, or from its own metrics.
   *
   * If the CPU is unknown, skipped for an external target and invalid for a target that the framework started.
   */
  toHaveCpuBelow: OnCapacity<T, (ratio: number, options?: CpuOptions) => R>
  /**
   * Mean of Redis' `used_memory`, or its maximum with `{ statistic: 'max' }`, as a ratio (0–1) of `maxmemory`, over the run's judged phases. Invalid without a `maxmemory`, or
   * if the user in the URL may not run INFO. Skipped for an external target whose Redis is not configured.
   */
  toHaveRedisMemoryBelow: OnCapacity<T, (ratio: number, options?: StatisticOptions) => R>
  /** Redis' `maxmemory-policy` at the end of the run's judged phases, e.g. `volatile-lru`. */
  toHaveEvictionPolicy: OnCapacity<T, (policy: string) => R>
  /**
   * Mean of the connections, or their highest number with `{ statistic: 'max' }`, as a ratio (0–1) of the maximum, over the run's judged phases, sampled once a second. On
   * `metrics.during(run)`: connections in use in the target's own pool, by its gauges, in its fullest instance. On
   * `capacity.during(run)`: connections of Postgres or pgBouncer.
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
  judge: (evidence, { ratio: limit, options }) => judgeUtilization(evidence.cpu(options.cores), limit, options),
})

const REDIS_MEMORY = lastOptions(object<StatisticOptions>()(STATISTIC, STATISTIC_EXAMPLE))

const toHaveRedisMemoryBelow = defineMatcher<CapacityEvidence, SharePlan<typeof REDIS_MEMORY>>({
  name: 'toHaveRedisMemoryBelow',
  subject: capacityWindow,
  readArguments: readArguments('toHaveRedisMemoryBelow(0.6)', {
    ratio: ratio('toHaveRedisMemoryBelow(0.6)'),
    options: REDIS_MEMORY,
  }),
  judge: (evidence, { ratio: limit, options }) => judgeUtilization(evidence.redisMemory(), limit, options),
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

function judgePolicy(
  { policy, invalidities, unavailable, evidenceLines }: PolicyEvidence,
  expected: string,
): Judgement {
  return {
    holds: policy === expected,
    expected: `eviction policy ${expected}`,
    expectedNot: `an eviction policy other than ${expected}`,
    received: `eviction policy ${policy ?? 'unknown'}`,
    invalidities,
    skipped: unavailable,
    evidence: evidenceLines,
    fix: `CONFIG SET maxmemory-policy ${expected}, or redis({ maxmemoryPolicy: '${expected}' }) in the config`,
    figure: { limit: 0, value: policy === undefined ? Number.NaN : Number(policy !== expected), unit: 'count' },
  }
}

/** Matchers of the utilization of the target and its stores. */
export const capacityMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toHaveCpuBelow,
  toHaveRedisMemoryBelow,
  toHaveEvictionPolicy,
  toHavePoolUsageBelow,
}
