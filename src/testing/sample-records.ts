import type { GeneratorHealth } from '../evidence/generator-health.ts'
import type { GeneratorResult } from '../results/generator-result.ts'
import type {
  AssertionResult,
  ComparisonResult,
  FanOutRunResult,
  HttpRunResult,
  ScenarioRecord,
  TimelinePoint,
} from '../results/result.ts'
import { Histogram } from '../stats/histogram.ts'
import { timeStats } from '../stats/summary.ts'

/** Sample records of scenarios for tests of reports. */

const GENERATOR: GeneratorHealth = {
  scheduleDelay: { p50Ms: 0.2, p99Ms: 1.2, maxMs: 4 },
  eventLoopDelay: { p50Ms: 0.1, p99Ms: 2.1, maxMs: 8 },
  eventLoopUtilization: 0.24,
  cpuRatio: 0.31,
  maxRssBytes: 180 * 2 ** 20,
  openSockets: 210,
  descriptorLimit: 20_000,
}

/** An HTTP run at 200 requests per second with latencies around 40 ms and a slow tail. */
export function sampleHttpRun(seconds = 30, name = 'http 1'): HttpRunResult {
  const latency = new Histogram()
  const service = new Histogram()
  const timeline: TimelinePoint[] = []
  for (let second = 0; second < seconds; second++) {
    const window = new Histogram()
    for (let i = 0; i < 200; i++) {
      const us = 30_000 + 20_000 * Math.sin((second * 200 + i) / 37) + (i % 50 === 0 ? 120_000 : 0) + i * 7
      window.record(us)
      service.record(us * 0.8)
    }
    latency.merge(window)
    const at = (p: number) => window.percentileUs(p) / 1000
    const errors: Record<string, number> = second % 7 === 3 ? { status: 1 } : {}
    const counts = { offered: 200, sent: 200, completed: 200, dropped: 0, inFlight: 8 + (second % 5), vus: 100 }
    timeline.push({ second, ...counts, errors, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) })
  }
  const statusErrors = timeline.reduce((sum, { errors }) => sum + (errors['status'] ?? 0), 0)
  const total = seconds * 200
  const warmUpMs = Math.min(5000, seconds * 500)
  return {
    kind: 'http',
    name,
    load: `constantArrivalRate 200/s, 100 VUs, ${seconds}s`,
    durationMs: seconds * 1000,
    state: 'completed',
    phases: [
      { name: 'warmup', startMs: 0, endMs: warmUpMs },
      { name: 'steady', startMs: warmUpMs, endMs: seconds * 1000 },
    ],
    invalidities: [],
    offered: total,
    sent: total,
    completed: total,
    dropped: 0,
    errors: statusErrors > 0 ? { status: statusErrors } : {},
    statuses: { 200: total - statusErrors, 503: statusErrors },
    latency: timeStats(latency)!,
    serviceTime: timeStats(service)!,
    latencyHistogram: latency.toJSON(),
    steps: [],
    generator: GENERATOR,
    timeline,
  }
}

/** An HTTP run of four generators, of which one was lost. */
export function sampleMergedRun(): HttpRunResult {
  const run = sampleHttpRun(30, 'http 2')
  const generator = (number: number, node: string, cpuRatio: number): GeneratorResult => ({
    number,
    node,
    startSkewMs: number * 0.4,
    clockErrorMs: 0.3,
    offered: 1500,
    sent: 1500,
    times: run.latency!,
    health: { ...GENERATOR, cpuRatio },
  })
  return {
    ...run,
    generators: [
      generator(1, 'node-a', 0.31),
      generator(2, 'node-b', 0.48),
      { number: 3, node: 'node-c', isLost: true, lostAtMs: 21_000 },
      generator(4, 'node-d.example.internal', 0.33),
    ],
  }
}

