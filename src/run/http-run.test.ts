import { expect, test } from 'vitest'
import { constantArrivalRate, constantVus } from '../load/builders.ts'
import type { Load, Phase } from '../load/load.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { evidenceOf } from './evidence.ts'
import { DEFAULT_LIMITS } from './generator-limits.ts'
import type { GeneratorHealth } from './generator.ts'
import { httpRun } from './http-run.ts'
import type { HttpMeasurement } from './http-measurement.ts'
import { PhasedTimeline } from './http-timeline.ts'

const generator: GeneratorHealth = {
  scheduleDelay: { p50Ms: 0.1, p99Ms: 1.2, maxMs: 3 },
  eventLoopDelay: { p50Ms: 0.1, p99Ms: 2, maxMs: 5 },
  eventLoopUtilization: 0.3,
  cpuRatio: 0.31,
  maxRssBytes: 1e8,
  openSockets: 10,
  descriptorLimit: 1024,
}

const PHASES: readonly Phase[] = [
  { name: 'warmup', startMs: 0, endMs: 2500 },
  { name: 'ramp', startMs: 2500, endMs: 4500 },
  { name: 'steady', startMs: 4500, endMs: 6500 },
  { name: 'spike', startMs: 6500, endMs: 8000 },
  { name: 'cooldown', startMs: 8000, endMs: 9000 },
]

interface Request {
  readonly atMs: number
  readonly latencyMs?: number
  readonly serviceMs?: number
  readonly status?: number
  readonly error?: [ErrorKind, string]
  readonly dropped?: boolean
}

function series(step: string, tag: string | undefined, requests: readonly Request[], phases = PHASES) {
  const timeline = new PhasedTimeline(phases)
  for (const { atMs, latencyMs, serviceMs, status, error, dropped } of requests) {
    const window = timeline.at(atMs)
    window.offered++
    if (dropped === true) window.dropped++
    else window.sent++
    if (latencyMs !== undefined) {
      window.latency.record(latencyMs * 1000)
      window.serviceTime.record((serviceMs ?? latencyMs) * 1000)
    }
    if (status !== undefined) window.countStatus(status)
    if (error !== undefined) {
      window.countError(error[0])
      window.countDetail(error[1])
    }
  }
  return { step, tag, timeline }
}

function measured(all: HttpMeasurement['series'], more: Partial<HttpMeasurement> = {}): HttpMeasurement {
  return {
    name: 'http 1',
    kind: 'http',
    load: constantArrivalRate({ rate: 200, vus: 2000, duration: '9s' }),
    phases: PHASES,
    series: all,
    slowest: [],
    steps: [...new Set(all.map(({ step }) => step))],
    gauges: [{ inFlight: 1, vus: 10 }],
    startMs: 0,
    durationMs: 9000,
    generator,
    limits: DEFAULT_LIMITS,
    connections: { opened: 1, refused: 0, closedIdle: 0, resent: 0, openAtEnd: 1, maxOpen: 1 },
    origin: 'http://127.0.0.1:3000',
    abortReason: undefined,
    abortBlame: undefined,
    history: undefined,
    warnings: [],
    vusNeeded: 3000,
    ...more,
  }
}

const every = (stepMs: number, fromMs: number, toMs: number, request: Omit<Request, 'atMs'>): Request[] => {
  const requests: Request[] = []
  for (let atMs = fromMs; atMs < toMs; atMs += stepMs) requests.push({ atMs, ...request })
  return requests
}

const all = httpRun(measured([series('a', undefined, every(100, 0, 9000, { latencyMs: 10, status: 200 }))]))

test('steady and spike phases are what a run is about; each phase holds exactly what was due in it', () => {
  expect(all).toMatchObject({ offered: 35, completed: 35, durationMs: 3500, errorRatio: 0, state: 'measured' })
  expect((['warmup', 'ramp', 'steady', 'spike', 'cooldown'] as const).map((name) => all.phase(name).offered)).toEqual([
    25, 20, 20, 15, 10,
  ])
  expect(all.phase('spike').durationMs).toBe(1500)
  const requests = all[evidenceOf]().requestWindows
  // Second 6 is half steady and half spike: one window.
  expect(requests.map(({ second, offered }) => [second, offered])).toEqual([
    [4, 5],
    [5, 10],
    [6, 10],
    [7, 10],
  ])
})

