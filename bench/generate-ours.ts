import { createHttp } from '../src/http/http.ts'
import type { IterationOption } from '../src/http/types.ts'
import type { Load } from '../src/load/load.ts'

/** Applies a load with this engine, with everything enabled as in a scenario, and prints its figures. */

export interface OursOptions {
  readonly url: string
  readonly load: Load
  readonly warmup?: `${number}s`
  /** Blocks the event loop once for this time, like a garbage collection. */
  readonly pauseMs?: number
  /** What an iteration is. @default 'request' */
  readonly iteration?: keyof typeof ITERATIONS
}

/** Iterations of one constant request, or of three requests whose paths are computed. */
const ITERATIONS = {
  request: { request: { path: '/' } },
  steps: {
    steps: ['a', 'b', 'c'].map((name) => ({ name, request: ({ vu }) => ({ path: `/?vu=${vu.id}` }) })),
  },
  flow: {
    flow: async ({ request, vu }) => {
      await request({ name: 'a', path: `/?vu=${vu.id}` })
      await request({ name: 'b', path: `/?vu=${vu.id}` })
      await request({ name: 'c', path: `/?vu=${vu.id}` })
    },
  },
} satisfies Record<string, IterationOption<undefined>>

export interface OursFigures {
  readonly offered: number
  readonly sent: number
  readonly completed: number
  readonly errors: number
  readonly durationMs: number
  /** p50, p95 and p99 of the latency. */
  readonly latencyMs: readonly [number, number, number]
  readonly scheduleDelay: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | undefined
  readonly sustainedScheduleDelay: { readonly p99Ms: number } | undefined
  readonly eventLoopDelay: { readonly p99Ms: number }
  readonly eventLoopUtilization: number
  readonly cpuRatio: number
  readonly maxRssBytes: number
  readonly openAtEnd: number
  readonly opened: number
  readonly invalidities: readonly string[]
}

const { url, load, warmup, pauseMs, iteration = 'request' } = JSON.parse(process.argv[2]!) as OursOptions

const http = createHttp({
  baseUrl: url,
  signal: new AbortController().signal,
  scale: { name: 'full', users: 1, time: 1 },
  seed: 1,
  onRun: () => {},
  onSnapshot: () => {},
})
if (pauseMs !== undefined) setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs), 4000)
const run = await http.run({ load, ...ITERATIONS[iteration], ...(warmup === undefined ? {} : { warmup }) })
if (run.state === 'empty') throw new Error('nothing was measured')
const { p50Ms, p95Ms, p99Ms } = run.latency
const figures: OursFigures = {
  offered: run.offered,
  sent: run.sent,
  completed: run.completed,
  errors: [...run.errors.values()].reduce((sum, count) => sum + count, 0),
  durationMs: run.durationMs,
  latencyMs: [p50Ms, p95Ms, p99Ms],
  scheduleDelay: run.generator.scheduleDelay,
  sustainedScheduleDelay: run.generator.sustainedScheduleDelay,
  eventLoopDelay: run.generator.eventLoopDelay,
  eventLoopUtilization: run.generator.eventLoopUtilization,
  cpuRatio: run.generator.cpuRatio,
  maxRssBytes: run.generator.maxRssBytes,
  openAtEnd: run.connections.openAtEnd,
  opened: run.connections.opened,
  invalidities: run.result().invalidities.map(({ reason, finding }) => `${reason}: ${finding}`),
}
console.log(JSON.stringify(figures))
