import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { now } from '../machine/clock.ts'
import { joinAll, placeOf, RENDEZVOUS_KINDS, type TestRendezvous } from '../testing/rendezvous-kinds.ts'
import type { MissingGeneratorsError } from './errors.ts'
import { openRendezvous } from './index.ts'
import type { GeneratorPlace } from './place.ts'
import type { AbortReason, Rendezvous, RunTally, SecondTally } from './rendezvous.ts'

const TALLY: SecondTally = { second: 1, offered: 10, sent: 9, completed: 8, dropped: 1, errors: {}, targetErrors: 0 }

describe.each(Object.entries(RENDEZVOUS_KINDS))('%s', (kind, create) => {
  let rendezvous: TestRendezvous
  beforeAll(async () => {
    rendezvous = await create()
  })
  afterAll(() => rendezvous[Symbol.asyncDispose]())

  async function join(count = 3, overrides: Partial<GeneratorPlace> = {}): Promise<readonly Rendezvous[]> {
    const all = await joinAll(rendezvous, count, overrides)
    onTestFinished(async () => {
      await Promise.all(all.map((one) => one[Symbol.asyncDispose]()))
    })
    return all
  }

  test('computes a value once and passes it to all', async () => {
    const all = await join()
    let computed = 0
    const day = new Date('2026-01-31')
    const compute = async () => ({ rows: [++computed, 2n], text: 'ä\n', missing: undefined, nothing: null, day })
    const values = await Promise.all(all.map((one) => one.once('rows', compute)))
    expect(computed).toBe(1)
    for (const value of values)
      expect(value).toEqual({ rows: [1, 2n], text: 'ä\n', missing: undefined, nothing: null, day })
    expect(await all[0]!.once('rows', compute)).toMatchObject({ rows: [1, 2n] })
    expect(computed).toBe(1)
  })

  test('passes undefined and values of megabytes', async () => {
    const all = await join()
    const large = 'é'.repeat(3_000_000)
    const values = await Promise.all(all.map((one) => one.once('large', async () => large)))
    for (const value of values) expect(value === large).toBe(true)
    const nothing = await Promise.all(all.map((one) => one.once('nothing', async () => undefined)))
    expect(new Set(nothing)).toEqual(new Set([undefined]))
  })

  test('passes an error to all', async () => {
    const all = await join()
    const fail = async () => {
      throw new RangeError('no rows\nFix: seed them')
    }
    const errors = await Promise.all(all.map((one) => one.once('fails', fail).catch((error: unknown) => error)))
    for (const error of errors) expect(error).toMatchObject({ name: 'RangeError', message: 'no rows\nFix: seed them' })
  })

  test('lets the named generator compute', async () => {
    const all = await join()
    const last = all.length - 1
    const values = await Promise.all(all.map((one) => one.once('by', async () => one.index, { by: last })))
    expect(new Set(values)).toEqual(new Set([last]))
  })

  test('exchanges what each generator brought to a barrier', async () => {
    const all = await join()
    const met = await Promise.all(all.map((one) => one.barrier('plan', { digest: `d${one.index}` })))
    for (const values of met) expect(values).toEqual(all.map((_, index) => ({ digest: `d${index}` })))
    expect(all[0]!.nodes).toHaveLength(all.length)
  })

  test('passes every part to everyone, of any size', async () => {
    const all = await join()
    for (const [key, bytes] of [
      ['empty', 0],
      ['small', 7],
      ['chunks', 2_500_000],
    ] as const) {
      const parts = all.map((one) => new Uint8Array(bytes).fill(one.index + 1))
      const gathered = await Promise.all(all.map((one) => one.gather(key, parts[one.index]!)))
      for (const received of gathered)
        expect(received.map((part) => Buffer.from(part).equals(Buffer.from(parts[received.indexOf(part)]!)))).toEqual(
          all.map(() => true),
        )
    }
  })

  test('gives every addition to a counter another total', async () => {
    const all = await join()
    const totals = await Promise.all([...all, ...all].map((one) => one.add('iterations', 10)))
    expect(totals.toSorted((a, b) => a - b)).toEqual(totals.map((_, at) => at * 10))
    const others = await Promise.all(all.map((one) => one.add('others', 1)))
    expect(Math.max(...others)).toBe(all.length - 1)
  })

  test('starts a run on every generator at one instant', async () => {
    const all = await join()
    const instants = await Promise.all(all.map((one) => one.startAt('run')))
    const atMs = instants.map((instant) => instant.atMs)
    for (const at of atMs) expect(at).toBeGreaterThanOrEqual(now() - 1_000)
    // All generators are in one process here, so they have the same clock.
    const skewMs = Math.max(...atMs) - Math.min(...atMs)
    expect(skewMs).toBeLessThanOrEqual(2 * Math.max(...instants.map(({ errorMs }) => errorMs)))
    const startedMs = now()
    const skews = await Promise.all(all.map((one) => one.startSkew('run', startedMs + one.index)))
    for (const skew of skews) {
      expect(skew.offsetsMs).toEqual(skews[0]!.offsetsMs)
      expect(Math.abs(skew.skewMs - (all.length - 1))).toBeLessThanOrEqual(skew.errorMs)
    }
  })

  test('sums the tallies of each second over all generators', async () => {
    const all = await join()
    await Promise.all(all.map((one) => one.startAt('run')))
    const sums = all.map((one) => {
      const received: RunTally[] = []
      one.onTally((tally) => received.push(tally))
      return received
    })
    for (const one of all) {
      one.beat({ ...TALLY, errors: { status: one.index } })
      one.beat({ ...TALLY, second: 2, offered: 20 })
    }
    await Promise.all(all.map((one) => one.gather('run', new Uint8Array())))
    const { length } = all
    for (const received of sums) {
      expect(received).toEqual([
        expect.objectContaining({ second: 1, offered: 10 * length, errors: { status: (length * (length - 1)) / 2 } }),
        expect.objectContaining({ second: 2, offered: 20 * length, sent: 9 * length }),
      ])
      expect(received[0]!.generators).toHaveLength(length)
    }
  })

  test('decides once why a run stops, and not for the next run', async () => {
    const all = await join()
    await Promise.all(all.map((one) => one.startAt('first')))
    const reasons = all.map((one) => reasonsOf(one))
    for (const one of all) one.abort({ kind: 'decided', reason: `error rate of ${one.index}`, blame: 'target' })
    await Promise.all(all.map((one) => one.gather('first', new Uint8Array())))
    const [[decided] = []] = reasons
    for (const received of reasons) expect(received).toEqual([decided])
    expect(decided).toMatchObject({ kind: 'decided', blame: 'target' })
    for (const one of all) expect(reasonsOf(one)).toEqual([decided])
    await Promise.all(all.map((one) => one.startAt('second')))
    for (const one of all) expect(reasonsOf(one)).toEqual([])
  })

  test('stops every generator and still exchanges evidence after a signal on one of them', async () => {
    const all = await join()
    await Promise.all(all.map((one) => one.startAt('run')))
    const stopped = all.map((one) => new Promise<AbortReason>((resolve) => one.onAbort(resolve)))
    all.at(-1)!.abort({ kind: 'stopped', cause: 'SIGINT' })
    for (const reason of await Promise.all(stopped))
      expect(reason).toEqual({ kind: 'stopped', cause: 'SIGINT', generator: all.length })
    const parts = await Promise.all(all.map((one) => one.gather('run', new Uint8Array([one.index]))))
    for (const received of parts) expect(received).toHaveLength(all.length)
  })

  if (kind === 'none') return

  test('rejects a part that is too large, and names the limit', async () => {
    const [one] = await join(1)
    await expect(one!.gather('run', new Uint8Array(64 * 1024 * 1024 + 1))).rejects.toThrowErrorMatchingInlineSnapshot(`
      [GeneratorError: generator 1 has 65 MB of evidence for run; at most 64 MB can be exchanged
      Fix: record less: a shorter duration, fewer steps and tags, or a ledger key for fewer requests; or use more generators]
    `)
  })

  test('exchanges the largest part', { timeout: 120_000 }, async () => {
    const all = await join(2)
    const part = new Uint8Array(64 * 1024 * 1024).fill(7)
    const gathered = await Promise.all(all.map((one) => one.gather('run', part)))
    for (const received of gathered) expect(received.map((each) => Buffer.compare(each, part))).toEqual([0, 0])
  })

  test('names the generators that never started', async () => {
    const scope = randomUUID()
    const present = await Promise.all(
      [0, 1, 3].map((index) => openRendezvous(placeOf(rendezvous, index, 5, { timeoutMs: 300 }), scope)),
    )
    onTestFinished(async () => {
      await Promise.all(present.map((one) => one[Symbol.asyncDispose]()))
    })
    const errors = await Promise.all(
      present.map((one) => one.barrier('the plan', {}).catch((error: MissingGeneratorsError) => error)),
    )
    for (const error of errors) {
      expect((error as MissingGeneratorsError).missing).toEqual([3, 5])
      expect((error as Error).message).toMatchInlineSnapshot(`
        "2 of 5 generators never started: generators 3, 5 did not come within 300ms (the plan)
        Fix: start all generators at about the same time, with the same PERF_RENDEZVOUS_URL and run id; if their machines start slowly, raise PERF_RENDEZVOUS_TIMEOUT, e.g. to 10m"
      `)
    }
  })

  test('names the generators that did not come to a barrier', async () => {
    const all = await join(3, { timeoutMs: 300 })
    await expect(Promise.all(all.slice(1).map((one) => one.barrier('the plan', {})))).rejects
      .toThrowErrorMatchingInlineSnapshot(`
      [MissingGeneratorsError: 1 of 3 generators did not come to the plan within 300ms: generator 1
      Fix: run the same files with the same filter on every generator, and let scenarios differ only by the data of their VUs]
    `)
    // Also for the one that comes too late.
    await expect(all[0]!.barrier('the plan', {})).rejects.toThrow('1 of 3 generators did not come to the plan')
  })

  test('fails a value whose generator does not come', async () => {
    const [one] = await join(1, { count: 2, timeoutMs: 300 })
    await expect(one!.once('services', async () => 1, { by: 1 })).rejects.toThrowErrorMatchingInlineSnapshot(`
      [MissingGeneratorsError: no generator computed services within 300ms; never started: 2
      Fix: start all generators at about the same time, with the same files and the same filter]
    `)
  })

  test('distinguishes a normal end from a loss', async () => {
    const [first, second, third] = await join()
    const reasons = reasonsOf(first!)
    const waiting = first!.barrier('the plan', {}).catch((error: unknown) => error)
    const computing = third!.once('seed', () => new Promise(() => {}))
    computing.catch(() => {})
    await second![Symbol.asyncDispose]()
    const error = (await waiting) as Error
    expect(error.message).toMatchInlineSnapshot(`
      "generator 2 (node-2) has ended before the plan
      Fix: run the same files with the same filter on every generator, and let scenarios differ only by the data of their VUs"
    `)
    expect(reasons).toEqual([])
    const received = first!.once('seed', async () => 1).catch((failure: unknown) => failure)
    await third![Symbol.asyncDispose]()
    expect(((await received) as Error).message).toMatchInlineSnapshot(`
      "generator 3 (node-3) has ended before it had computed seed
      Fix: run the same files with the same filter on every generator, and let scenarios differ only by the data of their VUs"
    `)
  })

  test('refuses a second command with the same run id', async () => {
    const scope = randomUUID()
    const place = placeOf(rendezvous, 0, 2)
    const first = await openRendezvous(place, scope)
    const second = openRendezvous({ ...place!, node: 'laptop' }, scope)
    await expect(second).rejects.toThrowErrorMatchingInlineSnapshot(`
      [GeneratorError: generator 1 of 2 of run r1 is already running on node-1: two commands have the same run id, or a scheduler has restarted the generator
      Fix: set another PERF_RUN_ID for every run, number the generators differently, and forbid restarts: a generator that comes later cannot make up for its part of the load]
    `)
    await first[Symbol.asyncDispose]()
    await expect(openRendezvous(place, scope)).rejects.toThrow('generator 1 of 2 of run r1 has already ended on node-1')
  })

  test('refuses another number of generators', async () => {
    const scope = randomUUID()
    await using _ = await openRendezvous(placeOf(rendezvous, 0, 2), scope)
    await expect(openRendezvous(placeOf(rendezvous, 1, 3), scope)).rejects.toThrowErrorMatchingInlineSnapshot(`
      [GeneratorError: generator 2 of run r1 expects 3 generators, but the others expect another number
      Fix: set the same number for every generator, e.g. PERF_GENERATOR=1/8 to PERF_GENERATOR=8/8]
    `)
  })
})

/** Reasons that a generator has received so far, and will receive. */
function reasonsOf(one: Rendezvous): readonly AbortReason[] {
  const reasons: AbortReason[] = []
  one.onAbort((reason) => reasons.push(reason))
  return reasons
}
