import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { capacityOf } from '../run/share-evidence.ts'
import { windowOf, type RunWindow } from '../run/window.ts'
import { createCapacity } from './capacity.ts'
import { CapacityWindow, type Sampled } from './capacity-window.ts'
import { cpuSecondsOf } from './process-cpu.ts'
import { parseInfo } from './redis-sample.ts'
import type { Sampler } from './sampler.ts'

const window: RunWindow = {
  run: 'http 1',
  runStartMs: 0,
  scope: 'steady phase',
  spans: [{ startMs: 1_000, endMs: 4_000 }],
}

/** A sampler that has these readings, one a second. */
function sampled<T>(values: readonly T[], failures: readonly string[] = []): Sampler<T> {
  const readings = values.map((value, index) => ({ atMs: index * 1_000, value }))
  return {
    readings,
    failures,
    during: () => readings.filter(({ atMs }) => atMs >= 1_000 && atMs <= 4_000),
  } as unknown as Sampler<T>
}

const absent = {
  cpu: 'no target',
  redis: 'no Redis is known to this run',
  postgres: 'no database is known to this run',
  cores: 2,
}
const redis = {
  usedMemoryBytes: 30,
  maxMemoryBytes: 100,
  policy: 'volatile-lru',
  evictedKeys: 0,
  keyspaceHits: 0,
  keyspaceMisses: 0,
}

function judged(sampled: Sampled) {
  return new CapacityWindow(window, sampled)[capacityOf]()
}

describe('CapacityWindow', () => {
  test('CPU is time used over time passed and cores, in scope only', () => {
    const cpu = sampled([0, 2, 3, 3.5, 5.1, 7.1])
    const share = judged({ ...absent, cpu }).cpu()
    expect(share).toMatchObject({ of: 'of 2 cores', sampleCount: 3, maxAtMs: 3_000, invalidities: [] })
    expect(share.mean).toBeCloseTo((1 + 0.5 + 1.6) / 3 / 2)
    expect(share.max).toBeCloseTo(0.8)
    const ofOne = judged({ ...absent, cpu }).cpu(1)
    expect(ofOne.mean).toBeCloseTo((1 + 0.5 + 1.6) / 3)
  })

  test('Redis memory is a share of maxmemory', () => {
    const share = judged({ ...absent, redis: sampled([redis, redis, redis]) }).redisMemory()
    expect(share).toMatchObject({ mean: 0.3, max: 0.3, sampleCount: 2 })
  })

  test('without maxmemory there is no share, and the message says what to set', () => {
    const unlimited = sampled([redis, { ...redis, maxMemoryBytes: 0 }])
    const { invalidities } = judged({ ...absent, redis: unlimited }).redisMemory()
    expect(invalidities).toEqual([
      {
        reason: 'metric-missing',
        finding: 'Redis has no maxmemory, so there is no share of it',
        remedy: "set one: CONFIG SET maxmemory 256mb, or redis({ maxmemory: '256mb' }) in the config",
      },
    ])
  })

  test('what was never sampled is missing, not zero', () => {
    const evidence = judged({ ...absent, postgres: sampled([], ['connection lost']) })
    expect(evidence.postgresConnections().invalidities[0]?.finding).toBe('no sample succeeded: connection lost')
    expect(evidence.redisMemory().invalidities[0]?.finding).toBe('no Redis is known to this run')
    expect(evidence.cpu().mean).toBeNaN()
  })
})

test('INFO is read whatever its line ends', () => {
  expect(parseInfo('# Memory\r\nused_memory:1024\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n')).toMatchObject({
    usedMemoryBytes: 1024,
    maxMemoryBytes: 0,
    policy: 'noeviction',
  })
})

test('CPU seconds include what children use', async () => {
  const burn = 'while (process.cpuUsage().user < 400_000);'
  const parent = spawn('sh', [
    '-c',
    `"${process.execPath}" -e "${burn} console.log('burnt'); setTimeout(() => {}, 60000)" & wait`,
  ])
  try {
    await once(parent.stdout, 'data')
    expect(await cpuSecondsOf([parent.pid!])).toBeGreaterThan(0.3)
  } finally {
    const [child] = (await import('node:fs'))
      .readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8')
      .split(' ')
    process.kill(Number(child), 'SIGKILL')
    parent.kill('SIGKILL')
  }
})

test('a target elsewhere without metrics leaves CPU unknown; processes that ended are named', async () => {
  await using capacity = await createCapacity({ pids: [], intervalMs: 50 })
  const evidence = (await capacity.during({ [windowOf]: () => window }))[capacityOf]()
  expect(evidence.cpu().invalidities[0]?.finding).toMatch(/runs elsewhere/)
  await expect(cpuSecondsOf([2 ** 22 - 1])).rejects.toThrow("none of the target's processes (4194303) is alive")
})
