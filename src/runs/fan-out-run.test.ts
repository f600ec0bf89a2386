import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import type { FanOutRecord, PublicationRecord } from '../evidence/fan-out-record.ts'
import { windowOf } from '../evidence/run-window.ts'
import { Histogram } from '../stats/histogram.ts'
import { fanOutRun } from './fan-out-run.ts'

function histogramOf(...ms: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const value of ms) histogram.record(value * 1000)
  return histogram
}

function publication(sequence: number, more: Partial<PublicationRecord> = {}): PublicationRecord {
  return {
    id: `p${sequence}`,
    sequence,
    atMs: sequence * 500,
    expected: 4,
    onTime: 4,
    late: 0,
    missing: 0,
    duplicate: 0,
    outOfOrder: 0,
    unexpected: 0,
    isFailed: false,
    p95Ms: 10 * sequence,
    maxMs: 20 * sequence,
    ...more,
  }
}

/** Four clients, three publications: client 1 missed two deliveries, client 3 had one late and one twice. */
function record(more: Partial<FanOutRecord> = {}): FanOutRecord {
  return {
    name: 'updates',
    load: 'fan-out of 2/s to 4 sockets, 2s',
    phases: [
      { name: 'warmup', startMs: 0, endMs: 500 },
      { name: 'steady', startMs: 500, endMs: 2500 },
    ],
    startMs: 10_000,
    durationMs: 2500,
    countedMs: 2000,
    abortReason: undefined,
    lateThresholdMs: 1000,
    settleMs: 5000,
    sockets: { requested: 5, subscribed: 4, failures: { refused: 1 }, closed: 1, reconnected: 0 },
    openingMs: 30,
    processes: 1,
    connectTime: histogramOf(5, 6, 7, 8),
    deliveries: {
      expected: 12,
      received: 10,
      onTime: 9,
      late: 1,
      missing: 2,
      duplicate: 1,
      outOfOrder: 0,
      racing: 0,
      optional: 0,
      unexpected: 0,
      unidentified: 0,
    },
    publications: [
      publication(1),
      publication(2, { missing: 1, onTime: 3 }),
      publication(3, { missing: 1, late: 1, onTime: 2, duplicate: 1, maxMs: 1200 }),
    ],
    maxSlipMs: 1,
    windows: [
      { second: 0, publications: 1, expected: 4, received: 4, lag: histogramOf(10, 10, 20, 20) },
      { second: 1, publications: 2, expected: 8, received: 6, lag: histogramOf(10, 10, 20, 20, 30, 1200) },
    ],
    clients: {
      expected: Uint32Array.of(3, 3, 3, 3),
      missing: Uint32Array.of(0, 2, 0, 0),
      late: Uint32Array.of(0, 0, 0, 1),
      duplicate: Uint32Array.of(0, 0, 0, 1),
      outOfOrder: Uint32Array.of(0, 0, 0, 0),
      unexpected: Uint32Array.of(0, 0, 0, 0),
      maxUs: Float64Array.of(20_000, 10_000, 20_000, 1_200_000),
    },
    traces: {
      unidentified: undefined,
      unexpected: undefined,
      certainUnexpected: 0,
      unknownIds: 0,
      heartbeat: undefined,
    },
    recoveries: { lost: 0, tookMs: [], unfinishedMs: [] },
    feed: undefined,
    assumedJoinMs: undefined,
    closings: new Map([[1, 'closed with code 1006']]),
    publisherClock: undefined,
    generator: {
      scheduleDelay: { p50Ms: 0.1, p99Ms: 1, maxMs: 1 },
      eventLoopDelay: { p50Ms: 0, p99Ms: 2, maxMs: 3 },
      eventLoopUtilization: 0.1,
      cpuRatio: 0.2,
      maxRssBytes: 1e8,
      openSockets: 4,
      descriptorLimit: 1024,
    },
    invalidities: [],
    connectInvalidities: [],
    notes: [],
    ...more,
  }
}

