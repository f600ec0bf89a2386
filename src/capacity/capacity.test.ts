import { describe, expect, test } from 'vitest'
import type { RunWindow } from '../evidence/run-window.ts'
import { type CapacityEvidence, capacityOf } from '../evidence/share-evidence.ts'
import { CapacityWindow } from './capacity-window.ts'
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

/** One a second, from 0. */
function samples<T>(values: readonly T[], failures: readonly Failure[] = []): Samples<T> {
  return { readings: values.map((value, second) => ({ atMs: second * 1_000, value })), failures, async sample() {} }
}

function cpuOf(...seconds: readonly number[]) {
  return samples(seconds.map((totalSec) => ({ totalSec, instancesSec: [totalSec] })))
}

const forgotten: Unseen = { reason: 'nothing is known', remedy: 'name it', isElsewhere: false }
const elsewhere: Unseen = { ...forgotten, isElsewhere: true }
const unseen: Sampled = { cpu: forgotten, cores: 2, redis: forgotten, postgres: forgotten, pgBouncer: forgotten }

const redis: RedisReading = {
  ...{ usedMemoryBytes: 30 * 1024, maxMemoryBytes: 100 * 1024, policy: 'volatile-lru' },
  ...{ evictedKeys: 0, keyspaceHits: 0, keyspaceMisses: 0 },
}
const postgres: PostgresReading = {
  ...{ connections: 10, activeConnections: 2, hiddenConnections: 0, maxConnections: 97, longestTransactionMs: 0 },
  ...{ deadlocks: 0, blocksHit: 0, blocksRead: 0 },
}

function judged(sampled: Partial<Sampled>, scope: RunWindow = window): CapacityEvidence {
  return new CapacityWindow(scope, { ...unseen, ...sampled })[capacityOf]()
}

describe('CPU', () => {
  test('is time used over time passed and cores, between the samples in scope', () => {
    const cpu = cpuOf(0, 5, 6, 6.5, 8.1, 12)
    const share = judged({ cpu }).cpu()
    expect(share).toMatchObject({ of: 'of 2 cores', sampleCount: 3, maxAtMs: 3_000, invalidities: [] })
    expect(share.mean).toBeCloseTo((1 + 0.5 + 1.6) / 3 / 2)
    expect(share.max).toBeCloseTo(0.8)
    expect(judged({ cpu }).cpu(1).mean).toBeCloseTo((1 + 0.5 + 1.6) / 3)
    expect(judged({ cpu }).cpu(1).of).toBe('of 1 core')
  })

  test('does not reach over what lies between two stretches in scope', () => {
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
    expect(share.sampleCount, 'a step too short for the clock is joined to the next').toBe(1)
  })

  test('a step from one process to another is left out, also where the second has used more', () => {
    const readings = [5, 6, 20, 20.5].map((totalSec, at) => ({
      atMs: (at + 1) * 1_000,
      value: { totalSec, instancesSec: [totalSec], pids: [at < 2 ? 7 : 8] },
    }))
    const share = judged({ cpu: { readings, failures: [], async sample() {} } }).cpu()
    expect(share.mean).toBeCloseTo((1 + 0.5) / 2 / 2)
    expect(share.sampleCount).toBe(2)
  })

  test('a process that was started again begins at zero, and that step is left out', () => {
    expect(judged({ cpu: cpuOf(0, 5, 6, 1, 2) }).cpu().mean).toBeCloseTo(0.5)
  })

  test('of several instances says which used how much', () => {
    const cpu = samples([0, 1, 2, 3, 4].map((at) => ({ totalSec: at * 1.25, instancesSec: [at * 0.25, at] })))
    expect(judged({ cpu }).cpu().evidenceLines).toEqual([
      'steady phase, 3 samples',
      'mean 62.5%   max 62.5% at 1 s   of 2 cores',
      'by instance 25%, 100% of one core',
    ])
  })

  test('is skipped where the cores of a target elsewhere are not known, and judged once they are said', () => {
    const sampled = { cpu: cpuOf(0, 1, 2, 3, 4), cores: undefined }
    expect(judged(sampled).cpu().unavailable).toMatch(/set PERF_TARGET_CORES, or say \{ cores: 4 \}$/)
    expect(judged(sampled).cpu(4)).toMatchObject({ mean: 0.25, unavailable: undefined })
  })
})

