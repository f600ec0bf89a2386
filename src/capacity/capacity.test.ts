import { describe, expect, test } from 'vitest'
import { windowOf, type RunWindow } from '../evidence/run-window.ts'
import { type CapacityEvidence, capacityOf } from '../evidence/utilization-evidence.ts'
import { CapacityWindow } from './capacity-window.ts'
import { createCapacity, type CpuOfMetrics } from './capacity.ts'
import type { PgBouncerReading } from './pgbouncer-sample.ts'
import type { PostgresReading } from './postgres-sample.ts'
import type { RedisReading } from './redis-sample.ts'
import type { Sampled } from './sampled.ts'
import type { Failure, Samples, Unseen } from './samples.ts'

/** Warm-up until 1,000, steady until 4,000, cool-down until 6,000. */
const window: RunWindow = {
  run: 'http 1',
  scope: 'steady phase',
  ...{ runStartMs: 0, runEndMs: 6_000, settledMs: 6_000 },
  spans: [{ startMs: 1_000, endMs: 4_000 }],
}

/** Samples, one per second, from 0. */
function samples<T>(values: readonly T[], failures: readonly Failure[] = []): Samples<T> {
  return { readings: values.map((value, second) => ({ atMs: second * 1_000, value })), failures, async sample() {} }
}

function cpuOf(...seconds: readonly number[]) {
  return samples(seconds.map((totalSec) => ({ totalSec, instancesSec: [totalSec] })))
}

const forgotten: Unseen = { reason: 'no database is configured', fix: 'name one', isExternal: false }
const external: Unseen = { ...forgotten, isExternal: true }
const nothingSampled: Sampled = {
  cpu: forgotten,
  cores: 2,
  redis: forgotten,
  postgres: forgotten,
  pgBouncer: forgotten,
}

const redis: RedisReading = {
  ...{ usedMemoryBytes: 30 * 1024, maxMemoryBytes: 100 * 1024, policy: 'volatile-lru' },
  ...{ evictedKeys: 0, keyspaceHits: 0, keyspaceMisses: 0 },
}
const postgres: PostgresReading = {
  ...{ connections: 10, activeConnections: 2, hiddenConnections: 0, maxConnections: 97, longestTransactionMs: 0 },
  ...{ deadlocks: 0, blocksHit: 0, blocksRead: 0 },
}

function judged(sampled: Partial<Sampled>, scope: RunWindow = window): CapacityEvidence {
  return new CapacityWindow(scope, { ...nothingSampled, ...sampled })[capacityOf]()
}

