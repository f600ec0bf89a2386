import { describe, expect, test } from 'vitest'
import {
  capacityOf,
  metricsOf,
  type CapacityEvidence,
  type MetricsEvidence,
  type PolicyEvidence,
  type UtilizationEvidence,
} from '../evidence/utilization-evidence.ts'
import { messageOf } from '../testing/message-of.ts'
import { sampleHttpRun } from '../testing/sample-runs.ts'
import type { CapacitySource, MetricsSource } from './window-subject.ts'
import './register.ts'

const share: UtilizationEvidence = {
  ...{ what: 'CPU of the target', of: 'of 2 cores', mean: 0.42, max: 0.93, maxAtMs: 7_000, sampleCount: 10 },
  ...{ hint: undefined, invalidities: [], unavailable: undefined },
  evidenceLines: ['steady phase, 10 samples', 'mean 42%   max 93% at 7 s   of 2 cores'],
}
const policy: PolicyEvidence = {
  ...{ policy: 'volatile-lru', invalidities: [], unavailable: undefined },
  evidenceLines: ['30 MiB of 256 MiB in use, 0 keys evicted in the steady phase'],
}
const invalid = {
  invalidities: [{ reason: 'metric-missing', finding: 'no sample succeeded', fix: 'see why' }],
} as const
const unavailable = { unavailable: 'the target is external: set PERF_TARGET_CONTAINER' }

interface Used {
  cores?: number | undefined
  share?: readonly [string, string, string]
  pool?: 'postgres' | 'pgbouncer'
}

function capacity(found: Partial<UtilizationEvidence & PolicyEvidence> = {}, used: Used = {}): CapacitySource {
  const evidence: CapacityEvidence = {
    cpu(cores) {
      used.cores = cores
      return { ...share, ...found }
    },
    redisMemory: () => ({ ...share, what: 'Redis memory', of: 'of maxmemory 256 MiB', ...found }),
    postgresConnections() {
      used.pool = 'postgres'
      return { ...share, what: 'Postgres connections', of: 'of 97 that Postgres allows', ...found }
    },
    pgBouncerPools() {
      used.pool = 'pgbouncer'
      return { ...share, what: 'pgBouncer pool', of: 'of 20 in pool shop/app', ...found }
    },
    evictionPolicy: () => ({ ...policy, ...found }),
  }
  return { [capacityOf]: () => evidence }
}

function metrics(used: Used = {}): MetricsSource {
  const evidence: MetricsEvidence = {
    share(...args) {
      used.share = args
      return { ...share, what: 'pool usage', of: 'of pg_pool_size 10' }
    },
    hitRatio: () => {
      throw new Error('not used here')
    },
  }
  return { [metricsOf]: () => evidence }
}

/** Cast for arguments that would not compile. */
const untyped = (value: unknown) => value as never

