import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../../evidence/evidence.ts'
import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { GeneratorInfo } from '../../evidence/generator-info.ts'
import { fanOutRun } from '../../runs/fan-out-run.ts'
import { messageOf } from '../../testing/message-of.ts'
import { sampleMeasurement, type Happening, type SampleFanOut } from '../../testing/sample-fan-out.ts'
import { HEALTHY } from '../../testing/sample-measurement.ts'
import type { FanOutMeasurement } from './fan-out-measurement.ts'
import { encodeFanOut } from './fan-out-part.ts'
import { summarize } from './fan-out-summary.ts'
import { mergeFanOuts } from './merge-fan-outs.ts'

const CLIENTS = Array.from({ length: 30 }, (_, client) => client)
/** Ten publications that each client receives after 40 ms. */
const ALL_RECEIVED: readonly Happening[] = Array.from({ length: 10 }, (_, nth): Happening[] => [
  { kind: 'published', atMs: 600 + nth * 500, group: 0, isFailed: false },
  ...CLIENTS.map((client): Happening => ({ kind: 'received', client, nth, lagMs: 40 })),
]).flat()
const SAMPLE: SampleFanOut = { happenings: ALL_RECEIVED, failing: [], hasGroups: false }
const BUSY: GeneratorHealth = { ...HEALTHY, eventLoopUtilization: 0.98, cpuRatio: 1 }
const SLOW = { p50Ms: 200, p95Ms: 300, p99Ms: 400, sustainedP99Ms: 400, maxMs: 500 }

interface Differing {
  readonly more?: Partial<FanOutMeasurement>
  readonly info?: Partial<GeneratorInfo>
}

const NODES = ['node-a', 'node-b', 'node-a']

/** Parts of three generators, of which some differ from the others. */
function partsOf(differing: Readonly<Record<number, Differing>> = {}, sample = SAMPLE): Uint8Array[] {
  return [0, 1, 2].map((index) => {
    const { more = {}, info = {} } = differing[index] ?? {}
    const measured = { ...sampleMeasurement(sample, { index, count: 3 }), ...more }
    return encodeFanOut(measured, { index, count: 3, node: NODES[index]!, ...info })
  })
}

function runOf(parts: readonly Uint8Array[], lost?: Parameters<typeof mergeFanOuts>[2]) {
  return fanOutRun(summarize(mergeFanOuts(parts, sampleMeasurement(SAMPLE, { index: 0, count: 3 }), lost)))
}

function findingsOf(parts: readonly Uint8Array[], lost?: Parameters<typeof mergeFanOuts>[2]): string[] {
  return runOf(parts, lost).invalidities.map(({ reason, finding }) => `${reason}: ${finding}`)
}