describe('CPU', () => {
  test('is the time used divided by elapsed time and cores, between the samples in scope', () => {
    const cpu = cpuOf(0, 5, 6, 6.5, 8.1, 12)
    const share = judged({ cpu }).cpu()
    expect(share).toMatchObject({ of: 'of 2 cores', sampleCount: 3, maxAtMs: 3_000, invalidities: [] })
    expect(share.mean).toBeCloseTo((1 + 0.5 + 1.6) / 3 / 2)
    expect(share.max).toBeCloseTo(0.8)
    expect(judged({ cpu }).cpu(1).mean).toBeCloseTo((1 + 0.5 + 1.6) / 3)
    expect(judged({ cpu }).cpu(1).of).toBe('of 1 core')
  })

  test('leaves out the time between two spans of the scope', () => {
    const spans = [
      { startMs: 0, endMs: 1_000 },
      { startMs: 4_000, endMs: 5_000 },
    ]
    expect(judged({ cpu: cpuOf(0, 1, 3, 5, 7, 8) }, { ...window, spans }).cpu().mean).toBeCloseTo(1 / 2)
  })

  test('is a mean over time, not over samples', () => {
    const readings = [0, 1_000, 1_100, 3_900].map((atMs, at) => ({
      atMs,
      value: { totalSec: [0, 0, 0.1, 0.1][at]!, instancesSec: [] },
    }))
    const share = judged({ cpu: { readings, failures: [], async sample() {} }, cores: 1 }).cpu()
    expect(share.mean).toBeCloseTo(0.1 / 2.9)
    expect(share.sampleCount, 'a step shorter than the clock can measure is joined to the next').toBe(1)
  })

  test('leaves out the step from one process to another, even if the second has used more', () => {
    const readings = [5, 6, 20, 20.5].map((totalSec, at) => ({
      atMs: (at + 1) * 1_000,
      value: { totalSec, instancesSec: [totalSec], pids: [at < 2 ? 7 : 8] },
    }))
    const share = judged({ cpu: { readings, failures: [], async sample() {} } }).cpu()
    expect(share.mean).toBeCloseTo((1 + 0.5) / 2 / 2)
    expect(share.sampleCount).toBe(2)
  })

  test('leaves out the step in which a process was restarted', () => {
    expect(judged({ cpu: cpuOf(0, 5, 6, 1, 2) }).cpu().mean).toBeCloseTo(0.5)
  })

  test('shows the CPU of each of several instances', () => {
    const cpu = samples([0, 1, 2, 3, 4].map((at) => ({ totalSec: at * 1.25, instancesSec: [at * 0.25, at] })))
    expect(judged({ cpu }).cpu().evidenceLines).toEqual([
      'steady phase, 3 samples',
      'mean 62.5%   max 62.5% at 1 s   of 2 cores',
      'by instance 25%, 100% of one core',
    ])
  })

  test('is invalid if it is 0 while the target sent many responses, or unknown for another reason', () => {
    const idle = cpuOf(5, 5, 5, 5, 5)
    expect(judged({ cpu: idle, responses: 1_000 }).cpu().invalidities).toMatchInlineSnapshot(`
      [
        {
          "finding": "the target used no CPU while it sent about 1,000 responses: another process sends them",
          "fix": "sample that process: let the command of the target run the server itself, or name its container in PERF_TARGET_CONTAINER",
          "reason": "metric-unreliable",
        },
      ]
    `)
    const two = samples([0, 1, 2, 3, 4].map((at) => ({ totalSec: at, instancesSec: [at, 7] })))
    const [ofOne] = judged({ cpu: two, responses: 2_000 }).cpu().invalidities
    expect(ofOne?.finding).toMatch(/^instance 2 of 2 used no CPU while it sent about 1,000 responses/)
    for (const believed of [
      { cpu: idle, responses: 999 },
      { cpu: cpuOf(5, 5, 5, 5.01, 5.01), responses: 1_000 },
      { cpu: two, responses: 1_999 },
    ])
      expect(judged(believed).cpu().invalidities).toEqual([])
    const cpuDoubt = { reason: 'metric-unreliable' as const, finding: 'process 7 was not sampled', fix: 'sample it' }
    expect(judged({ cpu: cpuOf(0, 1, 2, 3, 4), cpuDoubt }).cpu().invalidities).toEqual([cpuDoubt])
  })

  test.each([
    [[1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 9]],
    [[1, 2, 3, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]],
  ])('is invalid if its seconds are infinite: %j', (seconds) => {
    const [found] = judged({ cpu: cpuOf(...seconds) }).cpu().invalidities
    expect(found?.finding).toBe('the CPU time of the target is infinite in some samples')
  })

  test('is skipped if the cores of an external target are unknown, and judged if they are passed', () => {
    const sampled = { cpu: cpuOf(0, 1, 2, 3, 4), cores: undefined }
    expect(judged(sampled).cpu().unavailable).toMatch(/set PERF_TARGET_CORES, or pass \{ cores: 4 \}$/)
    expect(judged(sampled).cpu(4)).toMatchObject({ mean: 0.25, unavailable: undefined })
  })
})

