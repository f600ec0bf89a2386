import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { monotonicNs, sleep } from '../machine/clock.ts'
import { placeOf, RENDEZVOUS_KINDS, type TestRendezvous } from '../testing/rendezvous-kinds.ts'
import { all, TestGenerator } from '../testing/test-generators.ts'
import { describeAbort } from './rendezvous.ts'

let runs = 0

/** Opens a generator of a rendezvous. It ends with the test. */
function open(
  { onTestFinished }: TestContext,
  rendezvous: TestRendezvous,
  index: number,
  count: number,
  place: { readonly runId: string; readonly timeoutMs?: number },
): TestGenerator {
  const generator = new TestGenerator(placeOf(rendezvous, index, count, { timeoutMs: 20_000, ...place })!)
  onTestFinished(() => generator[Symbol.dispose]())
  return generator
}

async function startAll(
  context: TestContext,
  rendezvous: TestRendezvous,
  count: number,
  timeoutMs = 20_000,
  missing: readonly number[] = [],
) {
  const runId = `events-${process.pid}-${++runs}`
  const indexes = Array.from({ length: count }, (_, index) => index).filter((index) => !missing.includes(index))
  const generators = indexes.map((index) => open(context, rendezvous, index, count, { runId, timeoutMs }))
  await Promise.all(generators.map((one) => one.next('joined')))
  return { generators, runId }
}

const { local, Redis } = RENDEZVOUS_KINDS
describe('local', () => {
  testEvents(local)
})
// Beside the tests of a Redis that is disrupted: both wait most of the time.
describe.concurrent('Redis', () => {
  testEvents(Redis)
})

