import { checkKnownKeys, checkNumber } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import {
  capacityOf,
  metricsOf,
  type CapacityEvidence,
  type MetricsEvidence,
  type ShareEvidence,
} from '../run/share-evidence.ts'
import { formatRatio } from '../stats/units.ts'
import { readRatio, refuseMore } from './arguments.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import type { Subject } from './subject.ts'
import { formatDistance, judgeThreshold } from './threshold.ts'
import type { On } from './typing.ts'

/** A window of capacity samples, as `capacity.during(run)` gives. */
export interface CapacitySource {
  [capacityOf](): CapacityEvidence
}

/** A window of the target's metrics, as `metrics.during(run)` gives. */
export interface MetricsSource {
  [metricsOf](): MetricsEvidence
}

interface ShareOptions {
  /** Judge the mean over the window (default) or its worst second. */
  readonly on?: 'mean' | 'max'
}

interface CpuOptions extends ShareOptions {
  /**
   * How many cores are the whole. Default: those the target may run on. A single-threaded process can fill one core and
   * be far below the limit on a large machine: say `cores: 1` for it.
   */
  readonly cores?: number
}

interface PoolOptions extends ShareOptions {
  /** Gauge of connections in use. Default: `pg_pool_connections{state="active"}`. */
  readonly used?: string
  /** Gauge of the pool's size. Default: `pg_pool_size`. */
  readonly size?: string
}

type OnCapacity<T, M> = On<T, CapacitySource, M, 'judges capacity, as await capacity.during(run) gives'>
type OnPool<T, M> = On<T, CapacitySource | MetricsSource, M, 'judges a window, as await metrics.during(run) gives'>

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** CPU used by the target's processes and their descendants over the run's counted phases, as a share (0–1) of its cores. */
    toHaveCpuBelow: OnCapacity<T, (ratio: number, options?: CpuOptions) => R>
    /** Redis' `used_memory` as a share (0–1) of `maxmemory`. Without a `maxmemory` the assertion is invalid. */
    toHaveRedisMemoryBelow: OnCapacity<T, (ratio: number, options?: ShareOptions) => R>
    /** Redis' `maxmemory-policy` at the end of the run, e.g. `volatile-lru`. */
    toHaveEvictionPolicy: OnCapacity<T, (policy: string) => R>
    /**
     * Connections in use as a share (0–1). On `metrics.during(run)`: of the target's own pool, by its gauges. On
     * `capacity.during(run)`: of the connections that Postgres allows, all clients counted.
     */
    toHavePoolUsageBelow: OnPool<T, (ratio: number, options?: PoolOptions) => R>
  }
}

const capacity: Subject<CapacityEvidence> = {
  variable: 'capacity',
  noun: 'capacity, as await capacity.during(run) gives',
  read: (received) => (hasMethod<CapacitySource>(received, capacityOf) ? received[capacityOf]() : undefined),
}

const pool: Subject<CapacityEvidence | MetricsEvidence> = {
  variable: 'window',
  noun: 'a window, as await metrics.during(run) or await capacity.during(run) gives',
  read: (received) => (hasMethod<MetricsSource>(received, metricsOf) ? received[metricsOf]() : capacity.read(received)),
}

interface SharePlan<Options> {
  readonly limit: number
  readonly options: Options
}

const toHaveCpuBelow = defineMatcher<CapacityEvidence, SharePlan<CpuOptions>>({
  name: 'toHaveCpuBelow',
  subject: capacity,
  readArguments: (problems, args) => {
    const plan = readShare<CpuOptions>(problems, args, 'toHaveCpuBelow(0.7)', ['on', 'cores'])
    if (plan.options.cores !== undefined) checkNumber(problems, 'cores', plan.options.cores, { above: 0, example: 2 })
    return plan
  },
  judge: (evidence, { limit, options }) => judgeShare(evidence.cpu(options.cores), limit, options),
})

const toHaveRedisMemoryBelow = defineMatcher<CapacityEvidence, SharePlan<ShareOptions>>({
  name: 'toHaveRedisMemoryBelow',
  subject: capacity,
  readArguments: (problems, args) => readShare<ShareOptions>(problems, args, 'toHaveRedisMemoryBelow(0.6)', ['on']),
  judge: (evidence, { limit, options }) => judgeShare(evidence.redisMemory(), limit, options),
})

const toHavePoolUsageBelow = defineMatcher<CapacityEvidence | MetricsEvidence, SharePlan<PoolOptions>>({
  name: 'toHavePoolUsageBelow',
  subject: pool,
  readArguments: (problems, args) =>
    readShare<PoolOptions>(problems, args, 'toHavePoolUsageBelow(0.7)', ['on', 'used', 'size']),
  judge(evidence, { limit, options }) {
    const { used = 'pg_pool_connections{state="active"}', size = 'pg_pool_size' } = options
    const share = 'share' in evidence ? evidence.share('pool usage', used, size) : evidence.postgresConnections()
    return judgeShare(share, limit, options)
  },
})

const POLICIES = /^(noeviction|(allkeys|volatile)-(lru|lfu|random)|volatile-ttl)$/

const toHaveEvictionPolicy = defineMatcher<CapacityEvidence, string>({
  name: 'toHaveEvictionPolicy',
  subject: capacity,
  readArguments(problems, args) {
    const [policy] = args
    refuseMore(problems, args, 1, "toHaveEvictionPolicy('volatile-lru')")
    if (typeof policy !== 'string' || !POLICIES.test(policy))
      problems.add('policy', policy, 'must be a maxmemory-policy of Redis', "toHaveEvictionPolicy('volatile-lru')")
    return String(policy)
  },
  judge({ evictionPolicy: { policy, invalidities } }, wanted): Judgement {
    return {
      holds: policy === wanted,
      expected: `eviction policy ${wanted}`,
      expectedNot: `an eviction policy other than ${wanted}`,
      received: `eviction policy ${policy ?? 'unknown'}`,
      invalidities,
      evidence: [],
      hint: policy === wanted ? undefined : `CONFIG SET maxmemory-policy ${wanted}`,
    }
  },
})

/** Where the target and its stores stood. */
export const capacityMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toHaveCpuBelow,
  toHaveRedisMemoryBelow,
  toHaveEvictionPolicy,
  toHavePoolUsageBelow,
}

function readShare<Options extends ShareOptions>(
  problems: Problems,
  args: readonly unknown[],
  example: string,
  known: readonly string[],
): SharePlan<Options> {
  refuseMore(problems, args, 2, example)
  const limit = readRatio(problems, args[0], { path: 'ratio', example })
  const options = (args[1] ?? {}) as Options
  checkKnownKeys(problems, '', options, known)
  if (options.on !== undefined && options.on !== 'mean' && options.on !== 'max')
    problems.add('on', options.on, "must be 'mean' or 'max'", "on: 'max'")
  return { limit, options }
}

function judgeShare(share: ShareEvidence, limit: number, { on = 'mean' }: ShareOptions): Judgement {
  const value = share[on]
  const judged = judgeThreshold({
    what: on === 'mean' ? share.what : `highest ${share.what}`,
    side: 'below',
    limit,
    value,
    interval: undefined,
    confidence: undefined,
    show: formatRatio,
    detail: `${share.of} ${formatDistance(value, limit)}`.trim(),
  })
  return { ...judged, invalidities: share.invalidities, evidence: share.evidenceLines }
}

function hasMethod<Source>(received: unknown, method: symbol): received is Source {
  return typeof received === 'object' && received !== null && method in received
}