/** A fan-out of 20 publications to 500 sockets with two missing deliveries. */
export function sampleFanOutRun(): FanOutRunResult {
  const lag = new Histogram()
  for (let i = 0; i < 9998; i++) lag.record(20_000 + (i % 500) * 400)
  return {
    kind: 'fanOut',
    name: 'ws 1',
    load: 'fanOut 2/s to 500 sockets, 10s',
    durationMs: 10_000,
    state: 'completed',
    phases: [{ name: 'steady', startMs: 0, endMs: 10_000 }],
    invalidities: [],
    sockets: { requested: 500, subscribed: 500, failures: {}, closed: 0, reconnected: 0 },
    openingMs: 900,
    processes: 1,
    publications: { count: 20, failed: 0, maxSlipMs: 1.5 },
    deliveries: {
      expected: 10_000,
      received: 9998,
      onTime: 9998,
      late: 0,
      missing: 2,
      duplicate: 0,
      outOfOrder: 0,
      racing: 0,
      optional: 0,
      unexpected: 0,
      unidentified: 0,
    },
    lag: timeStats(lag)!,
    lagHistogram: lag.toJSON(),
    generator: GENERATOR,
    timeline: Array.from({ length: 10 }, (_, second) => ({
      second,
      publications: 2,
      expected: 1000,
      received: second === 4 ? 998 : 1000,
      missing: second === 4 ? 2 : 0,
      p50Ms: 118 + second,
      p99Ms: 216 + second,
      maxMs: 220 + second,
    })),
    publicationTimeline: Array.from({ length: 20 }, (_, sequence) => ({
      atSec: sequence / 2,
      missing: sequence === 9 ? 2 : 0,
      p95Ms: 210 + sequence / 2,
      maxMs: 220 + sequence / 2,
    })),
  }
}

export const PASSED: AssertionResult = {
  assertion: 'toHaveP95Below(150)',
  expected: 'p95 < 150 ms',
  received: 'p95 = 98.1 ms',
  outcome: 'passed',
  run: 'http 1',
}

/** A passed assertion on p95 of a run with its interval, 5% to each side. */
export function judgedP95(ms: number): AssertionResult {
  const interval = { low: ms * 0.95, high: ms * 1.05, confidence: 0.95 }
  return { ...PASSED, limit: 150, value: ms, unit: 'ms', percentile: 0.95, interval }
}

export const FAILED: AssertionResult = {
  assertion: 'toHaveErrorRateBelow(0.001)',
  expected: 'error rate < 0.1%',
  received: 'error rate = 0.33%',
  outcome: 'failed',
  message: 'expect(run).toHaveErrorRateBelow(0.001)\n\nExpected: error rate < 0.1%\nReceived: error rate = 0.33%',
  run: 'http 1',
}

export const INVALID: AssertionResult = {
  assertion: 'toHaveP99Below(400)',
  expected: 'p99 < 400 ms',
  received: '120 samples, p99 needs 1,000',
  outcome: 'invalid',
  reason: 'too-few-samples',
  invalidities: [
    {
      reason: 'too-few-samples',
      finding: 'p99 < 400 ms needs at least 1,000 requests, the scope judged has 120',
      fix: 'at 40/s the scope would have to be 25s long (it was 3s): lengthen the run, or raise its rate to 333/s',
    },
  ],
  message: 'expect(run).toHaveP99Below(400)\n\nInvalid: 120 samples, p99 needs 1,000',
  run: 'http 1',
}

export const COMPARED: ComparisonResult = {
  name: 'comparison 1',
  load: 'constantArrivalRate 100/s, 20 VUs, 16s',
  base: 'base',
  head: 'head',
  pairs: 8,
  sliceMs: 1000,
  figures: [
    { name: 'p50', unit: 'ms', base: 2, head: 2.3, change: { value: 0.15, low: 0.12, high: 0.18, confidence: 0.95 } },
    {
      name: 'errors',
      unit: 'ratio',
      base: 0,
      head: 0.01,
      change: { value: 0.01, low: 0, high: 0.02, confidence: 0.95 },
    },
  ],
  invalidities: [],
}

export function record(runs: ScenarioRecord['runs'], assertions: ScenarioRecord['assertions']): ScenarioRecord {
  return { runs, assertions }
}

/** Custom metrics and soft checks of a run, with and without values. */
export const METRICS = {
  metrics: [
    {
      ...{ kind: 'trend', name: 'cart size', unit: 'items', count: 1200 },
      ...{ min: 1, mean: 4.2, p50: 4, p90: 8, p95: 9.5, p99: 12, max: 14 },
    },
    { kind: 'counter', name: 'declined orders', count: 1200, total: 24, perSec: 0.8 },
    { kind: 'rate', name: 'cached', count: 1200, hits: 900, rate: 0.75 },
    { kind: 'gauge', name: 'queue length', unit: 'jobs', count: 30, last: 3, min: -1, max: 1250 },
    { kind: 'trend', name: 'render time', unit: 'ms', count: 0 },
  ],
  softChecks: [{ name: 'cart is complete', count: 1200, hits: 1188, rate: 0.99, reasons: { 'status 503': 12 } }],
} as const satisfies Pick<HttpRunResult, 'metrics' | 'softChecks'>