describe('Redis', () => {
  test('memory is relative to maxmemory, shown with evictions and look-ups', () => {
    const at = (usedMemoryBytes: number, evictedKeys: number, keyspaceHits: number) => ({
      ...{ ...redis, usedMemoryBytes: usedMemoryBytes * 1024, evictedKeys, keyspaceHits, keyspaceMisses: 0 },
    })
    const share = judged({ redis: samples([at(90, 0, 0), at(30, 1, 10), at(50, 4, 20), at(40, 4, 50)]) }).redisMemory()
    expect(share.mean).toBeCloseTo(0.4)
    expect(share).toMatchObject({ max: 0.5, maxAtMs: 1_000, sampleCount: 3, invalidities: [] })
    expect(share.hint).toBe(
      'raise maxmemory, or store less: keys were evicted, so memory stays below its limit because data is deleted',
    )
    expect(share.evidenceLines).toEqual([
      'steady phase, 3 samples',
      'mean 40%   max 50% at 1 s   of maxmemory 100 KiB',
      '3 keys evicted   100% of 40 look-ups found their key',
    ])
  })

  test('memory is invalid without maxmemory, with a fix', () => {
    const unlimited = samples([redis, { ...redis, maxMemoryBytes: 0 }])
    expect(judged({ redis: unlimited }).redisMemory().invalidities).toEqual([
      {
        reason: 'metric-missing',
        finding: 'Redis has no maxmemory to compare its memory with',
        fix: "set one: CONFIG SET maxmemory 256mb, or redis({ maxmemory: '256mb' }) in the config",
      },
    ])
  })

  test('is invalid if the server does not report a field', () => {
    const [invalidity] = judged({ redis: samples([{ ...redis, maxMemoryBytes: Number.NaN }]) }).redisMemory()
      .invalidities
    expect(invalidity?.finding).toBe('INFO of this Redis does not report used_memory and maxmemory')
    const policy = judged({ redis: samples([{ ...redis, policy: undefined }]) }).evictionPolicy()
    expect(policy.invalidities[0]?.finding).toBe('INFO of this Redis does not report maxmemory_policy')
  })

  test('the eviction policy is the one at the end of the scope', () => {
    const policies = ['volatile-lru', 'volatile-lru', 'noeviction', 'allkeys-lru'].map((policy) => ({
      ...redis,
      policy,
    }))
    expect(judged({ redis: samples(policies) }).evictionPolicy()).toMatchObject({
      policy: 'allkeys-lru',
      evidenceLines: ['30 KiB of 100 KiB in use, 0 keys evicted in the steady phase'],
    })
    expect(judged({ redis: samples([]) }).evictionPolicy().invalidities[0]?.finding).toMatch(
      /no sample was taken in the scope/,
    )
  })
})

test('Postgres connections are relative to those allowed, shown with their activity', () => {
  const busy = {
    ...postgres,
    connections: 97,
    activeConnections: 30,
    longestTransactionMs: 2_340,
    hiddenConnections: 3,
  }
  const later = { ...postgres, deadlocks: 2, blocksHit: 998, blocksRead: 2 }
  const share = judged({ postgres: samples([postgres, postgres, busy, later]) }).postgresConnections()
  expect(share).toMatchObject({ max: 1, of: 'of 97 that Postgres allows' })
  expect(share.evidenceLines.slice(2)).toEqual([
    'at most 30 active   longest transaction 2.34 s   2 deadlocks   99.8% of blocks found in its cache',
    'the activity of 3 connections is hidden from this role: GRANT pg_monitor shows it',
  ])
})

test('pgBouncer pool usage is that of the fullest pool, shown with waiting clients', () => {
  const at = (used: number, waiting: number, longestWaitMs: number): PgBouncerReading => ({
    pools: [
      { name: 'shop/app', used, size: 10 },
      { name: 'shop/admin', used: 1, size: 10 },
    ],
    ...{ waiting, longestWaitMs },
  })
  const share = judged({ pgBouncer: samples([at(0, 0, 0), at(5, 0, 0), at(10, 7, 120)]) }).pgBouncerPools()
  expect(share).toMatchObject({ mean: 0.75, max: 1, of: 'of 10 in pool shop/app' })
  expect(share.evidenceLines.at(-1)).toBe('at most 7 clients waiting for a connection, the longest for 120 ms')
  expect(share.hint).toMatch(/^clients waited for a server connection/)
})

describe('missing samples', () => {
  test('make assertions invalid, and skipped if the target is external', () => {
    for (const [isExternal, observed] of [
      [false, forgotten],
      [true, external],
    ] as const) {
      const evidence = judged({ cpu: observed, redis: observed, postgres: observed, pgBouncer: observed })
      const all = [
        evidence.cpu(),
        evidence.redisMemory(),
        evidence.postgresConnections(),
        evidence.pgBouncerPools(),
        evidence.evictionPolicy(),
      ]
      for (const { unavailable, invalidities } of all) {
        expect(unavailable).toBe(isExternal ? 'no database is configured: name one' : undefined)
        expect(invalidities).toHaveLength(isExternal ? 0 : 1)
      }
    }
  })

  test('make evidence invalid if no sample succeeded, or most failed', () => {
    const failed = { atMs: 2_000, message: 'connection lost' }
    const nothing = judged({ postgres: samples<PostgresReading>([], [failed]) }).postgresConnections()
    expect(nothing.mean).toBeNaN()
    expect(nothing.invalidities[0]?.finding).toBe('no sample succeeded: connection lost')
    const few = judged({ redis: samples([redis, redis], [failed, failed]) }).redisMemory()
    expect(few.invalidities[0]?.finding).toBe('only 1 of 3 samples succeeded: connection lost')
    const earlier = { ...failed, atMs: -5 }
    expect(judged({ redis: samples([redis, redis], [earlier, earlier]) }).redisMemory().invalidities).toEqual([])
  })

  test('within a scope shorter than a second are replaced by the samples around it', () => {
    const spans = [{ startMs: 1_200, endMs: 1_800 }]
    const used = [10, 20, 40, 80].map((usedMemoryBytes) => ({ ...redis, usedMemoryBytes, maxMemoryBytes: 100 }))
    const share = judged({ redis: samples(used) }, { ...window, spans }).redisMemory()
    expect(share.mean).toBeCloseTo(0.3)
    expect(share.sampleCount).toBe(2)
  })
})