describe('Redis', () => {
  test('memory is a share of maxmemory; evictions and look-ups are told', () => {
    const at = (usedMemoryBytes: number, evictedKeys: number, keyspaceHits: number) => ({
      ...{ ...redis, usedMemoryBytes: usedMemoryBytes * 1024, evictedKeys, keyspaceHits, keyspaceMisses: 0 },
    })
    const share = judged({ redis: samples([at(90, 0, 0), at(30, 1, 10), at(50, 4, 20), at(40, 4, 50)]) }).redisMemory()
    expect(share.mean).toBeCloseTo(0.4)
    expect(share).toMatchObject({ max: 0.5, maxAtMs: 1_000, sampleCount: 3, invalidities: [] })
    expect(share.hint).toBe('keys were evicted: memory stays below its limit because data is thrown away')
    expect(share.evidenceLines).toEqual([
      'steady phase, 3 samples',
      'mean 40%   max 50% at 1 s   of maxmemory 100 KiB',
      '3 keys evicted   100% of 40 look-ups found their key',
    ])
  })

  test('without maxmemory there is no share, and the message says what to set', () => {
    const unlimited = samples([redis, { ...redis, maxMemoryBytes: 0 }])
    expect(judged({ redis: unlimited }).redisMemory().invalidities).toEqual([
      {
        reason: 'metric-missing',
        finding: 'Redis has no maxmemory, so there is no share of it',
        remedy: "set one: CONFIG SET maxmemory 256mb, or redis({ maxmemory: '256mb' }) in the config",
      },
    ])
  })

  test('what the server does not report is invalid, whatever the limit', () => {
    const [invalidity] = judged({ redis: samples([{ ...redis, maxMemoryBytes: Number.NaN }]) }).redisMemory()
      .invalidities
    expect(invalidity?.finding).toBe('INFO of this Redis does not report used_memory and maxmemory')
    const policy = judged({ redis: samples([{ ...redis, policy: undefined }]) }).evictionPolicy()
    expect(policy.invalidities[0]?.finding).toBe('INFO of this Redis does not report maxmemory_policy')
  })

  test('the policy is that at the end of the scope', () => {
    const policies = ['volatile-lru', 'volatile-lru', 'noeviction', 'allkeys-lru'].map((policy) => ({
      ...redis,
      policy,
    }))
    expect(judged({ redis: samples(policies) }).evictionPolicy()).toMatchObject({
      policy: 'allkeys-lru',
      evidenceLines: ['30 KiB of 100 KiB in use, 0 keys evicted in the steady phase'],
    })
    expect(judged({ redis: samples([]) }).evictionPolicy().invalidities[0]?.finding).toMatch(
      /no sample lies in the scope/,
    )
  })
})

test('Postgres: connections of those allowed, and what they were about', () => {
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
    'what 3 connections do is hidden from this role: GRANT pg_monitor shows it',
  ])
})

test('pgBouncer: the fullest pool, and who waits', () => {
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

describe('what was not seen', () => {
  test('is missing where it was forgotten, and skipped where it is elsewhere', () => {
    for (const [isElsewhere, observed] of [
      [false, forgotten],
      [true, elsewhere],
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
        expect(unavailable).toBe(isElsewhere ? 'nothing is known: name it' : undefined)
        expect(invalidities).toHaveLength(isElsewhere ? 0 : 1)
      }
    }
  })

  test('is no zero: no sample, or mostly failed ones, cannot be judged', () => {
    const failed = { atMs: 2_000, message: 'connection lost' }
    const nothing = judged({ postgres: samples<PostgresReading>([], [failed]) }).postgresConnections()
    expect(nothing.mean).toBeNaN()
    expect(nothing.invalidities[0]?.finding).toBe('no sample succeeded: connection lost')
    const few = judged({ redis: samples([redis, redis], [failed, failed]) }).redisMemory()
    expect(few.invalidities[0]?.finding).toBe('only 1 of 3 samples succeeded: connection lost')
    const earlier = { ...failed, atMs: -5 }
    expect(judged({ redis: samples([redis, redis], [earlier, earlier]) }).redisMemory().invalidities).toEqual([])
  })

  test('a scope shorter than a second is judged by the samples around it', () => {
    const spans = [{ startMs: 1_200, endMs: 1_800 }]
    const used = [10, 20, 40, 80].map((usedMemoryBytes) => ({ ...redis, usedMemoryBytes, maxMemoryBytes: 100 }))
    const share = judged({ redis: samples(used) }, { ...window, spans }).redisMemory()
    expect(share.mean).toBeCloseTo(0.3)
    expect(share.sampleCount).toBe(2)
  })
})

test('everything sampled since the start of the run is told to the report, with gaps where it failed', () => {
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
