import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freshnessOf } from '../run/freshness-evidence.ts'
import { probeFreshness } from './freshness.ts'
import { WrittenVersions } from './staleness.ts'

const signal = new AbortController().signal

describe('WrittenVersions', () => {
  test('an answer is stale since its successor was acknowledged', () => {
    const versions = new WrittenVersions()
    versions.acknowledge(1, 100)
    versions.acknowledge(2, 300)
    versions.acknowledge(5, 700)
    expect(versions.stalenessMs(5, 2_000), 'the newest').toBe(0)
    expect(versions.stalenessMs(9, 2_000), 'newer than acknowledged: its write is under way').toBe(0)
    expect(versions.stalenessMs(2, 1_000), 'until 5 was written, at 700').toBe(300)
    expect(versions.stalenessMs(1, 1_000), 'until 2 was written, at 300').toBe(700)
    expect(versions.stalenessMs(1, 250), 'asked for before that').toBe(0)
  })

  test('versions must grow', () => {
    const versions = new WrittenVersions()
    versions.acknowledge(3, 1)
    expect(() => versions.acknowledge(3, 2)).toThrow(
      'write() gave version 3 after 3; versions must grow with every write',
    )
  })

  test('a cache of any time-to-live is never found staler than it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 5 }),
        (ttl, gaps) => {
          const versions = new WrittenVersions()
          let [now, filledAt, cached] = [0, Number.NEGATIVE_INFINITY, 0]
          for (const [index, gap] of gaps.entries()) {
            now += gap
            if (index % 3 === 0) {
              versions.acknowledge(index + 1, now)
              continue
            }
            if (now - filledAt >= ttl) [filledAt, cached] = [now, versions.newest!]
            expect(versions.stalenessMs(cached, now)).toBeLessThanOrEqual(ttl)
          }
        },
      ),
    )
  })
})

/** A route whose cache holds an answer for so long. */
function cachedRoute(ttlMs: number) {
  let [version, cached, filledAt] = [1, 1, Number.NEGATIVE_INFINITY]
  return {
    write: async () => ++version,
    async read() {
      await pause(1)
      if (performance.now() - filledAt >= ttlMs) [filledAt, cached] = [performance.now(), version]
      return cached
    },
  }
}

async function probed(ttlMs: number, forReads = 120) {
  const route = cachedRoute(ttlMs)
  let reads = 0
  const enough = Promise.withResolvers<void>()
  const read = async () => {
    if (++reads === forReads) enough.resolve()
    return route.read()
  }
  const probe = await probeFreshness({ ...route, read, writeEvery: 60, readEvery: 2 }, signal)
  await enough.promise
  return probe.stop()
}

describe('probeFreshness', () => {
  test('finds a cache that holds answers for long, and not one that does not', async () => {
    const [fresh, stale] = await Promise.all([probed(0), probed(60_000)])
    expect(fresh[freshnessOf]()).toMatchObject({ staleReads: 0, worst: undefined, invalidities: [] })
    const evidence = stale[freshnessOf]()
    expect(evidence.staleReads).toBeGreaterThan(50)
    expect(evidence.worst).toMatchObject({ version: 2 })
  })

  test('too few reads are no evidence', async () => {
    const { invalidities } = (await probed(0, 5))[freshnessOf]()
    expect(invalidities[0]?.reason).toBe('too-few-samples')
  })

  test('nothing is written or read where it cannot be, and the evidence says why', async () => {
    const call = () => Promise.reject(new Error('must not be called'))
    const unavailable = 'the internal listener is not known here'
    const probe = await probeFreshness({ write: call, read: call, readEvery: 1, unavailable }, signal)
    await pause(5)
    const found = await probe.stop()
    expect(found).toMatchObject({ reads: 0, writes: 0, staleness: undefined })
    expect(found[freshnessOf]()).toMatchObject({ unavailable })
  })

  test('a write that fails is told by stop()', async () => {
    let writes = 0
    const failed = Promise.withResolvers<void>()
    const write = async () => {
      if (++writes === 1) return 1
      queueMicrotask(() => failed.resolve())
      throw new Error('the listener is gone')
    }
    const probe = await probeFreshness({ write, read: async () => 1, writeEvery: 5 }, signal)
    await failed.promise
    await expect(probe.stop()).rejects.toThrow('the listener is gone')
  })

  test('every mistake at once', async () => {
    const wrong = { write: 7, writeEvery: 'soon', reed: 1 } as unknown as Parameters<typeof probeFreshness>[0]
    await expect(probeFreshness(wrong, signal)).rejects.toThrow(/4 options it cannot use/)
  })
})