test('where there is neither steady nor spike, all but the warm-up counts', () => {
  const phases: readonly Phase[] = [
    { name: 'warmup', startMs: 0, endMs: 1000 },
    { name: 'ramp', startMs: 1000, endMs: 3000 },
  ]
  const run = httpRun(measured([series('a', undefined, every(100, 0, 3000, {}), phases)], { phases }))
  expect(run).toMatchObject({ offered: 20, durationMs: 2000, state: 'empty' })
  expect('latency' in run && run.latency).toBeUndefined()
})

test('a time since the start, in whole seconds, whatever the phase but warm-up', () => {
  expect(all.between('3s', '9s').offered).toBe(60)
  expect(all.between('2s', '3s').offered).toBe(5)
  expect(all.between('7s', '8s')).toMatchObject({ offered: 10, durationMs: 1000 })
  expect(() => all.between('1500ms', '3s')).toThrow(/from, to: must be two durations in whole seconds/)
  expect(() => all.between('3s', '3s')).toThrow(/the first below the second/)
})

test('scopes narrow each other, and one that is not there is named among those that are', () => {
  const run = httpRun(
    measured([
      series('me', undefined, every(100, 0, 9000, { latencyMs: 10 })),
      series('vote', 'gold', every(200, 0, 9000, { latencyMs: 30 })),
      series('vote', 'free', every(500, 0, 9000, { latencyMs: 20 })),
    ]),
  )
  expect(run.offered).toBe(35 + 17 + 7)
  expect(run.step('vote').phase('steady').offered).toBe(14)
  expect(run.step('vote').tag('gold').phase('spike').offered).toBe(7)
  expect(run.phase('steady').step('me').between('5s', '6s').offered).toBe(10)
  expect(run[evidenceOf]().slowest).toEqual([
    { label: 'vote', p95Ms: expect.closeTo(30, 1) },
    { label: 'me', p95Ms: expect.closeTo(10, 1) },
  ])
  expect(() => all.phase('warmup').step('b')).toThrow('http 1 has no step "b"; it has a')
  expect(() => run.tag('x')).toThrow('http 1 has no tag "x"; it has gold, free')
  expect(() => httpRun(measured([], { phases: PHASES.slice(1, 3) })).phase('spike')).toThrow(
    'http 1 has no phase "spike"; it has ramp, steady',
  )
})

test('the evidence of a message', () => {
  const steady = [
    ...every(10, 4500, 6400, { latencyMs: 41, serviceMs: 30, status: 200 }),
    ...every(50, 6400, 6500, { latencyMs: 163, serviceMs: 50, status: 503, error: ['status', '503'] }),
    { atMs: 6499, dropped: true },
    { atMs: 6499 },
  ]
  const run = httpRun(measured([series('a', undefined, steady)])).phase('steady')
  expect(run).toMatchObject({ offered: 194, sent: 193, completed: 192, dropped: 1 })
  expect(run.errorRatio).toBeCloseTo(3 / 194)
  expect(run[evidenceOf]().evidenceLines).toEqual([
    'steady phase, 2.0 s, 192 of 194 requests, constantArrivalRate 200/s, 2,000 VUs, 9s',
    'p50 41   p90 41   p95 41   p99 163   max 163 ms   service-time p95 30 ms',
    'errors 1% (2 × 503)   dropped 1 (0.52%)   unanswered 1   generator: schedule delay p99 1.2 ms, CPU 31%',
  ])
})

test.each<[string, Request[], Partial<HttpMeasurement>, string | undefined]>([
  ['nothing to say', every(10, 4500, 6500, { latencyMs: 10, status: 200 }), {}, undefined],
  [
    'waited for a VU',
    every(10, 4500, 6500, { latencyMs: 100, serviceMs: 20, status: 200 }),
    {},
    'latency is well above service time: requests waited for a free VU. Raise vus to 3,000 or expect less.',
  ],
  [
    'no connection',
    every(10, 4500, 6500, { latencyMs: 1, error: ['connect', 'ECONNREFUSED'] }),
    {},
    '200 requests found no connection to http://127.0.0.1:3000 (ECONNREFUSED): is the target running, and does it accept that many?',
  ],
  [
    'all of one status',
    every(10, 4500, 6500, { latencyMs: 1, status: 401, error: ['status', '401'] }),
    {},
    'every answer was 401: check the authorization header and the rows given as data',
  ],
  [
    'time-outs',
    every(10, 4500, 6500, { latencyMs: 100, error: ['timeout', 'no answer'] }),
    {},
    '200 requests timed out: see whether the target still answers',
  ],
])('hint: %s', (_, requests, more, hint) => {
  expect(httpRun(measured([series('a', undefined, requests)], more))[evidenceOf]().hint).toBe(hint)
})