describe('a fan-out of several generators', () => {
  test('has the deliveries of all sockets, and each publication once', () => {
    const run = runOf(partsOf())
    expect(run.invalidities).toEqual([])
    expect(run.publications.count).toBe(10)
    expect(run.deliveries).toMatchObject({ expected: 300, received: 300, missing: 0 })
    expect(run.sockets).toMatchObject({ requested: 30, subscribed: 30 })
    expect(run.worstPublications(1)).toMatchObject([{ expected: 30, p95Ms: 40, maxMs: 40 }])
  })

  test('names a saturated generator, for deliveries and for connect times', () => {
    const parts = partsOf({ 1: { more: { generator: BUSY, openingHealth: { ...BUSY, eventLoopDelay: SLOW } } } })
    expect(findingsOf(parts)).toMatchInlineSnapshot(`
      [
        "generator-saturated: generator 2 of 3 (node-b): the event loop of the generator was busy 98% of the time, limit 95%",
      ]
    `)
    const { connect } = runOf(parts)[evidenceOf]()
    expect(connect.invalidities.map(({ finding }) => finding)).toMatchInlineSnapshot(`
      [
        "generator 2 of 3 (node-b): event-loop delay p99 400 ms, limit 250 ms (event loop busy 98%, CPU 100% of a core)",
      ]
    `)
  })

  test('is invalid without one of them, with the deliveries of the others', () => {
    const [first, , third] = partsOf()
    const lost = [{ index: 1, node: 'node-b', atMs: 4200 }]
    expect(findingsOf([first!, third!], lost)).toMatchInlineSnapshot(`
      [
        "generator-lost: generator 2 of 3 (node-b) lost at 4.2 s, 33.3% of the load was not sent",
      ]
    `)
    const run = runOf([first!, third!], lost)
    expect(run.deliveries.expected).toBe(200)
    expect(run[evidenceOf]().connect.invalidities).toMatchObject([{ reason: 'generator-lost' }])
  })

  test('is invalid if a publication is not in the account of every generator', () => {
    const { publications } = sampleMeasurement(SAMPLE, { index: 2, count: 3 })
    const parts = partsOf({ 2: { more: { publications: publications.slice(1) } } })
    expect(findingsOf(parts)).toMatchInlineSnapshot(`
      [
        "undecided: 1 of 10 publications were not counted by all generators",
      ]
    `)
  })

  test('has the failed joins of all clients, and the first sample', () => {
    const { traces } = sampleMeasurement(SAMPLE, { index: 0, count: 3 })
    const join = { count: 1, missing: 4, sample: 'client 1' }
    const rejected = { count: 1, sample: 'client 1 joins "a": full' }
    const moves = { made: 1, unacknowledged: 0, afterEnd: 0 }
    const parts = partsOf({
      1: { more: { traces: { ...traces, failedJoins: { rejected: join } }, moves: { ...moves, rejected } } },
      2: {
        more: { traces: { ...traces, failedJoins: { rejected: join, silent: join } }, moves: { ...moves, rejected } },
      },
    })
    const merged = mergeFanOuts(parts, sampleMeasurement(SAMPLE, { index: 0, count: 3 }))
    expect(merged.traces.failedJoins).toEqual({ rejected: { ...join, count: 2, missing: 8 }, silent: join })
    expect(merged.moves.rejected).toEqual({ ...rejected, count: 2 })
    expect(mergeFanOuts(partsOf(), sampleMeasurement(SAMPLE, { index: 0, count: 3 })).traces).not.toHaveProperty(
      'failedJoins',
    )
  })

  test('has the recoveries of all clients, also undecided ones', () => {
    const parts = partsOf({
      0: { more: { recoveries: { lost: 2, tookMs: [400], unfinishedMs: [], undecidedMs: [300] } } },
      2: { more: { recoveries: { lost: 3, tookMs: [200], unfinishedMs: [900], undecidedMs: [100] } } },
    })
    expect(runOf(parts)[evidenceOf]().recoveries).toEqual({
      lost: 5,
      tookMs: [200, 400],
      unfinishedMs: [900],
      undecidedMs: [100, 300],
    })
  })

  test('describes the generators and the error of their clocks', () => {
    const run = runOf(
      partsOf({
        0: { info: { startSkewMs: 0, clockErrorMs: 0.4 } },
        1: { info: { startSkewMs: 1.9, clockErrorMs: 0.9 } },
        2: { info: { startSkewMs: 0.7, clockErrorMs: 0.5 } },
      }),
    )
    const evidence = run[evidenceOf]()
    expect(evidence.evidenceLines).toMatchInlineSnapshot(`
      [
        "steady phase, 5.50 s, 300 of 300 deliveries of 10 publications, fan-out of 2/s to 30 sockets, 5.5s, after 500ms of warm-up",
        "lag p50 40   p90 40   p95 40   p99 40   max 40 ms",
        "missing 0   late 0   duplicate 0   out of order 0   unexpected 0",
        "30 of 30 sockets subscribed   3 generators: event-loop delay p99 up to 2 ms, CPU up to 31%",
        "3 generators on 2 nodes started within 1.9 ms of one another, clocks differ by at most 1.4 ms",
      ]
    `)
    expect(evidence.clockErrorMs).toBeCloseTo(1.4)
    expect(run.result().generators?.[1]).toMatchObject({
      ...{ number: 2, node: 'node-b', startSkewMs: 1.9, clockErrorMs: 0.9, expected: 100, received: 100 },
      times: { p50Ms: 40 },
      health: HEALTHY,
    })
  })

  test('shows nothing of generators if there is only one', () => {
    const own = sampleMeasurement(SAMPLE)
    const merged = mergeFanOuts([encodeFanOut(own, { index: 0, count: 1, node: 'node-a' })], own)
    expect(fanOutRun(summarize(merged)).result()).toEqual(fanOutRun(summarize(own)).result())
    const lines = (measured: FanOutMeasurement) => fanOutRun(summarize(measured))[evidenceOf]().evidenceLines
    expect(lines(merged)).toEqual(lines(own))
  })

  test('rejects the part of another run', () => {
    const parts = partsOf({ 1: { more: { name: 'prices' } } })
    expect(messageOf(() => runOf(parts))).toMatchInlineSnapshot(`
      "Error: the evidence of a generator is of the run "prices" (fanOut), and that of this one of "updates" (fanOut)
      Fix: run the same scenario file on all generators, and make it take the same steps on each of them"
    `)
  })
})
