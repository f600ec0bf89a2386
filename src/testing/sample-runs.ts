import { evidenceOf, type FanOutEvidence, type RequestEvidence, type TimeEvidence } from '../evidence/evidence.ts'
import type { GeneratorHealth, LoopBlocks } from '../evidence/generator-health.ts'
import type { BusyVus, Invalidity, VuShortage } from '../evidence/verdict.ts'
import { Histogram } from '../stats/histogram.ts'
import { Window, type ErrorKind } from '../stats/timeline.ts'

/** Sample runs without an engine, for tests of matchers and reports. */

const GENERATOR = {
  scheduleDelay: { p50Ms: 0.2, p99Ms: 1.2, maxMs: 3 },
  eventLoopDelay: { p50Ms: 0.4, p99Ms: 2, maxMs: 9 },
  eventLoopUtilization: 0.2,
  cpuRatio: 0.31,
  maxRssBytes: 90_000_000,
  openSockets: 2_000,
  descriptorLimit: 20_000,
} as const

export const SATURATED: Invalidity = {
  reason: 'generator-saturated',
  finding: 'schedule delay p99 48 ms, limit 10 ms',
  fix: 'lower the rate, or give the generator a core of its own',
}

export const GIVEN_UP: Invalidity = {
  reason: 'aborted',
  finding: 'the run was aborted: error rate 100% over the last 5s, limit 90% (480 × connect, 3 × reset)',
  fix: 'find out why the target failed',
  blame: 'target',
}

export interface SampleRequests {
  readonly seconds?: number
  readonly perSecond?: number
  /** Latency of the `n`th request with a response. Default: spread evenly between 10 and 109 ms. */
  readonly latencyMs?: (n: number) => number
  /** Errors per second, among the sent requests. */
  readonly errorsPerSecond?: number
  readonly errorKind?: ErrorKind
  readonly droppedPerSecond?: number
  /** Length of the last second in milliseconds; a shorter one has fewer requests. Default: 1000. */
  readonly lastMs?: number
  /** Responses with status 429 per second, which do not count as errors. */
  readonly limitedPerSecond?: number
  readonly offeredRatePerSec?: number | undefined
  readonly reducedTo?: string
  readonly invalidities?: readonly Invalidity[]
  /** Service time of the `n`th request with a response. Default: its latency. */
  readonly serviceMs?: (n: number) => number
  readonly vuShortage?: VuShortage
  /** Set if all VUs were busy at some time. The windows are those of the run. */
  readonly busyVus?: Omit<BusyVus, 'windows'>
  readonly pauses?: Pauses
}

/** Blocks of the generator's event loop. */
interface Pauses extends LoopBlocks {
  readonly maxMs: number
}

function generatorWith(pauses: Pauses | undefined): GeneratorHealth {
  if (pauses === undefined) return GENERATOR
  const { maxMs, ...blocks } = pauses
  return { ...GENERATOR, eventLoopDelay: { ...GENERATOR.eventLoopDelay, maxMs, blocks } }
}

/** A run of requests in which all seconds are equal. */
export function sampleHttpRun(options: SampleRequests = {}) {
  const { seconds = 10, perSecond = 200, lastMs = 1000 } = options
  const windows = Array.from({ length: seconds }, (_, second) =>
    requestWindow(second, options, second === seconds - 1 ? (perSecond * lastMs) / 1000 : perSecond),
  )
  const evidence = requestEvidence(windows, options)
  return { name: 'http 1', [evidenceOf]: () => evidence }
}

function requestWindow(second: number, options: SampleRequests, due: number): Window {
  const { perSecond = 200, latencyMs = (n) => 10 + (n % 100), errorsPerSecond = 0 } = options
  const { errorKind = 'timeout', droppedPerSecond = 0, limitedPerSecond = 0, serviceMs = latencyMs } = options
  const window = new Window(second)
  window.offered = due
  window.dropped = droppedPerSecond
  window.sent = due - droppedPerSecond
  for (let n = 0; n < window.sent; n++) {
    const us = latencyMs(second * perSecond + n) * 1000
    const serviceUs = serviceMs(second * perSecond + n) * 1000
    if (n < errorsPerSecond) window.recordError(errorKind, us, serviceUs)
    else window.recordGood(us, serviceUs, n < errorsPerSecond + limitedPerSecond ? 429 : 200)
  }
  return window
}