describe('a measured fan-out', () => {
  const run = fanOutRun(record())

  test('has ratios to expected deliveries, including missing ones', () => {
    expect(run.missingRate).toBeCloseTo(2 / 12)
    expect(run.onTimeRate(1000)).toBeCloseTo(9 / 12)
    expect(run.onTimeRate(15)).toBeCloseTo(4 / 12)
    expect(run.duplicateRate).toBeCloseTo(1 / 10)
    expect(run).toMatchObject({ state: 'measured', lag: { count: 10, maxMs: 1200 }, connectTime: { count: 4 } })
  })

  test('names the worst publications and clients, most missing first', () => {
    expect(run.worstPublications(3).map(({ label }) => label)).toEqual(['#3 at 1.5 s', '#2 at 1.0 s', '#1 at 0.5 s'])
    expect(run.worstClients()).toMatchObject([
      { label: 'client 1 (closed with code 1006)', expected: 3, missing: 2, onTime: 1, maxMs: 10 },
      { label: 'client 3', expected: 3, missing: 0, late: 1, duplicate: 1, onTime: 2, maxMs: 1200 },
    ])
    expect(run[evidenceOf]().worstPublications.map(({ id }) => id)).toEqual(['p3', 'p2'])
  })

  test('shows deliveries, lags, faults and sockets in its evidence', () => {
    const { evidenceLines, hint } = run[evidenceOf]()
    expect(evidenceLines).toEqual([
      'steady phase, 2.00 s, 10 of 12 deliveries of 3 publications, fan-out of 2/s to 4 sockets, 2s',
      expect.stringMatching(/^lag p50 20 {3}p90 30 {3}p95 1200 {3}p99 1200 {3}max 1200 ms$/),
      'missing 2 (16.7%)   late 1 (8.3%)   duplicate 1 (8.3%)   out of order 0   unexpected 0',
      '4 of 5 sockets subscribed, 1 × refused, 1 closed by the target   generator: event-loop delay p99 2 ms, CPU 20%',
    ])
    expect(hint).toBe(
      'most missing deliveries belong to the 1 client whose socket the other side closed (e.g. closed with code 1006): see the log of the target',
    )
  })

  test('has a window without the warm-up', () => {
    expect(run[windowOf]()).toMatchObject({
      run: 'updates',
      runStartMs: 10_000,
      runEndMs: 12_500,
      spans: [{ startMs: 10_500, endMs: 12_500 }],
      scope: 'steady phase',
    })
  })

  test('has a result of plain JSON with a timeline by second', () => {
    const result = JSON.parse(JSON.stringify(run.result())) as ReturnType<typeof run.result>
    expect(result).toMatchObject({ kind: 'fanOut', name: 'updates', state: 'completed', processes: 1, openingMs: 30 })
    expect(result.timeline).toMatchObject([
      { second: 0.5, publications: 1, expected: 4, received: 4, missing: 0, p99Ms: 20, maxMs: 20 },
      { second: 1.5, publications: 2, expected: 8, received: 6, missing: 2, p99Ms: 'Infinity', maxMs: 1200 },
    ])
    expect(result.publicationTimeline).toEqual([
      { atSec: 0.5, missing: 0, p95Ms: 10, maxMs: 20 },
      { atSec: 1, missing: 1, p95Ms: 20, maxMs: 40 },
      { atSec: 1.5, missing: 1, p95Ms: 30, maxMs: 1200 },
    ])
    expect(Histogram.fromJSON(result.lagHistogram).count).toBe(10)
  })
})

test('reduces the timeline of very many publications to the worst of each group', () => {
  const publications = Array.from({ length: 5_000 }, (_, index) => publication(index + 1, { maxMs: index % 3 }))
  const points = fanOutRun(record({ publications })).result().publicationTimeline!
  expect(points).toHaveLength(Math.ceil(5_000 / 3))
  expect(points.slice(0, -1).every(({ maxMs }) => maxMs === 2)).toBe(true)
})

test('a fan-out that received nothing has no lag, and a hint about publications that no client received', () => {
  const lost = publication(1, { missing: 4, onTime: 0, p95Ms: undefined, maxMs: undefined })
  const run = fanOutRun(
    record({
      publications: [lost],
      windows: [{ second: 0, publications: 1, expected: 4, received: 0, lag: histogramOf() }],
      deliveries: { ...record().deliveries, expected: 4, received: 0, onTime: 0, late: 0, missing: 4, duplicate: 0 },
      clients: {
        expected: Uint32Array.of(1, 1, 1, 1),
        missing: Uint32Array.of(1, 1, 1, 1),
        late: new Uint32Array(4),
        duplicate: new Uint32Array(4),
        outOfOrder: new Uint32Array(4),
        unexpected: new Uint32Array(4),
        maxUs: new Float64Array(4),
      },
      traces: {
        unidentified: undefined,
        unexpected: undefined,
        certainUnexpected: 0,
        unknownIds: 0,
        heartbeat: undefined,
      },
      recoveries: { lost: 0, tookMs: [], unfinishedMs: [] },
      feed: undefined,
      assumedJoinMs: undefined,
      closings: new Map(),
    }),
  )
  expect(run.state).toBe('empty')
  expect(run).not.toHaveProperty('lag')
  expect(run.result()).not.toHaveProperty('lag')
  expect(run.missingRate).toBe(1)
  expect(run.duplicateRate).toBeNaN()
  expect(run.worstClients(1)).toMatchObject([{ client: 0, missing: 1, maxMs: undefined }])
  expect(run[evidenceOf]().hint).toMatch(/^most missing deliveries belong to 1 publication that no client received/)
})