/** What happens to real processes, as docs/generators.md lists it. The tests run one after another. */
function testEvents(create: () => Promise<TestRendezvous>): void {
  const inOrder = { concurrent: false }
  let rendezvous: TestRendezvous
  beforeAll(async () => {
    rendezvous = await create()
  })
  afterAll(() => rendezvous[Symbol.asyncDispose]())

  const start = (context: TestContext, ...more: [count: number, timeoutMs?: number, missing?: readonly number[]]) =>
    startAll(context, rendezvous, ...more)

  test('a generator that never comes: the others name it after the time-out', inOrder, async (context) => {
    const { generators } = await start(context, 3, 1_000, [1])
    for (const { error } of await all(generators, 'met', 'barrier plan'))
      expect(error).toMatch(/^1 of 3 generators never started: generator 2 did not come within 1s \(plan\)\nFix: /)
  })

  test('a killed generator: all stop within 2 s and keep the evidence of the others', inOrder, async (context) => {
    const { generators } = await start(context, 4)
    await all(generators, 'started', 'start run')
    const [victim, ...others] = generators as [TestGenerator, ...TestGenerator[]]
    await sleep(600)
    await victim.kill()
    const killedMs = Number(monotonicNs()) / 1e6
    const aborts = await Promise.all(others.map((one) => one.next('abort')))
    for (const { atMs, reason } of aborts) {
      expect(atMs - killedMs).toBeLessThan(2_000)
      expect(describeAbort(reason!, 4)).toMatch(
        /^generator 1 lost at (?:0\.[4-9]|1\.\d) s \(node-1\), 25% of the load was not put on$/,
      )
    }
    for (const { error, parts } of await all(others, 'gathered', 'gather run')) {
      expect(error).toMatch(/^generator 1 \(node-1\) was lost before the evidence of run\nFix: /)
      expect(parts).toEqual([1, 2, 3])
    }
    for (const { error } of await all(others, 'met', 'barrier next'))
      expect(error).toMatch(/^generator 1 \(node-1\) was lost before next\nFix: /)
  })

  test('a hung generator: all stop within 2 s, itself as soon as it is awake', inOrder, async (context) => {
    const { generators } = await start(context, 3)
    await all(generators, 'started', 'start run')
    const [hung, ...others] = generators as [TestGenerator, ...TestGenerator[]]
    hung.send('hang 4000')
    const { atMs: hungMs } = await hung.next('hanging')
    for (const { atMs, reason } of await Promise.all(others.map((one) => one.next('abort')))) {
      expect(reason).toMatchObject({ kind: 'lost', generator: 1 })
      expect(atMs - hungMs).toBeLessThan(2_000)
    }
    await hung.next('awake')
    expect((await hung.next('abort')).reason).toMatchObject({ kind: 'lost', generator: 1 })
  })

  test('a generator that hangs outside a run, while it evaluates, is not lost', inOrder, async (context) => {
    const { generators } = await start(context, 2)
    generators[0]!.send('hang 3000', 'barrier plan')
    generators[1]!.send('barrier plan')
    for (const { values } of await Promise.all(generators.map((one) => one.next('met')))) expect(values).toEqual([0, 1])
    expect(generators.flatMap(({ events }) => events)).not.toContain('abort')
  })

  test(
    'a generator that is killed while it computes a value: the others fail and name it',
    inOrder,
    async (context) => {
      const { generators } = await start(context, 3)
      const [victim, ...others] = generators as [TestGenerator, ...TestGenerator[]]
      victim.send('compute seed')
      await victim.next('computing')
      for (const one of others) one.send('once seed')
      await victim.kill()
      for (const { error } of await Promise.all(others.map((one) => one.next('value'))))
        expect(error).toMatch(/^generator 1 \(node-1\) was lost before it had computed seed\nFix: /)
    },
  )

  test('a signal on one generator: all stop at once, and partial evidence is exchanged', inOrder, async (context) => {
    const { generators } = await start(context, 3)
    await all(generators, 'started', 'start run')
    const sentMs = Number(monotonicNs()) / 1e6
    generators[1]!.send('abort SIGTERM')
    for (const { atMs, reason } of await Promise.all(generators.map((one) => one.next('abort')))) {
      expect(reason).toEqual({ kind: 'stopped', cause: 'SIGTERM', generator: 2 })
      expect(atMs - sentMs).toBeLessThan(1_000)
    }
    for (const { parts } of await all(generators, 'gathered', 'gather run')) expect(parts).toEqual([0, 1, 2])
  })

  test('a normal end is no loss', inOrder, async (context) => {
    const { generators } = await start(context, 2)
    await all(generators, 'started', 'start run')
    await all(generators, 'gathered', 'gather run')
    await all(generators.slice(0, 1), 'left', 'leave')
    await all(generators.slice(1), 'left', 'leave')
    expect(generators.flatMap(({ events }) => events)).not.toContain('abort')
  })

  test('a generator that ends during a run of the others stops them', inOrder, async (context) => {
    const { generators } = await start(context, 2)
    await all(generators, 'started', 'start run')
    await all(generators.slice(0, 1), 'left', 'leave')
    const { reason } = await generators[1]!.next('abort')
    expect(describeAbort(reason!, 2)).toBe('generator 1 ended during the run, 50% of the load was not put on')
  })

  test('a second command with the same run id is refused, and the first continues', inOrder, async (context) => {
    const { generators, runId } = await start(context, 2)
    const second = open(context, rendezvous, 0, 2, { runId })
    await expect(second.next('joined')).rejects.toThrow(
      `generator 1 of 2 of run ${runId} is already running on node-1: two commands have the same run id`,
    )
    for (const { values } of await all(generators, 'met', 'barrier plan')) expect(values).toEqual([0, 1])
  })
}

/** Each test has a Redis of its own. */
describe.concurrent('Redis that is disrupted', () => {
  async function start(context: TestContext) {
    const rendezvous = await Redis()
    context.onTestFinished(() => rendezvous[Symbol.asyncDispose]())
    const { generators } = await startAll(context, rendezvous, 2)
    await all(generators, 'started', 'start run')
    await all(generators, 'tally', 'beat')
    return { disruptions: rendezvous.disruptions!, generators }
  }

  test.for([10_000, 30_000])(
    'freezes for %i ms: load goes on, and evidence is exchanged afterwards',
    { timeout: 90_000 },
    async (ms, context) => {
      const { disruptions, generators } = await start(context)
      const resume = await disruptions.pause()
      for (const one of generators) one.send('beat', 'gather run')
      await sleep(ms)
      await resume()
      await expectEvidence(generators)
    },
  )

  test('restarts without its data: load goes on, and evidence is exchanged afterwards', async (context) => {
    const { disruptions, generators } = await start(context)
    await disruptions.restart()
    for (const one of generators) one.send('beat', 'gather run')
    await expectEvidence(generators)
  })

  async function expectEvidence(generators: readonly TestGenerator[]): Promise<void> {
    for (const { parts } of await Promise.all(generators.map((one) => one.next('gathered'))))
      expect(parts).toEqual([0, 1])
    for (const one of generators) expect(await one.next('tally')).toMatchObject({ second: 2, offered: 20 })
    expect(generators.flatMap(({ events }) => events)).not.toContain('abort')
  }
})
