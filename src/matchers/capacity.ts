import { checkKnownKeys, checkNumber } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { capacityOf, metricsOf } from '../run/share-evidence.ts'
import type { CapacityEvidence, MetricsEvidence, PolicyEvidence, ShareEvidence } from '../run/share-evidence.ts'
import { formatRatio } from '../stats/units.ts'
import { readRatio, refuseMore } from './arguments.ts'
import { defineMatcher } from './define.ts'
import type { ExtendMatcher, Judgement } from './define.ts'
import type { Subject } from './subject.ts'
import { formatDistance, judgeThreshold } from './threshold.ts'
import type { CannotJudge, On } from './typing.ts'

/** A window of capacity samples, as `capacity.during(run)` gives. */
export interface CapacitySource {
  [capacityOf](): CapacityEvidence
}

/** A window of the target's metrics, as `metrics.during(run)` gives. */
export interface MetricsSource {
  [metricsOf](): MetricsEvidence
}

export interface OnOptions {
  /**
   * Judge the mean over the run's counted phases (default), or its worst second: one sample, so a limit on it has to
   * leave room for what a second now and then does.
   */
  readonly on?: 'mean' | 'max'
}

export interface CpuOptions extends OnOptions {
  /**
   * How many cores are the whole; may be a fraction. Default: those the target may run on, by its affinity or its
   * container's limits. A single-threaded process can fill one core and be far below the limit on a large machine: say
   * `cores: 1` for it. Of a target that runs elsewhere nobody here knows: without `cores` or `PERF_TARGET_CORES` the
   * assertion is skipped.
   */
  readonly cores?: number
}

export interface PoolOptions extends OnOptions {
  /** Selector of the gauge of connections in use. Default: `pg_pool_connections{state="active"}`. */
  readonly used?: string
  /** Selector of the gauge of how many the pool may open. Default: `pg_pool_size`. */
  readonly size?: string
}

export interface ConnectionOptions extends OnOptions {
  /**
   * Whose connections. `'postgres'` (default): those open, used or idle, by all clients, of `max_connections` less the
   * reserved ones. `'pgbouncer'`: server connections in use of the `pool_size` of its fullest pool.
   */
  readonly of?: 'postgres' | 'pgbouncer'
}

type OnCapacity<T, M> = On<T, CapacitySource, M, 'judges capacity, as await capacity.during(run) gives'>

/** The options differ with the window; where it is unknown, as in asymmetric use, all are allowed. */
type PoolUsage<T, R> = unknown extends T
  ? (ratio: number, options?: PoolOptions & ConnectionOptions) => R
  : [T] extends [MetricsSource]
    ? (ratio: number, options?: PoolOptions) => R
    : [T] extends [CapacitySource]
      ? (ratio: number, options?: ConnectionOptions) => R
      : CannotJudge<'judges a window, as await metrics.during(run) or await capacity.during(run) gives'>

/** `expect()` has these; each belongs to what its first parameter `this` says. */
export interface CapacityMatchers<R extends void | Promise<void>, T> {
  /**
   * CPU used by the target over the run's counted phases, as a share (0–1) of the cores it may use: of its processes
   * and their descendants, of its containers, or as its own metrics have it.
   *
   * Skipped for a target that runs elsewhere and says nothing of its CPU; invalid for one of ours.
   */
  toHaveCpuBelow: OnCapacity<T, (ratio: number, options?: CpuOptions) => R>
  /**
   * Redis' `used_memory` as a share (0–1) of `maxmemory`, over the run's counted phases. Without a `maxmemory` the
   * assertion is invalid. Skipped where the target runs elsewhere and its Redis is not named.
   */
  toHaveRedisMemoryBelow: OnCapacity<T, (ratio: number, options?: OnOptions) => R>
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
  readArguments(problems, args) {
    const plan = readShare<CpuOptions>(problems, args, 'toHaveCpuBelow(0.7)', ['on', 'cores'])
    const { cores } = plan.options
    if (cores !== undefined) checkNumber(problems, 'options.cores', cores, { above: 0, example: 2 })
    return plan
  },
  judge: (evidence, { limit, options }) => judgeShare(evidence.cpu(options.cores), limit, options),
})