test('an aborted fan-out has the reason in its result and evidence', () => {
  const run = fanOutRun(record({ abortReason: 'enough' }))
  expect(run.result()).toMatchObject({ state: 'aborted', abortReason: 'enough' })
  expect(run[evidenceOf]().evidenceLines.at(-1)).toBe('aborted: enough')
})

test('its evidence names the slowest of several publications, and the scale', () => {
  const quick = [5, 50, 20, 40, 30, 10].map((p95Ms, at) => publication(at + 1, { p95Ms }))
  const nobody = publication(7, { p95Ms: undefined, maxMs: undefined, missing: 4, onTime: 0 })
  const evidence = fanOutRun(record({ publications: [...quick, nobody], reducedTo: 'smoke' }))[evidenceOf]()
  expect(evidence.slowest).toEqual([
    { label: '#2', p95Ms: 50 },
    { label: '#4', p95Ms: 40 },
    { label: '#5', p95Ms: 30 },
    { label: '#3', p95Ms: 20 },
    { label: '#6', p95Ms: 10 },
  ])
  expect(evidence).toMatchObject({ kind: 'fanOut', quantity: 'lag', reducedTo: 'smoke' })
  const single = fanOutRun(record({ publications: [publication(1)] }))[evidenceOf]()
  expect(single.slowest).toEqual([])
  expect(single).not.toHaveProperty('reducedTo')
})

test('counts the publications that could not be sent', () => {
  const publications = [publication(1), publication(2, { isFailed: true })]
  const run = fanOutRun(record({ publications }))
  expect(run.publications).toEqual({ count: 2, failed: 1, maxSlipMs: 1 })
  expect(run.result().publications).toEqual(run.publications)
  expect(run[evidenceOf]().publications).toEqual({ count: 2, failed: 1 })
})