function requestEvidence(windows: readonly Window[], options: SampleRequests): RequestEvidence {
  const { lastMs = 1000 } = options
  const total = (count: (window: Window) => number) => windows.reduce((sum, window) => sum + count(window), 0)
  const [offered, completed] = [total((window) => window.offered), total((window) => window.completed)]
  const { errorKind = 'timeout' } = options
  const rate = 'offeredRatePerSec' in options ? options.offeredRatePerSec : (options.perSecond ?? 200)
  return {
    kind: 'http',
    quantity: 'latency',
    histogram: Histogram.merged(windows.map((window) => window.latency())),
    windows: windows.map((window) => window.latency()),
    requestWindows: windows,
    goodBySecond: windows.map(({ second, completed, errorCount }) => {
      return { second, count: completed - errorCount, seconds: second === windows.length - 1 ? lastMs / 1000 : 1 }
    }),
    durationMs: windows.length * 1000 - 1000 + lastMs,
    ...(options.reducedTo === undefined ? {} : { reducedTo: options.reducedTo }),
    invalidities: options.invalidities ?? [],
    ...(options.vuShortage === undefined ? {} : { vuShortage: options.vuShortage }),
    ...(options.busyVus === undefined ? {} : { busyVus: { ...options.busyVus, windows: () => windows } }),
    evidenceLines: [
      `steady phase, ${windows.length}.0 s, ${completed} of ${offered} requests, constantArrivalRate 200/s, 2,000 VUs`,
      'generator: schedule delay p99 1.2 ms, CPU 31%',
    ],
    slowest: [
      { label: 'POST /api/votes', p95Ms: 188 },
      { label: 'GET /api/me', p95Ms: 92 },
    ],
    hint: undefined,
    offered,
    completed,
    sent: total((window) => window.sent),
    dropped: total((window) => window.dropped),
    errors: merged(windows.map(({ errors }) => errors)),
    targetErrors: errorKind === 'timeout' ? 0 : total((window) => window.errorCount),
    statuses: merged(windows.map(({ statuses }) => statuses)),
    offeredRatePerSec: rate,
    generator: generatorWith(options.pauses),
  }
}

export interface SampleDeliveries {
  readonly seconds?: number
  /** Expected deliveries per second, of two publications. */
  readonly expectedPerSecond?: number
  readonly missingPerSecond?: number
  /** Received deliveries per second whose publication has no time stamp. */
  readonly unknownPerSecond?: number
  /** Estimated deliveries of a feed while no client was connected. */
  readonly unseenDeliveries?: number
  readonly lagMs?: (n: number) => number
  readonly duplicate?: number
  readonly outOfOrder?: number
  readonly racing?: number
  readonly unexpected?: number
  readonly certainUnexpected?: number
  readonly tookMs?: readonly number[]
  readonly unfinishedMs?: readonly number[]
  readonly undecidedMs?: readonly number[]
  readonly orderUnknown?: Invalidity
  readonly requested?: number
  readonly failedToConnect?: number
  readonly invalidities?: readonly Invalidity[]
  readonly pauses?: Pauses
}

/** A fan-out in which all seconds are equal. */
export function sampleFanOutRun(options: SampleDeliveries = {}) {
  const evidence = fanOutEvidence(options)
  return { name: 'fanOut 1', [evidenceOf]: () => evidence }
}