describe('toHaveCpuBelow', () => {
  test('judges the mean, or the worst second, in both polarities', () => {
    expect(capacity()).toHaveCpuBelow(0.7)
    expect(capacity()).not.toHaveCpuBelow(0.7, { statistic: 'max' })
    expect(messageOf(() => expect(capacity()).toHaveCpuBelow(0.42))).toMatchInlineSnapshot(`
      "Error: expect(capacity).toHaveCpuBelow(0.42)

      Expected: mean CPU of the target < 42%
      Received: mean CPU of the target = 42% of 2 cores

      Evidence: steady phase, 10 samples
                mean 42%   max 93% at 7 s   of 2 cores
      Fix:      find in the report what was used most, and when; then reduce the use or raise the capacity"
    `)
    expect(messageOf(() => expect(capacity()).toHaveCpuBelow(0.7, { statistic: 'max' }))).toMatchInlineSnapshot(`
      "Error: expect(capacity).toHaveCpuBelow(0.7, { statistic: 'max' })

      Expected: highest CPU of the target < 70%
      Received: highest CPU of the target = 93% of 2 cores (+32.9%)

      Evidence: steady phase, 10 samples
                mean 42%   max 93% at 7 s   of 2 cores
      Fix:      find in the report what was used most, and when; then reduce the use or raise the capacity"
    `)
    expect(messageOf(() => expect(capacity()).not.toHaveCpuBelow(0.7))).toMatchInlineSnapshot(`
      "Error: expect(capacity).not.toHaveCpuBelow(0.7)

      Expected: mean CPU of the target ≥ 70%
      Received: mean CPU of the target = 42% of 2 cores (−40%); highest 93%: { statistic: 'max' } judges it

      Evidence: steady phase, 10 samples
                mean 42%   max 93% at 7 s   of 2 cores
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('names a maximum above the limit of the mean', () => {
    const ofPeaks = messageOf(() => expect(capacity({ mean: 0.5, max: 0.9 })).not.toHaveCpuBelow(0.7))
    expect(ofPeaks).toContain(
      "Received: mean CPU of the target = 50% of 2 cores (−28.6%); highest 90%: { statistic: 'max' } judges it",
    )
    expect(messageOf(() => expect(capacity({ mean: 0.5, max: 0.6 })).not.toHaveCpuBelow(0.7))).toContain('(−28.6%)\n')
    expect(messageOf(() => expect(capacity({ mean: 0.8, max: 0.9 })).toHaveCpuBelow(0.7))).toContain('(+14.3%)\n')
  })

  test('passes on the number of cores', () => {
    const used: Used = {}
    expect(capacity({}, used)).toHaveCpuBelow(0.7, { cores: 1.5 })
    expect(used.cores).toBe(1.5)
  })

  test('is invalid in both polarities without samples', () => {
    const nothing = capacity({ mean: Number.NaN, max: Number.NaN, evidenceLines: [], ...invalid })
    expect(messageOf(() => expect(nothing).toHaveCpuBelow(0.7))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(capacity).toHaveCpuBelow(0.7)

      Expected: mean CPU of the target < 70%
      Received: INVALID, not judged. metric-missing: no sample succeeded

      Fix:      see why"
    `)
    expect(messageOf(() => expect(nothing).not.toHaveCpuBelow(0.7))).toMatch(/^InvalidRunError/)
  })
})

describe('toHaveRedisMemoryBelow', () => {
  test('judges in both polarities', () => {
    expect(capacity()).toHaveRedisMemoryBelow(0.6)
    const hint = 'keys were evicted'
    expect(messageOf(() => expect(capacity({ hint })).toHaveRedisMemoryBelow(0.3))).toMatchInlineSnapshot(`
      "Error: expect(capacity).toHaveRedisMemoryBelow(0.3)

      Expected: mean Redis memory < 30%
      Received: mean Redis memory = 42% of maxmemory 256 MiB (+40%)

      Evidence: steady phase, 10 samples
                mean 42%   max 93% at 7 s   of 2 cores
      Fix:      keys were evicted"
    `)
    expect(messageOf(() => expect(capacity()).not.toHaveRedisMemoryBelow(0.6))).toMatchInlineSnapshot(`
      "Error: expect(capacity).not.toHaveRedisMemoryBelow(0.6)

      Expected: mean Redis memory ≥ 60%
      Received: mean Redis memory = 42% of maxmemory 256 MiB (−30%); highest 93%: { statistic: 'max' } judges it

      Evidence: steady phase, 10 samples
                mean 42%   max 93% at 7 s   of 2 cores
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('is invalid in both polarities without a maxmemory', () => {
    const finding = 'Redis has no maxmemory, so there is no share of it'
    const fix = 'set one: CONFIG SET maxmemory 256mb'
    const unlimited = capacity({ invalidities: [{ reason: 'metric-missing', finding, fix }], evidenceLines: [] })
    expect(messageOf(() => expect(unlimited).toHaveRedisMemoryBelow(0.6))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(capacity).toHaveRedisMemoryBelow(0.6)

      Expected: mean Redis memory < 60%
      Received: INVALID, not judged. metric-missing: Redis has no maxmemory, so there is no share of it

      Fix:      set one: CONFIG SET maxmemory 256mb"
    `)
    expect(messageOf(() => expect(unlimited).not.toHaveRedisMemoryBelow(0.6))).toMatch(/^InvalidRunError/)
  })
})