test('its evidence shows unexpected deliveries, reconnections and the publisher’s clock', () => {
  const { deliveries, sockets } = record()
  const delay = { ...fanOutRun(record()).connectTime!, p50Ms: 12, p99Ms: 340 }
  const lines = (aheadMs: number) =>
    fanOutRun(
      record({
        deliveries: { ...deliveries, unexpected: 3, late: 0, missing: 0 },
        sockets: { ...sockets, closed: 2, reconnected: 2 },
        publisherClock: { aheadMs, uncertaintyMs: 0.4, delay },
        notes: ['unidentified, for example: {}'],
      }),
    )[evidenceOf]().evidenceLines
  expect(lines(-7).slice(2)).toMatchInlineSnapshot(`
    [
      "missing 0   late 0   duplicate 1 (8.3%)   out of order 0   unexpected 3",
      "4 of 5 sockets subscribed, 1 × refused, 2 closed by the target, 2 reconnected   generator: event-loop delay p99 2 ms, CPU 20%",
      "publisher's clock: 7 ms behind that of the generator, by the shortest round trip, ± 0.4 ms; by it, publications were stamped 12 ms (p50), 340 ms (p99) after they were due",
      "unidentified, for example: {}",
    ]
  `)
  expect(lines(7)[4]).toMatch(/^publisher's clock: 7 ms ahead of that of the generator, by/)
})

test('has no hint without missing deliveries, or if they have several causes', () => {
  const hint = (more: Partial<FanOutRecord>) => fanOutRun(record(more))[evidenceOf]().hint
  const { deliveries } = record()
  expect(hint({ deliveries: { ...deliveries, missing: 0 } })).toBeUndefined()
  expect(hint({ closings: new Map() })).toBeUndefined()
  // Client 1, whose socket was closed, misses two of three deliveries: a cause needs 80%.
  expect(hint({ deliveries: { ...deliveries, missing: 3 } })).toBeUndefined()
  const lost = publication(3, { expected: 4, missing: 4, onTime: 0 })
  const unexpectedByAll = publication(4, { expected: 0, missing: 0, onTime: 0 })
  const withLost = { publications: [publication(1), lost, unexpectedByAll], closings: new Map<number, string>() }
  expect(hint({ ...withLost, deliveries: { ...deliveries, missing: 5 } })).toBe(
    'most missing deliveries belong to 1 publication that no client received: check whether it was published',
  )
  expect(hint({ ...withLost, deliveries: { ...deliveries, missing: 6 } })).toBeUndefined()
})

test('sorts the worst publications and clients by each kind of fault in turn', () => {
  const labels = (faults: readonly Partial<PublicationRecord>[]) =>
    fanOutRun(record({ publications: faults.map((fault, at) => publication(at + 1, { maxMs: 5, ...fault })) }))
      .worstPublications()
      .map(({ label }) => label.split(' ')[0])
  expect(labels([{}, { missing: 1 }, { missing: 2 }])).toEqual(['#3', '#2', '#1'])
  expect(labels([{}, { late: 1 }, { late: 2, maxMs: 1 }])).toEqual(['#3', '#2', '#1'])
  expect(labels([{ maxMs: undefined }, { maxMs: 1 }, { maxMs: 9 }])).toEqual(['#3', '#2', '#1'])
  expect(labels([{}, {}, {}, {}, {}, {}, {}])).toHaveLength(5)
  const table = (more: Partial<FanOutRecord['clients']>) => {
    const clients = { ...record().clients, missing: new Uint32Array(4), late: new Uint32Array(4) }
    const all = { ...clients, duplicate: new Uint32Array(4), outOfOrder: new Uint32Array(4), ...more }
    return fanOutRun(record({ clients: all, closings: new Map() }))
      .worstClients()
      .map(({ client }) => client)
  }
  for (const kind of ['missing', 'late', 'outOfOrder', 'duplicate'] as const)
    expect(table({ [kind]: Uint32Array.of(1, 0, 3, 2) })).toEqual([2, 3, 0])
  expect(table({ missing: Uint32Array.of(1, 0, 0, 0), late: Uint32Array.of(0, 9, 0, 0) })).toEqual([0, 1])
  expect(table({ late: Uint32Array.of(1, 0, 0, 0), outOfOrder: Uint32Array.of(0, 9, 0, 0) })).toEqual([0, 1])
  expect(table({ outOfOrder: Uint32Array.of(1, 0, 0, 0), duplicate: Uint32Array.of(0, 9, 0, 0) })).toEqual([0, 1])
})

test('its evidence contains only publications with a fault', () => {
  const kinds = [{}, { missing: 1 }, { late: 1 }, { duplicate: 1 }, { outOfOrder: 1 }]
  const publications = kinds.map((fault, at) => publication(at + 1, fault))
  const { worstPublications } = fanOutRun(record({ publications }))[evidenceOf]()
  expect(worstPublications.map(({ id }) => id).toSorted()).toEqual(['p2', 'p3', 'p4', 'p5'])
})

test('has no connect time without sockets, and an infinite lag in the chart for a missing publication', () => {
  const nobody = publication(1, { p95Ms: Number.POSITIVE_INFINITY, maxMs: undefined, missing: 4, onTime: 0 })
  const result = fanOutRun(record({ connectTime: histogramOf(), publications: [nobody] })).result()
  expect(result).not.toHaveProperty('connectTime')
  expect(result.publicationTimeline).toEqual([{ atSec: 0.5, missing: 4, p95Ms: 'Infinity' }])
  expect(fanOutRun(record()).result()).toMatchObject({ lag: { count: 10 }, connectTime: { count: 4 } })
  expect(fanOutRun(record()).result()).not.toHaveProperty('abortReason')
  expect(fanOutRun(record()).result()).not.toHaveProperty('heartbeats')
  const heartbeats = { sent: 7, withoutResponse: 2 }
  expect(fanOutRun(record({ heartbeats })).result()).toMatchObject({ heartbeats })
})

test('shows lags of publications without a time stamp as infinite', () => {
  const feed = {
    stamped: 6,
    unstamped: { count: 1, id: 'p2' },
    fastestMs: 1,
    driftMs: 0,
    isClockUnsteady: false,
    orderedBy: 'time stamps' as const,
    leftOut: 0,
    isNumbered: true,
    silentMs: undefined,
  }
  const lag = histogramOf(10, 20, 30, 40, 50, 60).withInfinite(4)
  const run = fanOutRun(record({ feed, windows: [{ second: 0, publications: 3, expected: 12, received: 10, lag }] }))
  const evidence = run[evidenceOf]()
  expect(evidence.unknownLags).toEqual({ count: 4, of: 10, id: 'p2' })
  expect(evidence.evidenceLines).toContain('lag p50 50   p90 ∞   p95 ∞   p99 ∞   max 60 ms')
  expect(evidence.evidenceLines).toContain(
    '1 publication has no time stamp (the first: "p2"): their lag is unknown and counts as infinite',
  )
  expect(run.result().lag).toMatchObject({ p99Ms: 'Infinity', infiniteCount: 4 })
  expect(run.onTimeRate(1000)).toBe(0.5)
})