function fanOutEvidence(options: SampleDeliveries): FanOutEvidence {
  const { seconds = 10, expectedPerSecond = 200, missingPerSecond = 0, lagMs = (n) => 10 + (n % 100) } = options
  const { unexpected = 0, certainUnexpected = 0, racing = 0, tookMs = [], unfinishedMs = [], orderUnknown } = options
  const { duplicate = 0, outOfOrder = 0, requested = 100, failedToConnect = 0, invalidities = [] } = options
  const { unknownPerSecond = 0, undecidedMs = [], unseenDeliveries } = options
  const received = expectedPerSecond - missingPerSecond
  const deliveryWindows = Array.from({ length: seconds }, () => ({
    expected: expectedPerSecond,
    lag: histogramOf(received - unknownPerSecond, lagMs).withInfinite(unknownPerSecond),
  }))
  const [expected, missing] = [seconds * expectedPerSecond, seconds * missingPerSecond]
  const noDeliveries = {
    onTime: 0,
    late: 0,
    missing: 0,
    duplicate: 0,
    outOfOrder: 0,
    unexpected: 0,
    p95Ms: 100,
    maxMs: 109,
  }
  return {
    kind: 'fanOut',
    quantity: 'lag',
    histogram: Histogram.merged(deliveryWindows.map(({ lag }) => lag)),
    windows: deliveryWindows.map(({ lag }) => lag),
    deliveryWindows,
    publishedPerSec: 2,
    durationMs: seconds * 1000,
    invalidities,
    evidenceLines: [`steady phase, ${seconds}.0 s, ${expected - missing} of ${expected} deliveries, 100 sockets, 2/s`],
    slowest: [],
    hint: undefined,
    deliveries: {
      expected,
      received: expected - missing,
      onTime: expected - missing,
      late: 0,
      missing,
      duplicate,
      outOfOrder,
      racing,
      optional: 0,
      unexpected,
      unidentified: 0,
    },
    publications: { count: seconds * 2, failed: 0 },
    lateThresholdMs: 1000,
    settleMs: 2000,
    worstPublications: [
      { ...noDeliveries, label: '#17 at 8.5 s', id: 'p17', atMs: 8500, expected: 100, onTime: 98, missing: 2 },
    ],
    worstClients: [
      {
        ...noDeliveries,
        unexpected,
        label: 'client 41',
        client: 41,
        expected: 20,
        onTime: 15,
        missing: 4,
        outOfOrder: 1,
      },
    ],
    recoveries: {
      lost: tookMs.length + unfinishedMs.length + undecidedMs.length,
      tookMs,
      unfinishedMs,
      ...(undecidedMs.length === 0 ? {} : { undecidedMs }),
    },
    certainUnexpected,
    unexpectedSample: unexpected === 0 ? undefined : 'client 3 received publication #4 of group "a", and is not in it',
    unexpectedHint: undefined,
    orderHint: undefined,
    orderUnknown,
    ...(unseenDeliveries !== undefined && {
      unseen: { deliveries: unseenDeliveries, description: 'no client was connected for 50 ms' },
    }),
    ...(unknownPerSecond > 0 && {
      unknownLags: { count: seconds * unknownPerSecond, of: seconds * received, id: 'p3' },
    }),
    connect: {
      requested,
      connected: requested - failedToConnect,
      failures: new Map(failedToConnect === 0 ? [] : [['refused', failedToConnect]]),
      histogram: histogramOf(requested - failedToConnect, (n) => 1 + (n % 50)),
      invalidities,
    },
    generator: generatorWith(options.pauses),
  }
}

/** A run of `micro`: without rate and phases. */
export function sampleMicroRun({ calls = 2_000, timeMs = (n: number) => 1 + (n % 100) / 100 } = {}) {
  const windows = Array.from({ length: 10 }, (_, at) => histogramOf(calls / 10, (n) => timeMs((at * calls) / 10 + n)))
  const evidence: TimeEvidence = {
    kind: 'micro',
    quantity: 'time',
    histogram: Histogram.merged(windows),
    windows,
    durationMs: 0,
    invalidities: [],
    evidenceLines: [`${calls} calls`],
    slowest: [],
    hint: undefined,
  }
  return { name: 'micro 1', [evidenceOf]: () => evidence }
}

function histogramOf(count: number, ms: (n: number) => number): Histogram {
  const histogram = new Histogram()
  for (let n = 0; n < count; n++) histogram.record(ms(n) * 1000)
  return histogram
}

function merged<Key>(maps: readonly ReadonlyMap<Key, number>[]): Map<Key, number> {
  const all = new Map<Key, number>()
  for (const map of maps) for (const [key, count] of map) all.set(key, (all.get(key) ?? 0) + count)
  return all
}