test('charts contain all samples since the start of the run, with gaps for failed ones', () => {
  const later = { ...redis, evictedKeys: 6, keyspaceHits: 3, keyspaceMisses: 1 }
  const sampled: Sampled = {
    cpu: cpuOf(0, 1, 3),
    cores: 2,
    redis: samples([redis, redis, later], [{ atMs: 1_500, message: 'connection lost' }]),
    postgres: samples([postgres, { ...postgres, deadlocks: 2 }]),
    pgBouncer: forgotten,
  }
  const { series } = new CapacityWindow({ ...window, runStartMs: 500 }, sampled)
  expect(series.map(({ group, label, unit, atSec, values }) => [group, label, unit, atSec, values])).toEqual([
    ['target', 'CPU', 'ratio', [0.5, 1.5], [0.5, 1]],
    ['redis', 'used memory', 'bytes', [0.5, 1, 1.5], [30_720, null, 30_720]],
    ['redis', 'maxmemory', 'bytes', [0.5, 1, 1.5], [102_400, null, 102_400]],
    ['redis', 'evicted keys', 'perSec', [0.5, 1, 1.5], [0, null, 6]],
    ['redis', 'keys found', 'ratio', [1, 1.5], [null, 0.75]],
    ['postgres', 'connections', 'count', [0.5], [10]],
    ['postgres', 'active', 'count', [0.5], [2]],
    ['postgres', 'longest transaction', 'ms', [0.5], [0]],
    ['postgres', 'deadlocks', 'perSec', [0.5], [2]],
  ])
})

describe('CPU of an external target', () => {
  async function scraped(more: Partial<CpuOfMetrics>) {
    const seconds = [0, 5, 6, 7, 8, 9, 10]
    const readings = seconds.map((totalSec, at) => ({ atMs: at * 1_000, totalSec, generation: 0 }))
    await using capacity = await createCapacity({
      ...{ pids: [], cores: 2, isExternal: true },
      cpuOfMetrics: () => ({ readings, failures: [], doubt: undefined, ...more }),
    })
    const found = await capacity.during({ [windowOf]: () => window })
    return found[capacityOf]().cpu()
  }

  test('is that of its metrics', async () => {
    expect(await scraped({})).toMatchObject({ mean: 0.5, max: 0.5, invalidities: [] })
  })

  test('leaves out the second in which an instance is added', async () => {
    const totals = [0, 5, 6, 507, 508, 509, 510]
    const readings = totals.map((totalSec, at) => ({ atMs: at * 1_000, totalSec, generation: at < 3 ? 0 : 1 }))
    expect(await scraped({ readings })).toMatchObject({ mean: 0.5, max: 0.5, sampleCount: 2, invalidities: [] })
  })

  test('is invalid if several processes respond behind one route', async () => {
    const doubt = 'several processes respond behind one metrics route: process_start_time_seconds went back'
    const { invalidities } = await scraped({ doubt })
    expect(invalidities).toMatchInlineSnapshot(`
      [
        {
          "finding": "the CPU time of the target is unknown: several processes respond behind one metrics route: process_start_time_seconds went back",
          "fix": "list the metrics route of each process (metrics: { url: [first, second] }), or aggregate all processes in one route",
          "reason": "metric-unreliable",
        },
      ]
    `)
  })

  test('is invalid if most scrapes failed', async () => {
    const failures = [1_500, 2_500, 3_000, 3_500].map((atMs) => ({ atMs, message: 'the route did not respond' }))
    const { invalidities } = await scraped({ failures })
    expect(invalidities).toMatchObject([{ finding: 'only 3 of 7 samples succeeded: the route did not respond' }])
  })
})