describe('toHaveEvictionPolicy', () => {
  test('judges in both polarities', () => {
    expect(capacity()).toHaveEvictionPolicy('volatile-lru')
    expect(capacity()).not.toHaveEvictionPolicy('noeviction')
    const refusing = capacity({ policy: 'noeviction' })
    expect(messageOf(() => expect(refusing).toHaveEvictionPolicy('volatile-lru'))).toMatchInlineSnapshot(`
      "Error: expect(capacity).toHaveEvictionPolicy('volatile-lru')

      Expected: eviction policy volatile-lru
      Received: eviction policy noeviction

      Evidence: 30 MiB of 256 MiB in use, 0 keys evicted in the steady phase
      Fix:      CONFIG SET maxmemory-policy volatile-lru, or redis({ maxmemoryPolicy: 'volatile-lru' }) in the config"
    `)
    expect(messageOf(() => expect(refusing).not.toHaveEvictionPolicy('noeviction'))).toMatchInlineSnapshot(`
      "Error: expect(capacity).not.toHaveEvictionPolicy('noeviction')

      Expected: an eviction policy other than noeviction
      Received: eviction policy noeviction

      Evidence: 30 MiB of 256 MiB in use, 0 keys evicted in the steady phase
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('is invalid in both polarities without a sample of the policy', () => {
    const unknown = capacity({ policy: undefined, evidenceLines: [], ...invalid })
    expect(messageOf(() => expect(unknown).toHaveEvictionPolicy('volatile-lru'))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(capacity).toHaveEvictionPolicy('volatile-lru')

      Expected: eviction policy volatile-lru
      Received: INVALID, not judged. metric-missing: no sample succeeded

      Fix:      see why"
    `)
    expect(messageOf(() => expect(unknown).not.toHaveEvictionPolicy('volatile-lru'))).toMatch(/^InvalidRunError/)
  })
})