test('what speaks against a run: abort, a scope within the warm-up, a generator past its limits', () => {
  const reasons = (run: ReturnType<typeof httpRun>) => run[evidenceOf]().invalidities.map(({ reason }) => reason)
  const requests = [series('a', undefined, every(10, 0, 9000, { latencyMs: 1, status: 200 }))]
  expect(reasons(all)).toEqual([])
  expect(reasons(all.phase('warmup'))).toEqual(['wrong-phase'])
  expect(reasons(httpRun(measured(requests, { abortReason: 'Ctrl-C' })))).toEqual(['aborted'])
  const late = { ...generator, scheduleDelay: { p50Ms: 1, p99Ms: 500, maxMs: 900 } }
  expect(reasons(httpRun(measured(requests, { generator: late })))).toEqual(['generator-saturated'])
  const busy = { ...generator, eventLoopUtilization: 0.99 }
  const half = [
    series('a', undefined, [...every(10, 4500, 8000, { latencyMs: 1 }), ...every(10, 4500, 8000, { dropped: true })]),
  ]
  expect(reasons(httpRun(measured(half, { generator: busy })))).toEqual(['offered-rate-missed'])
  expect(reasons(httpRun(measured(half)))).toEqual([])
})

test('a run given up by its own rule is blamed on the target, unless a starved generator could have caused the errors', () => {
  const requests = [series('a', undefined, every(10, 4500, 6500, { latencyMs: 1, error: ['connect', 'ECONNREFUSED'] }))]
  const late = { ...generator, scheduleDelay: { p50Ms: 1, p99Ms: 500, maxMs: 900 } }
  const found = (more: Partial<HttpMeasurement>) => {
    const run = httpRun(measured(requests, { abortReason: 'error rate 100%', ...more }))
    const words = run[evidenceOf]().invalidities.map(({ reason, blame }) => (blame ? `${blame}: ${reason}` : reason))
    return [words, run.result().invalidities.map(({ reason }) => reason)]
  }
  expect(found({ abortBlame: 'target' })).toEqual([['target: aborted'], []])
  expect(found({ abortBlame: 'target or generator' })).toEqual([['target: aborted'], []])
  expect(found({ abortBlame: 'target', generator: late })).toEqual([
    ['generator-saturated', 'target: aborted'],
    ['generator-saturated'],
  ])
  expect(found({ abortBlame: 'target or generator', generator: late })).toEqual([
    ['generator-saturated', 'aborted'],
    ['generator-saturated', 'aborted'],
  ])
})

test('the result is plain JSON, without warm-up in its counts and with it in its timeline', () => {
  const result = all.result()
  expect(JSON.parse(JSON.stringify(result))).toEqual(result)
  expect(result).toMatchObject({ kind: 'http', state: 'completed', offered: 35, steps: [], latency: { count: 35 } })
  expect(result.timeline).toHaveLength(9)
  expect(result.timeline[0]).toMatchObject({ second: 0, offered: 10, inFlight: 1, vus: 10 })
})

test('the rate a scope was offered is known of open loads only', () => {
  const rate = (load: Load) =>
    httpRun(measured([series('a', undefined, every(10, 4500, 8000, {}))], { load }))[evidenceOf]().offeredRatePerSec
  expect(rate(constantArrivalRate({ rate: 100, vus: 1, duration: '9s' }))).toBe(100)
  expect(rate(constantVus({ vus: 1, duration: '9s' }))).toBeUndefined()
})

test('evidence says by which scale the load was reduced, and nothing where it is as written', () => {
  const all = [series('vote', undefined, [{ atMs: 5000, latencyMs: 3 }])]
  expect(httpRun(measured(all, { reducedTo: 'smoke' }))[evidenceOf]().reducedTo).toBe('smoke')
  expect(httpRun(measured(all))[evidenceOf]()).not.toHaveProperty('reducedTo')
})