const toHaveRedisMemoryBelow = defineMatcher<CapacityEvidence, SharePlan<OnOptions>>({
  name: 'toHaveRedisMemoryBelow',
  subject: capacity,
  readArguments: (problems, args) => readShare<OnOptions>(problems, args, 'toHaveRedisMemoryBelow(0.6)', ['on']),
  judge: (evidence, { limit, options }) => judgeShare(evidence.redisMemory(), limit, options),
})

const toHavePoolUsageBelow = defineMatcher<
  CapacityEvidence | MetricsEvidence,
  SharePlan<PoolOptions & ConnectionOptions>
>({
  name: 'toHavePoolUsageBelow',
  subject: pool,
  readArguments(problems, args) {
    const known = ['on', 'used', 'size', 'of']
    const plan = readShare<PoolOptions & ConnectionOptions>(problems, args, 'toHavePoolUsageBelow(0.7)', known)
    const { of, used, size } = plan.options
    if (of !== undefined && of !== 'postgres' && of !== 'pgbouncer')
      problems.add('options.of', of, "must be 'postgres' or 'pgbouncer'", "of: 'pgbouncer'")
    checkSelector(problems, 'used', used, 'pg_pool_connections{state="active"}')
    checkSelector(problems, 'size', size, 'pg_pool_size')
    return plan
  },
  judge: (evidence, { limit, options }) => judgeShare(poolShare(evidence, options), limit, options),
})

/** @throws {OptionsError} where options are for the other kind of window: they would be passed over */
function poolShare(
  evidence: CapacityEvidence | MetricsEvidence,
  options: PoolOptions & ConnectionOptions,
): ShareEvidence {
  const { of = 'postgres', used = 'pg_pool_connections{state="active"}', size = 'pg_pool_size' } = options
  const ofMetrics = 'share' in evidence
  const problems = new Problems()
  for (const key of ofMetrics ? (['of'] as const) : (['used', 'size'] as const)) {
    if (options[key] === undefined) continue
    const [given, wanted] = ofMetrics ? ['metrics', 'capacity'] : ['capacity', 'metrics']
    const rule = `is an option for ${wanted}.during(run), and this is ${given}.during(run)`
    problems.add(
      `options.${key}`,
      options[key],
      rule,
      `expect(await ${wanted}.during(run)).toHavePoolUsageBelow(0.7, …)`,
    )
  }
  problems.throwIfAny('toHavePoolUsageBelow()')
  if (ofMetrics) return evidence.share('pool usage', used, size)
  return of === 'postgres' ? evidence.postgresConnections() : evidence.pgBouncerPools()
}

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

function readShare<Options extends OnOptions>(
  problems: Problems,
  args: readonly unknown[],
  example: string,
  known: readonly string[],
): SharePlan<Options> {
  refuseMore(problems, args, 2, example)
  const limit = readRatio(problems, args[0], { path: 'ratio', example })
  const given = args[1] ?? {}
  if (typeof given !== 'object') {
    problems.add('options', given, 'must be an object', "{ on: 'max' }")
    return { limit, options: {} as Options }
  }
  const options = given as Options
  checkKnownKeys(problems, 'options', options, known)
  if (options.on !== undefined && options.on !== 'mean' && options.on !== 'max')
    problems.add('options.on', options.on, "must be 'mean' or 'max'", "on: 'max'")
  return { limit, options }
}

function checkSelector(problems: Problems, key: string, value: unknown, example: string): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return
  problems.add(`options.${key}`, value, 'must select a gauge of the target', `${key}: '${example}'`)
}

function judgeShare(share: ShareEvidence, limit: number, { on = 'mean' }: OnOptions): Judgement {
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
  return {
    ...judged,
    invalidities: share.invalidities,
    skipped: share.unavailable,
    evidence: share.evidenceLines,
    hint: share.hint,
  }
}

function hasMethod<Source>(received: unknown, method: symbol): received is Source {
  return typeof received === 'object' && received !== null && method in received
}
