import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../../evidence/evidence.ts'
import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { GeneratorInfo } from '../../evidence/generator-info.ts'
import { History } from '../../history/history.ts'
import { messageOf } from '../../testing/message-of.ts'
import { every, HEALTHY, measured, series, type SampleRequest } from '../../testing/sample-measurement.ts'
import type { HttpMeasurement } from '../request-measurement.ts'
import { httpRun, type HttpRun } from '../request-run.ts'
import { encodeHttpRun } from './http-part.ts'
import { mergeHttpRuns } from './merge-http-runs.ts'

const GOOD = every(10, 0, 9000, { latencyMs: 20, status: 200 })
const SATURATED: GeneratorHealth = {
  ...HEALTHY,
  scheduleDelay: { p50Ms: 9, p99Ms: 48, maxMs: 80 },
  eventLoopUtilization: 0.99,
  cpuRatio: 1,
}

interface Sample extends Partial<HttpMeasurement> {
  readonly requests?: readonly SampleRequest[]
  readonly info?: Partial<GeneratorInfo>
}

function measurementOf({ requests = GOOD, info: _info, ...more }: Sample): HttpMeasurement {
  return measured([series('http 1', undefined, requests)], more)
}

function part(index: number, sample: Sample = {}, count = 8): Uint8Array {
  const node = `node-${'abcd'[index % 4]!}`
  return encodeHttpRun(measurementOf(sample), { index, count, node, ...sample.info })
}

/** The run of eight generators, of which some differ from the others. */
function runOf(differing: Readonly<Record<number, Sample>> = {}, lost?: Parameters<typeof mergeHttpRuns>[2]): HttpRun {
  const indexes = Array.from({ length: 8 }, (_, index) => index).filter(
    (at) => !lost?.some(({ index }) => index === at),
  )
  return httpRun(
    mergeHttpRuns(
      indexes.map((index) => part(index, differing[index])),
      measurementOf({}),
      lost,
    ),
  )
}

function findingsOf(run: HttpRun): string[] {
  return run[evidenceOf]().invalidities.map(({ reason, finding }) => `${reason}: ${finding}`)
}

describe('health of the generators', () => {
  test('is no reason to be invalid if all are healthy', () => {
    expect(findingsOf(runOf())).toEqual([])
  })

  test('makes the run invalid if one is saturated, and names it', () => {
    expect(findingsOf(runOf({ 2: { generator: SATURATED } }))).toMatchInlineSnapshot(`
      [
        "generator-saturated: generator 3 of 8 (node-c): schedule delay p99 48 ms, limit 5 ms (event loop busy 99%, CPU 100% of a core)",
      ]
    `)
  })

  test('is judged by the requests that each of them was to send', () => {
    const dropping = GOOD.map((request, at) => (at % 10 === 0 ? { atMs: request.atMs, dropped: true } : request))
    const busy = { ...HEALTHY, eventLoopUtilization: 0.99 }
    expect(findingsOf(runOf({ 4: { requests: dropping, generator: busy } }))).toMatchInlineSnapshot(`
      [
        "offered-rate-missed: generator 5 of 8 (node-a): 90% of the requests due were sent, with the generator's event loop busy 99% of the time",
      ]
    `)
    // A tenth of an eighth is little of the whole, and the generator was not busy: VUs were.
    expect(findingsOf(runOf({ 4: { requests: dropping } }))).toEqual([])
  })

  test('lists the numbers of more than three', () => {
    const saturated = { generator: SATURATED }
    const findings = findingsOf(runOf({ 0: saturated, 2: saturated, 3: saturated, 5: saturated, 7: saturated }))
    expect(findings).toHaveLength(4)
    expect(findings.at(-1)).toMatchInlineSnapshot(
      `"generator-saturated: 2 more of 8 generators exceed their limits: 6, 8"`,
    )
  })

  test('is shown as that of the worst', () => {
    const run = runOf({ 2: { generator: SATURATED } })
    expect(run.generator).toMatchObject({
      scheduleDelay: { p99Ms: 48 },
      eventLoopDelay: { p99Ms: 2 },
      eventLoopUtilization: 0.99,
      cpuRatio: 1,
      openSockets: 80,
    })
  })
})

describe('a lost generator', () => {
  test('makes the run invalid, with the evidence of the others', () => {
    const run = runOf({}, [{ index: 4, node: 'node-c', atMs: 41_000 }])
    expect(findingsOf(run)).toMatchInlineSnapshot(`
      [
        "generator-lost: generator 5 of 8 (node-c) lost at 41.0 s, 12.5% of the load was not sent",
      ]
    `)
    expect(run.offered).toBe(7 * 350)
  })

  test('is found by its missing part', () => {
    const parts = [0, 1, 2].map((index) => part(index, {}, 5))
    expect(findingsOf(httpRun(mergeHttpRuns(parts, measurementOf({}))))).toMatchInlineSnapshot(`
      [
        "generator-lost: generator 4 of 5 lost, generator 5 of 5 lost, 40% of the load was not sent",
      ]
    `)
  })

  test('is invalid even if the target failed', () => {
    const refused = every(10, 0, 9000, { latencyMs: 1, error: ['connect', 'ECONNREFUSED'] })
    const failing = Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((index) => [index, { requests: refused }]))
    expect(findingsOf(runOf(failing, [{ index: 7 }]))).toEqual([
      'generator-lost: generator 8 of 8 lost, 12.5% of the load was not sent',
    ])
  })
})

