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
    expect(findingsOf(parts)).toMatchInlineSnapshot()
    const { connect } = runOf(parts)[evidenceOf]()
    expect(connect.invalidities.map(({ finding }) => finding)).toMatchInlineSnapshot()
  })

  test('is invalid without one of them, with the deliveries of the others', () => {
    const [first, , third] = partsOf()
    const lost = [{ index: 1, node: 'node-b', atMs: 4200 }]
    expect(findingsOf([first!, third!], lost)).toMatchInlineSnapshot()
    const run = runOf([first!, third!], lost)
    expect(run.deliveries.expected).toBe(200)
    expect(run[evidenceOf]().connect.invalidities).toMatchObject([{ reason: 'generator-lost' }])
  })

  test('is invalid if a publication is not in the account of every generator', () => {
    const { publications } = sampleMeasurement(SAMPLE, { index: 2, count: 3 })
    const parts = partsOf({ 2: { more: { publications: publications.slice(1) } } })
    expect(findingsOf(parts)).toMatchInlineSnapshot()
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
    expect(evidence.evidenceLines).toMatchInlineSnapshot()
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
    expect(messageOf(() => runOf(parts))).toMatchInlineSnapshot()
  })
})