describe('toHavePoolUsageBelow', () => {
  test("judges the target's own pool in both polarities, by the named gauges", () => {
    const used: Used = {}
    expect(metrics(used)).toHavePoolUsageBelow(0.7)
    expect(used.share).toEqual(['pool usage', 'pg_pool_connections{state="active"}', 'pg_pool_size'])
    expect(metrics(used)).toHavePoolUsageBelow(0.7, { used: 'in_use', size: 'size' })
    expect(used.share).toEqual(['pool usage', 'in_use', 'size'])
    expect(messageOf(() => expect(metrics()).toHavePoolUsageBelow(0.4))).toMatchInlineSnapshot(`
      "Error: expect(window).toHavePoolUsageBelow(0.4)

      Expected: mean pool usage < 40%
      Received: mean pool usage = 42% of pg_pool_size 10 (+5%)

      Evidence: steady phase, 10 samples
                mean 42%   max 93% at 7 s   of 2 cores
      Fix:      find in the report what was used most, and when; then reduce the use or raise the capacity"
    `)
    expect(messageOf(() => expect(metrics()).not.toHavePoolUsageBelow(0.7))).toMatchInlineSnapshot(`
      "Error: expect(window).not.toHavePoolUsageBelow(0.7)

      Expected: mean pool usage ≥ 70%
      Received: mean pool usage = 42% of pg_pool_size 10 (−40%); highest 93%: { statistic: 'max' } judges it

      Evidence: steady phase, 10 samples
                mean 42%   max 93% at 7 s   of 2 cores
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('judges connections of Postgres, or of pgBouncer', () => {
    const used: Used = {}
    expect(capacity({}, used)).toHavePoolUsageBelow(0.7)
    expect(used.pool).toBe('postgres')
    expect(capacity({}, used)).toHavePoolUsageBelow(0.7, { source: 'pgbouncer' })
    expect(used.pool).toBe('pgbouncer')
    expect(messageOf(() => expect(capacity()).toHavePoolUsageBelow(0.4))).toMatchInlineSnapshot(`
      "Error: expect(window).toHavePoolUsageBelow(0.4)

      Expected: mean Postgres connections < 40%
      Received: mean Postgres connections = 42% of 97 that Postgres allows (+5%)

      Evidence: steady phase, 10 samples
                mean 42%   max 93% at 7 s   of 2 cores
      Fix:      find in the report what was used most, and when; then reduce the use or raise the capacity"
    `)
    expect(messageOf(() => expect(capacity()).toHavePoolUsageBelow(0.9, { source: 'pgbouncer', statistic: 'max' })))
      .toMatchInlineSnapshot(`
        "Error: expect(window).toHavePoolUsageBelow(0.9, { source: 'pgbouncer', statistic: 'max' })

        Expected: highest pgBouncer pool < 90%
        Received: highest pgBouncer pool = 93% of 20 in pool shop/app (+3.3%)

        Evidence: steady phase, 10 samples
                  mean 42%   max 93% at 7 s   of 2 cores
        Fix:      find in the report what was used most, and when; then reduce the use or raise the capacity"
      `)
  })

  test('is invalid in both polarities without samples', () => {
    expect(messageOf(() => expect(capacity(invalid)).toHavePoolUsageBelow(0.7))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(capacity(invalid)).not.toHavePoolUsageBelow(0.7))).toMatch(/^InvalidRunError/)
  })

  test('rejects options of the other kind of window', () => {
    expect(messageOf(() => expect(capacity()).toHavePoolUsageBelow(0.7, untyped({ used: 'a', size: 'b' }))))
      .toMatchInlineSnapshot(`
        "OptionsError: toHavePoolUsageBelow() received 2 invalid options:

          options.used: is an option for metrics.during(run), and this is capacity.during(run)
            Received: 'a'
            Fix:      write, for example, expect(await metrics.during(run)).toHavePoolUsageBelow(0.7, …)
          options.size: is an option for metrics.during(run), and this is capacity.during(run)
            Received: 'b'
            Fix:      write, for example, expect(await metrics.during(run)).toHavePoolUsageBelow(0.7, …)"
      `)
    expect(messageOf(() => expect(metrics()).toHavePoolUsageBelow(0.7, untyped({ source: 'pgbouncer' })))).toContain(
      'is an option for capacity.during(run), and this is metrics.during(run)',
    )
  })
})

test('capacity matchers are skipped with the reason in both polarities if capacity is unavailable', ({ task }) => {
  const unavailableSource = capacity(unavailable)
  expect(unavailableSource).toHaveCpuBelow(0.7)
  expect(unavailableSource).not.toHaveRedisMemoryBelow(0.6)
  expect(unavailableSource).toHaveEvictionPolicy('noeviction')
  expect(unavailableSource).not.toHavePoolUsageBelow(0.6)
  const { assertions = [] } = task.meta.slo ?? {}
  expect(assertions.map(({ assertion, outcome }) => `${outcome} ${assertion}`)).toEqual([
    'skipped toHaveCpuBelow(0.7)',
    'skipped not.toHaveRedisMemoryBelow(0.6)',
    "skipped toHaveEvictionPolicy('noeviction')",
    'skipped not.toHavePoolUsageBelow(0.6)',
  ])
  expect(assertions[0]?.received).toBe('not checked: the target is external: set PERF_TARGET_CONTAINER')
})

test('capacity matchers report every invalid argument in one error', () => {
  const wrong = () => expect(capacity()).toHaveCpuBelow(70, untyped({ statistic: 'p95', cores: 0, core: 2 }))
  expect(messageOf(wrong)).toMatchInlineSnapshot(`
    "OptionsError: toHaveCpuBelow() received 4 invalid options:

      ratio: must be a ratio above 0 and below 1, not percent; for 70% write 0.7
        Received: 70
        Fix:      write, for example, toHaveCpuBelow(0.7)
      options.core: unknown option; did you mean cores? Valid options: statistic, cores
        Received: 2
        Fix:      write cores: 2
      options.statistic: must be 'mean' or 'max'
        Received: 'p95'
        Fix:      write, for example, statistic: 'max'
      options.cores: must be a number above 0
        Received: 0
        Fix:      write, for example, cores: 2"
  `)
  expect(messageOf(() => expect(capacity()).toHavePoolUsageBelow(0.7, untyped({ source: 'mysql' })))).toContain(
    "must be 'postgres' or 'pgbouncer'",
  )
  expect(messageOf(() => expect(capacity()).toHaveEvictionPolicy('lru'))).toContain(
    'must be a maxmemory-policy of Redis',
  )
  expect(messageOf(() => expect(capacity()).toHaveRedisMemoryBelow(0.6, untyped('max')))).toContain('must be an object')
})

test('capacity matchers reject values that are not windows', () => {
  expect(messageOf(() => expect(untyped(sampleHttpRun())).toHaveCpuBelow(untyped(0.7)))).toMatch(
    /^TypeError: toHaveCpuBelow\(\) judges capacity, as await capacity.during\(run\) gives; received an HTTP run/,
  )
  expect(messageOf(() => expect(untyped(metrics())).toHaveCpuBelow(untyped(0.7)))).toMatch(
    /\nFix: use a matcher that accepts it: .*toHavePoolUsageBelow/,
  )
})