describe('the evidence of a merged run', () => {
  test('describes the generators in its lines', () => {
    const run = runOf({
      0: { info: { startSkewMs: -0.4, clockErrorMs: 0.3 } },
      2: { generator: SATURATED, info: { startSkewMs: 2.8, clockErrorMs: 0.4 } },
    })
    expect(run[evidenceOf]().evidenceLines).toMatchInlineSnapshot(`
      [
        "steady and spike phases, 3.5 s, 2,800 of 2,800 requests, constantArrivalRate 200/s, 2,000 VUs, 9s",
        "p50 20   p90 20   p95 20   p99 20   max 20 ms   service-time p95 20 ms",
        "errors 0%   dropped 0   8 generators: schedule delay p99 up to 48 ms, CPU up to 100%",
        "8 generators on 4 nodes started within 3.2 ms of one another, clocks differ by at most 0.7 ms",
      ]
    `)
  })

  test('points out a generator whose median differs from that of the others', () => {
    const slower = every(10, 0, 9000, { latencyMs: 26, status: 200 })
    expect(
      runOf({ 4: { requests: slower } })
        // oxlint-disable-next-line eslint/no-unexpected-multiline
        [evidenceOf]()
        .evidenceLines.at(-1),
    ).toMatchInlineSnapshot(
      `"generator 5 of 8 (node-a) differs: p50 26 ms, between 26 ms and 26 ms; p50 of the others 20 ms"`,
    )
    expect(runOf()[evidenceOf]().evidenceLines.at(-1)).not.toContain('differs')
  })

  test('contains figures of each generator for reports', () => {
    const { generators } = runOf({ 1: { info: { startSkewMs: 1.2, clockErrorMs: 0.3 } } }, [
      { index: 3, atMs: 4000 },
    ]).result()
    expect(generators?.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(generators?.[1]).toEqual({
      number: 2,
      node: 'node-b',
      startSkewMs: 1.2,
      clockErrorMs: 0.3,
      offered: 350,
      sent: 350,
      times: expect.objectContaining({ p50Ms: 20, p95Ms: 20, p99Ms: 20 }) as unknown,
      health: HEALTHY,
    })
    expect(generators?.[3]).toEqual({ number: 4, isLost: true, lostAtMs: 4000 })
  })

  test('shows nothing of generators if there is only one', () => {
    const own = measurementOf({})
    const run = httpRun(mergeHttpRuns([encodeHttpRun(own, { index: 0, count: 1, node: 'node-a' })], own))
    expect(run.result()).toEqual(httpRun(own).result())
    expect(run[evidenceOf]().evidenceLines).toEqual(httpRun(own)[evidenceOf]().evidenceLines)
  })

  test('ends when the last generator stopped, for the reason of the first', () => {
    const ended = (durationMs: number, abortReason: string) => ({
      durationMs,
      abortReason,
      phases: [
        { name: 'warmup' as const, startMs: 0, endMs: 2500 },
        { name: 'steady' as const, startMs: 2500, endMs: durationMs },
        { name: 'spike' as const, startMs: durationMs, endMs: durationMs },
      ],
    })
    const [later, sooner] = [ended(5200, 'stopped by generator 2'), ended(5100, 'SIGTERM')]
    const run = httpRun(mergeHttpRuns([part(0, later, 2), part(1, sooner, 2)], measurementOf(later)))
    expect([run.aborted, run.phases]).toEqual(['SIGTERM', later.phases])
  })

  test('adds up connections, heartbeats and what happens in each second', () => {
    const run = runOf({
      0: {
        gauges: [
          { inFlight: 3, vus: 10 },
          { inFlight: 4, vus: 10 },
        ],
        connections: {
          ...{ opened: 5, refused: 1, closedIdle: 2, replaced: 3, resetAfterUse: 4, openAtEnd: 2, maxOpen: 5 },
          ...{ resetIdleMs: { min: 40, max: 90 }, idleTimeoutMs: 5000, closings: { 'closed with code 1012': 2 } },
        },
        heartbeats: { sent: 7, withoutResponse: 1 },
      },
      1: { heartbeats: { sent: 5, withoutResponse: undefined } },
    })
    expect(run.connections).toEqual({
      ...{ opened: 12, refused: 1, closedIdle: 2, replaced: 3, resetAfterUse: 4, openAtEnd: 9, maxOpen: 12 },
      ...{ resetIdleMs: { min: 40, max: 90 }, idleTimeoutMs: 5000, closings: { 'closed with code 1012': 2 } },
    })
    expect(run.heartbeats).toEqual({ sent: 12, withoutResponse: 1 })
    expect(run.timeline.slice(0, 2).map(({ inFlight, vus }) => [inFlight, vus])).toEqual([
      [10, 80],
      [4, 10],
    ])
  })

  test('keeps warnings of single generators with their names, and shared ones once', () => {
    const warned = (...warnings: string[]) => ({ warnings })
    const parts = [part(0, warned('shared', 'own'), 2), part(1, warned('shared'), 2)]
    expect(httpRun(mergeHttpRuns(parts, measurementOf({}))).warnings).toEqual([
      'shared',
      'generator 1 of 2 (node-a): own',
    ])
  })

  test('has the diagnosis of the target only if all generators made it', () => {
    const hintOf = (...diagnoses: (string | undefined)[]) => {
      const parts = diagnoses.map((diagnosis, at) => part(at, diagnosis === undefined ? {} : { diagnosis }, 2))
      return httpRun(mergeHttpRuns(parts, measurementOf({ diagnosis: 'own' })))[evidenceOf]().hint
    }
    expect([hintOf('speaks TLS', 'speaks TLS'), hintOf('speaks TLS', undefined)]).toEqual(['speaks TLS', undefined])
  })

  test('has the ten slowest requests of all', () => {
    const slowest = (from: number) =>
      Array.from({ length: 10 }, (_, at) => ({ atMs: at, label: 'GET /', latencyMs: from - at * 2 }))
    const parts = [part(0, { slowest: slowest(100) }, 2), part(1, { slowest: slowest(99) }, 2)]
    const { slowest: found } = httpRun(mergeHttpRuns(parts, measurementOf({}))).result()
    expect(found?.map(({ latencyMs }) => latencyMs)).toEqual([100, 99, 98, 97, 96, 95, 94, 93, 92, 91])
  })

  test('contains the operations of all histories', () => {
    const historyOf = (...startsUs: number[]) => {
      const history = new History({ runId: 'r1', steps: ['pay'], run: 'http 1' })
      for (const startUs of startsUs) {
        const id = history.begin({ key: `k${startUs}`, vu: startUs, step: 0, intendedStartUs: startUs, startUs })
        if (startUs % 2 === 0) history.end(id, { endUs: startUs + 5, outcome: 'ok', status: 201 })
      }
      return history
    }
    const parts = [part(0, { history: historyOf(1, 4, 6) }, 2), part(1, { history: historyOf(2, 3, 9) }, 2)]
    const { history } = httpRun(mergeHttpRuns(parts, measurementOf({})))
    expect([...history.operations()]).toEqual([...historyOf(1, 2, 3, 4, 6, 9).operations()])
    expect([history.runId, history.steps, history.run]).toEqual(['r1', ['pay'], 'http 1'])
  })
})

describe('parts', () => {
  test('contain no secrets', () => {
    const run = measured([series('a', undefined, [{ atMs: 5000, error: ['status', '500'], status: 500 }])], {
      slowest: [{ atMs: 0, label: 'GET /reset/hunter2hunter2hunter2', latencyMs: 1 }],
      warnings: ['Authorization: Bearer abcdef0123456789abcdef'],
      abortReason: 'postgres://app:hunter2@db/shop',
    })
    run.series[0]!.timeline.at(5000).countDetail('500', () => '{"token":"hunter2hunter2","note":"opensesame"}')
    const own = { ...run, series: run.series }
    const merged = mergeHttpRuns([encodeHttpRun(run, { index: 0, count: 1, node: 'a' }, ['opensesame'])], own)
    const texts = [merged.abortReason, ...merged.warnings, merged.slowest[0]!.label]
    const [sample] = merged.series[0]!.timeline.at(5000).samples.values()
    expect([...texts, sample]).toMatchInlineSnapshot(`
      [
        "postgres://app:***@db/shop",
        "Authorization: ***",
        "GET /reset/***",
        "{"token":"***","note":"***"}",
      ]
    `)
  })

  test('must be of one run, with one part for each generator', () => {
    const own = measurementOf({})
    const merge = (...parts: Uint8Array[]) => messageOf(() => mergeHttpRuns(parts, own))
    expect(merge(part(0, { name: 'http 2' }, 2), part(1, {}, 2))).toMatchInlineSnapshot(`
      "Error: the evidence of a generator is of the run "http 2" (http), and that of this one of "http 1" (http)
      Fix: run the same scenario file on all generators, and make it take the same steps on each of them"
    `)
    expect(merge(part(0, {}, 2), part(1, {}, 3))).toMatchInlineSnapshot(`
      "Error: one generator is generator 1 of 2 (node-a), another is generator 2 of 3 (node-b)
      Fix: give all generators the same number of generators"
    `)
    expect(merge(part(1, {}, 2), part(1, {}, 2))).toMatchInlineSnapshot(`
      "Error: two generators are generator 2 of 2
      Fix: give each generator its own number"
    `)
    expect(merge()).toMatchInlineSnapshot(`"Error: there is no evidence to merge"`)
  })
})
