/**
 * CPU time and size of the evidence that generators exchange: a run of a minute at 20,000 requests per second, of one generator,
 * and the merge of 2, 8 and 64 such runs.
 *
 *     npm run bench:merge
 */
import { DEFAULT_LIMITS } from '../src/execution/generator-limits.ts'
import { PhasedTimeline } from '../src/execution/request-timeline.ts'
import { Tally } from '../src/execution/tally.ts'
import { History } from '../src/history/history.ts'
import { constantArrivalRate } from '../src/load/builders.ts'
import { Random } from '../src/load/random.ts'
import { encodeHttpRun } from '../src/runs/merge/http-part.ts'
import { mergeHttpRuns } from '../src/runs/merge/merge-http-runs.ts'
import type { HttpMeasurement } from '../src/runs/request-measurement.ts'

const SECONDS = 60
const RATE = 20_000
const STEPS = ['login', 'vote', 'me', 'logout']
const PHASES = [{ name: 'steady' as const, startMs: 0, endMs: SECONDS * 1000 }]

function measurementOf(seed: number, hasHistory: boolean): HttpMeasurement {
  const random = new Random(seed)
  const series = STEPS.map((step) => ({ step, tag: undefined, timeline: new PhasedTimeline(PHASES) }))
  const history = hasHistory ? new History({ runId: 'bench', steps: STEPS, run: 'http 1' }) : undefined
  for (let n = 0; n < SECONDS * RATE; n++) {
    const atMs = (n * 1000) / RATE
    // Log-normal around 8 ms, so that the values spread over as many buckets as those of a real service.
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
    const latencyUs = 8000 * Math.exp(0.6 * normal)
    const step = n % STEPS.length
    const window = series[step]!.timeline.at(atMs)
    window.offered++
    window.sent++
    if (n % 500 === 0) {
      window.recordError('status', latencyUs, latencyUs * 0.9, 503, 40)
      window.countDetail('503', () => '{"error":"unavailable"}')
    } else window.recordGood(latencyUs, latencyUs * 0.9, 200, 1200)
    if (history === undefined) continue
    const startUs = atMs * 1000
    const key = `4bf92f35-77b3-4da6-a3ce-${n.toString(16).padStart(12, '0')}`
    const id = history.begin({ key, vu: n % 5000, step, payload: key, intendedStartUs: startUs, startUs })
    history.end(id, { endUs: startUs + latencyUs, outcome: 'ok', status: 201 })
  }
  const delays = { p50Ms: 0.1, p99Ms: 1, maxMs: 3 }
  return {
    ...{ kind: 'http', name: 'http 1', series, history, steps: STEPS, limits: DEFAULT_LIMITS, phases: PHASES },
    load: constantArrivalRate({ rate: RATE, vus: 5000, duration: SECONDS * 1000 }),
    gauges: Array.from({ length: SECONDS }, () => ({ inFlight: 160, vus: 5000 })),
    ...{
      iterations: [],
      metrics: [],
      startMs: 0,
      durationMs: SECONDS * 1000,
      abortReason: undefined,
      abortCause: undefined,
      slowest: [],
    },
    connections: {
      ...{ opened: 5000, refused: 0, closedIdle: 0, replaced: 0, resetAfterUse: 0, openAtEnd: 5000, maxOpen: 5000 },
    },
    generator: {
      ...{ scheduleDelay: delays, eventLoopDelay: delays, eventLoopUtilization: 0.5, cpuRatio: 0.6 },
      ...{ maxRssBytes: 3e8, openSockets: 5000, descriptorLimit: 20_000 },
    },
    origin: 'http://127.0.0.1',
    vuUse: { iterations: new Tally().iterations, wereAllBusy: false, patienceMs: 10_000 },
    vuDemand: undefined,
    warnings: [],
  }
}

/** CPU time of a task, which other processes do not change. */
function timed<T>(task: () => T): { result: T; ms: number } {
  task()
  const start = process.cpuUsage()
  const result = task()
  const { user, system } = process.cpuUsage(start)
  return { result, ms: (user + system) / 1000 }
}

console.log(`one generator, ${SECONDS} s at ${RATE.toLocaleString('en')}/s, ${STEPS.length} steps`)
for (const hasHistory of [false, true]) {
  const own = measurementOf(1, hasHistory)
  const what = hasHistory ? 'with a history' : 'without a history'
  const encoded = timed(() => encodeHttpRun(own, { index: 0, count: 1, node: 'a' }))
  console.log(
    `  ${what}: encoded in ${encoded.ms.toFixed(0)} ms of CPU time, ${(encoded.result.byteLength / 1e6).toFixed(2)} MB`,
  )
  for (const count of hasHistory ? [2] : [2, 8, 64]) {
    const parts = Array.from({ length: count }, (_, index) => encodeHttpRun(own, { index, count, node: 'a' }))
    const merged = timed(() => mergeHttpRuns(parts, own))
    console.log(`  ${what}: ${count} parts merged in ${merged.ms.toFixed(0)} ms of CPU time`)
  }
}
