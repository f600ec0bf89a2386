import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freshnessOf } from '../evidence/freshness-evidence.ts'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import { onFirstOf } from '../testing/on-first-generator.ts'
import { probeFreshness } from './freshness.ts'
import { WrittenVersions } from './staleness.ts'

const signal = new AbortController().signal

describe('WrittenVersions', () => {
  test('counts staleness from the acknowledgement of the next version', () => {
    const versions = new WrittenVersions()
    versions.acknowledge(1, 100)
    versions.acknowledge(2, 300)
    versions.acknowledge(5, 700)
    expect(versions.stalenessMs(5, 2_000), 'the newest').toBe(0)
    expect(versions.stalenessMs(9, 2_000), 'newer than acknowledged: its write is in progress').toBe(0)
    expect(versions.stalenessMs(2, 1_000), 'until 5 was written, at 700').toBe(300)
    expect(versions.stalenessMs(1, 1_000), 'until 2 was written, at 300').toBe(700)
    expect(versions.stalenessMs(1, 250), 'requested before that').toBe(0)
  })

  test('rejects a version that is not greater than the previous one', () => {
    const versions = new WrittenVersions()
    versions.acknowledge(3, 1)
    expect(() => versions.acknowledge(3, 2)).toThrow(
      'write() returned version 3 after 3; versions must grow with every write',
    )
  })

  test('never finds a cache staler than its time to live', () => {
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

/** A route whose cache keeps a response for `ttlMs`. */
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

async function staleCacheProbe(ttlMs: number, forReads = 120) {
  const route = cachedRoute(ttlMs)
  let reads = 0
  const enough = Promise.withResolvers<void>()
  const read = async () => {
    if (++reads === forReads) enough.resolve()
    return route.read()
  }
  const probe = await probeFreshness({ ...route, read, writeInterval: 60, readInterval: 2 }, { signal })
  await enough.promise
  return probe.stop()
}

test('originOf() finds a version written, older, pending or unknown', () => {
  const versions = new WrittenVersions()
  expect(versions.originOf(4, 0), 'before any write').toBe('unknown')
  versions.begin(10)
  expect([versions.originOf(4, 9), versions.originOf(4, 10)]).toEqual(['unknown', 'pending'])
  versions.acknowledge(4, 20)
  expect([versions.originOf(4, 9), versions.originOf(4, 15), versions.originOf(3, 5)]).toEqual(
    // Shown before its write began; during its write; written before the probe.
    ['unknown', 'written', 'older'],
  )
  versions.begin(30)
  versions.acknowledge(8, 40)
  expect([versions.originOf(6, 50), versions.originOf(9, 50)], 'between two writes, above all').toEqual([
    'unknown',
    'unknown',
  ])
  versions.begin(60)
  expect([versions.originOf(9, 59), versions.originOf(9, 61)]).toEqual(['unknown', 'pending'])
})

describe('freshness is invalid for', () => {
  /** First invalidity of a probe that is stopped after 150 reads. */
  async function probedWith(read: (count: number, newest: number) => number) {
    let [version, reads] = [100, 0]
    const enough = Promise.withResolvers<void>()
    const probe = await probeFreshness(
      {
        write: async () => (version += 10),
        async read() {
          if (++reads === 150) enough.resolve()
          return read(reads, version)
        },
        ...{ writeInterval: 10, readInterval: 1 },
      },
      { signal },
    )
    await enough.promise
    return (await probe.stop())[freshnessOf]().invalidities[0]
  }

  test.each([
    ['a constant', () => 1e9],
    ['a clock', () => Date.now()],
    ['one between two that were written', (_: number, newest: number) => newest - 5],
    ['a single one', (count: number, newest: number) => (count === 50 ? newest + 1 : newest)],
  ])('reads that show a version that was never written: %s', async (_, read) => {
    expect(await probedWith(read)).toMatchObject({
      reason: 'undecided',
      finding: expect.stringMatching(
        /^\d+ of 1\d\d reads showed a version that was never written, the first one \d+ at .* m?s, when \d+ was the newest$/,
      ),
    })
  })

  test('reads that fail repeatedly', async () => {
    const failing = (count: number, newest: number) => {
      if (count % 30 === 0) throw new Error('status 503')
      return newest
    }
    expect(await probedWith(failing)).toMatchObject({
      finding: expect.stringMatching(/^\d of 1\d\d reads failed: status 503$/),
    })
  })

  test('not for a single failed read of many', async () => {
    const failing = (count: number, newest: number) => {
      if (count === 30) throw new Error('status 503')
      return newest
    }
    expect(await probedWith(failing)).toBeUndefined()
  })
})

describe('probeFreshness', () => {
  test('finds the responses of a cache with a long time to live stale, and fresh ones not', async () => {
    const [fresh, stale] = await Promise.all([staleCacheProbe(0), staleCacheProbe(60_000)])
    expect(fresh[freshnessOf]()).toMatchObject({ staleReads: 0, worst: undefined, invalidities: [] })
    const evidence = stale[freshnessOf]()
    expect(evidence.staleReads).toBeGreaterThan(50)
    expect(evidence.worst).toMatchObject({ version: 2 })
  })

  test('is invalid with too few reads', async () => {
    const { invalidities } = (await staleCacheProbe(0, 5))[freshnessOf]()
    expect(invalidities[0]?.reason).toBe('too-few-samples')
  })

  test('neither writes nor reads if `unavailable` is set, and reports the reason', async () => {
    const call = () => Promise.reject(new Error('must not be called'))
    const unavailable = 'the internal listener is not known here'
    const probe = await probeFreshness({ write: call, read: call, readInterval: 1, unavailable }, { signal })
    await pause(5)
    const found = await probe.stop()
    expect(found).toMatchObject({ reads: 0, writes: 0, staleness: undefined })
    expect(found[freshnessOf]()).toMatchObject({ unavailable })
  })

  test('rejects from during() and stop() with the error of a failed write', async () => {
    let writes = 0
    const failed = Promise.withResolvers<void>()
    const write = async () => {
      if (++writes === 1) return 1
      setImmediate(() => failed.resolve())
      throw new Error('the listener is gone')
    }
    const probe = await probeFreshness({ write, read: async () => 1, writeInterval: 5 }, { signal })
    await failed.promise
    await expect(probe.during(runOver(0, performance.now()))).rejects.toThrow('the listener is gone')
    await expect(probe.stop()).rejects.toThrow('the listener is gone')
  })

  test('during() counts the reads requested in the scope of the run', async () => {
    const route = cachedRoute(60_000)
    let reads = 0
    const enough = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const read = async () => {
      reads++
      if (reads === 150) enough[0]!.resolve()
      if (reads === 300) enough[1]!.resolve()
      return route.read()
    }
    const reported: unknown[] = []
    const probe = await probeFreshness(
      { ...route, read, writeInterval: 20, readInterval: 1 },
      { signal, onSeries: (...found) => reported.push(found) },
    )
    const startMs = performance.now()
    await enough[0]!.promise
    const run = runOver(startMs, performance.now())
    await enough[1]!.promise
    const [during, all] = [await probe.during(run), await probe.stop()]
    expect(during.name).toBe('http 1')
    expect(during.reads).toBeLessThan(all.reads)
    expect(during.writes).toBeLessThan(all.writes)
    const evidence = during[freshnessOf]()
    expect(evidence.evidenceLines[0]).toMatch(/^steady phase, /)
    expect(evidence.worst!.atMs).toBeLessThanOrEqual(run[windowOf]().runEndMs - startMs)
    expect(reported).toMatchObject([['http 1', [{ group: 'target', label: 'staleness', unit: 'ms' }]]])
  })

  test('leaves out reads that fail, hang or return no version, and is invalid if most do', async () => {
    let reads = 0
    const enough = Promise.withResolvers<void>()
    const read = async ({ signal: cut }: { signal: AbortSignal }): Promise<number> => {
      reads++
      if (reads === 1) throw new Error('status 500')
      if (reads === 2) return (await Promise.resolve(undefined)) as unknown as number
      if (reads === 3) return new Promise((_, reject) => cut.addEventListener('abort', () => reject(cut.reason)))
      enough.resolve()
      return 1
    }
    const probe = await probeFreshness(
      { write: async () => 1, read, writeInterval: '1h', readInterval: 1, timeout: 20 },
      { signal },
    )
    await enough.promise
    const { invalidities, evidenceLines } = (await probe.stop())[freshnessOf]()
    expect(evidenceLines[0]).toMatch(/3 reads failed \(status 500\)$/)
    expect(invalidities[0]).toMatchObject({ finding: expect.stringMatching(/^3 of \d+ reads failed: status 500$/) })
  })

  test('with several generators, the first one writes and reads, and all have its staleness', async () => {
    const generators = onFirstOf(2)
    const [calls, enough] = [{ writes: [0, 0], reads: [0, 0] }, Promise.withResolvers<void>()]
    const probes = await Promise.all(
      generators.map((onOneGenerator, index) => {
        const write = async () => ++calls.writes[index]!
        const read = async () => {
          if (++calls.reads[index]! === 3) enough.resolve()
          return calls.writes[index]!
        }
        return probeFreshness({ write, read, readInterval: 1 }, { signal, onOneGenerator, index })
      }),
    )
    const startMs = performance.now()
    await enough.promise
    const run = runOver(startMs, performance.now())
    const during = await Promise.all(probes.map((probe) => probe.during(run)))
    const all = await Promise.all(probes.map((probe) => probe.stop()))
    expect(calls).toMatchObject({ writes: [expect.any(Number), 0], reads: [expect.any(Number), 0] })
    for (const [first, second] of [during, all]) {
      expect(first!.reads).toBeGreaterThan(0)
      expect(second![freshnessOf]()).toEqual(first![freshnessOf]())
    }
  })

  test('stop() does not wait for a read that hangs', async () => {
    const requested = Promise.withResolvers<void>()
    const read = () => {
      requested.resolve()
      return new Promise<number>(() => {})
    }
    const probe = await probeFreshness({ write: async () => 1, read, readInterval: 1 }, { signal })
    await requested.promise
    expect(await probe.stop()).toMatchObject({ reads: 0 })
  })

  test('rejects before any load if the first write hangs or returns no version', async () => {
    const never = () => new Promise<number>(() => {})
    const read = async () => 1
    await expect(probeFreshness({ write: never, read, timeout: 20 }, { signal })).rejects.toThrow(
      'write() took longer than 20 ms',
    )
    const wrong = async () => 'v1' as unknown as number
    await expect(probeFreshness({ write: wrong, read }, { signal })).rejects.toThrow(
      'write() returned v1; it must return a version, which is a number',
    )
  })

  test('reports all invalid options in one error', async () => {
    const wrong = { write: 7, writeInterval: 'soon', reed: 1 } as unknown as Parameters<typeof probeFreshness>[0]
    await expect(probeFreshness(wrong, { signal })).rejects.toThrow(/4 invalid options/)
  })
})

/** A run with a single phase from `startMs` to `endMs`. */
function runOver(startMs: number, endMs: number): TimedRun {
  const window = { runStartMs: startMs, runEndMs: endMs, settledMs: endMs, spans: [{ startMs, endMs }] }
  return { [windowOf]: () => ({ run: 'http 1', scope: 'steady phase', ...window }) }
}
