import type { GeneratorHealth } from '../evidence/generator-health.ts'
import { DEFAULT_LIMITS } from '../execution/generator-limits.ts'
import { PhasedTimeline } from '../execution/request-timeline.ts'
import type { VuUse } from '../execution/vu-demand.ts'
import { constantArrivalRate } from '../load/builders.ts'
import type { Phase } from '../load/load.ts'
import type { HttpMeasurement } from '../runs/request-measurement.ts'
import type { ErrorKind } from '../stats/timeline.ts'

/** Health of a generator well within its limits. */
export const HEALTHY: GeneratorHealth = {
  scheduleDelay: { p50Ms: 0.1, p99Ms: 1.2, maxMs: 3 },
  eventLoopDelay: { p50Ms: 0.1, p99Ms: 2, maxMs: 5 },
  eventLoopUtilization: 0.3,
  cpuRatio: 0.31,
  maxRssBytes: 1e8,
  openSockets: 10,
  descriptorLimit: 1024,
}

const NO_HELD_VUS = { iterations: 0, busyUs: 0 }
const NO_VU_USE: VuUse = {
  iterations: { all: NO_HELD_VUS, light: NO_HELD_VUS, lightBefore: NO_HELD_VUS, shortestUs: Number.POSITIVE_INFINITY },
  wereAllBusy: false,
  patienceMs: 10_000,
}

export const PHASES: readonly Phase[] = [
  { name: 'warmup', startMs: 0, endMs: 2500 },
  { name: 'ramp', startMs: 2500, endMs: 4500 },
  { name: 'steady', startMs: 4500, endMs: 6500 },
  { name: 'spike', startMs: 6500, endMs: 8000 },
  { name: 'cooldown', startMs: 8000, endMs: 9000 },
]

/** One request: its intended start and its outcome. */
export interface SampleRequest {
  readonly atMs: number
  readonly latencyMs?: number
  readonly serviceMs?: number
  readonly status?: number
  readonly error?: [ErrorKind, string]
  readonly dropped?: boolean
}

/** Series of the requests of one step and tag. */
export function series(step: string, tag: string | undefined, requests: readonly SampleRequest[], phases = PHASES) {
  const timeline = new PhasedTimeline(phases)
  for (const { atMs, latencyMs, serviceMs, status, error, dropped } of requests) {
    const window = timeline.at(atMs)
    window.offered++
    if (dropped === true) window.dropped++
    else window.sent++
    const [latencyUs, serviceTimeUs] = [(latencyMs ?? 0) * 1000, (serviceMs ?? latencyMs ?? 0) * 1000]
    if (error !== undefined) {
      window.recordError(error[0], latencyUs, serviceTimeUs, status)
      window.countDetail(error[1])
    } else if (latencyMs !== undefined) window.recordGood(latencyUs, serviceTimeUs, status)
  }
  return { step, tag, timeline }
}

/** Measurement of an engine with these series. */
export function measured(all: HttpMeasurement['series'], more: Partial<HttpMeasurement> = {}): HttpMeasurement {
  return {
    name: 'http 1',
    kind: 'http',
    load: constantArrivalRate({ rate: 200, vus: 2000, duration: '9s' }),
    phases: PHASES,
    series: all,
    slowest: [],
    steps: [...new Set(all.map(({ step }) => step))],
    gauges: [{ inFlight: 1, vus: 10 }],
    iterations: [],
    metrics: [],
    startMs: 0,
    durationMs: 9000,
    generator: HEALTHY,
    limits: DEFAULT_LIMITS,
    connections: {
      ...{ opened: 1, refused: 0, closedIdle: 0, replaced: 0, resetAfterUse: 0, openAtEnd: 1, maxOpen: 1 },
    },
    origin: 'http://127.0.0.1:3000',
    abortReason: undefined,
    abortCause: undefined,
    history: undefined,
    warnings: [],
    vuUse: NO_VU_USE,
    vuDemand: undefined,
    ...more,
  }
}

/** The same request every `stepMs`. */
export function every(
  stepMs: number,
  fromMs: number,
  toMs: number,
  request: Omit<SampleRequest, 'atMs'>,
): SampleRequest[] {
  const requests: SampleRequest[] = []
  for (let atMs = fromMs; atMs < toMs; atMs += stepMs) requests.push({ atMs, ...request })
  return requests
}
