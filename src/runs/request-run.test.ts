import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { windowOf } from '../evidence/run-window.ts'
import { History } from '../history/history.ts'
import { constantArrivalRate, constantVus } from '../load/builders.ts'
import type { Load, Phase } from '../load/load.ts'
import type { Duration } from '../options/checks.ts'
import type { TimeStats } from '../stats/summary.ts'
import { every, HEALTHY, measured, PHASES, series } from '../testing/sample-measurement.ts'
import type { HttpMeasurement } from './request-measurement.ts'
import { httpRun, type HttpRun, type HttpRunEnding } from './request-run.ts'

const all = httpRun(measured([series('a', undefined, every(100, 0, 9000, { latencyMs: 10, status: 200 }))]))

test('counts steady and spike phases, and in each phase exactly the requests due in it', () => {
  expect(all).toMatchObject({ offered: 35, completed: 35, durationMs: 3500, errorRate: 0, state: 'measured' })
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

test('counts all phases but the warm-up if there is neither a steady nor a spike phase', () => {
  const phases: readonly Phase[] = [
    { name: 'warmup', startMs: 0, endMs: 1000 },
    { name: 'ramp', startMs: 1000, endMs: 3000 },
  ]
  const run = httpRun(measured([series('a', undefined, every(100, 0, 3000, { dropped: true }), phases)], { phases }))
  expect(run).toMatchObject({ offered: 20, durationMs: 2000, state: 'empty', errorRate: 1 })
  expect(httpRun(measured([], { phases }))).toMatchObject({ offered: 0, state: 'empty', errorRate: undefined })
})

/** 90 good responses after 40 ms, 6 errors after 2 ms, 3 dropped requests, and one without a response. */
const mixed = httpRun(
  measured([
    series('me', undefined, [
      ...every(20, 4500, 6300, { latencyMs: 40, serviceMs: 30, status: 200 }),
      ...every(10, 6400, 6460, { latencyMs: 2, serviceMs: 1, status: 500, error: ['status', '500'] }),
      ...every(1, 6460, 6463, { dropped: true }),
      { atMs: 6470 },
    ]),
    series('vote', undefined, every(20, 4500, 6500, { latencyMs: 10, status: 201 })),
  ]),
)

function latencyOf(run: HttpRun | HttpRunEnding): TimeStats {
  if (run.state === 'empty') throw new Error('nothing was sent')
  return run.latency
}

test('counts every request due in the latency; one without a good response is infinitely slow', () => {
  const me = mixed.step('me')
  expect(me).toMatchObject({ offered: 100, sent: 97, completed: 96, errorRate: 0.1 })
  expect(latencyOf(me)).toMatchObject({
    count: 100,
    infiniteCount: 10,
    p50Ms: 40,
    p90Ms: 40,
    p95Ms: Infinity,
    maxMs: 40,
  })
  expect(me.state === 'measured' && me.serviceTime).toMatchObject({
    count: 97,
    infiniteCount: 7,
    p50Ms: 30,
    p95Ms: Infinity,
  })
})

test('good and failed have the times of their requests, in every scope', () => {
  expect(mixed.good).toMatchObject({ offered: 190, sent: 190, completed: 190, dropped: 0, errorRate: 0 })
  expect(mixed.step('me').good).toMatchObject({ offered: 90, completed: 90, state: 'measured' })
  expect(mixed.good.step('me').statuses).toEqual(new Map([[200, 90]]))
  expect(latencyOf(mixed.good.step('me'))).toMatchObject({ count: 90, infiniteCount: 0, p99Ms: 40 })
  expect(mixed.failed).toMatchObject({ offered: 6, sent: 6, completed: 6, dropped: 0 })
  expect(mixed.failed.errors).toEqual(new Map([['status', 6]]))
  expect(mixed.failed.statuses).toEqual(new Map([[500, 6]]))
  expect(latencyOf(mixed.failed)).toMatchObject({ count: 6, infiniteCount: 0, p50Ms: 2, maxMs: 2 })
  expect(mixed.failed.state === 'measured' && mixed.failed.serviceTime).toMatchObject({ count: 6, p50Ms: 1 })
  expect(mixed.step('vote').failed).toMatchObject({ offered: 0, state: 'empty' })
  expect(mixed.step('me').failed[evidenceOf]().evidenceLines).toEqual([
    'steady and spike phases, step me, failed requests, 3.5 s, 6 requests, constantArrivalRate 200/s, 2,000 VUs, 9s',
    'p50 2   p90 2   p95 2   p99 2   max 2 ms   service-time p95 1 ms',
    '6 × 500   generator: schedule delay p99 1.2 ms, CPU 31%',
  ])
  expect(mixed.good[windowOf]().scope).toBe('steady and spike phases, good responses')
})

test('between() selects whole seconds of all phases but the warm-up', () => {
  expect(all.between('3s', '9s').offered).toBe(60)
  expect(all.between('2s', '3s').offered).toBe(5)
  expect(all.between('7s', '8s')).toMatchObject({ offered: 10, durationMs: 1000 })
  expect(() => all.between('1500ms', '3s')).toThrow(/from, to: must be two durations in whole seconds/)
  expect(() => all.between('3s', '3s')).toThrow(/the first below the second/)
})

test('combines scopes, and rejects an unknown one with the available names', () => {
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
  expect(run.step('vote').tag('gold').phase('spike')[evidenceOf]().part).toEqual({
    phase: 'spike',
    step: 'vote',
    tag: 'gold',
  })
  expect(run[evidenceOf]().part).toBeUndefined()
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

test('is invalid if aborted, in the warm-up, and with a generator beyond its limits', () => {
  const reasons = (run: ReturnType<typeof httpRun>) => run[evidenceOf]().invalidities.map(({ reason }) => reason)
  const requests = [series('a', undefined, every(10, 0, 9000, { latencyMs: 1, status: 200 }))]
  expect(reasons(all)).toEqual([])
  expect(reasons(all.phase('warmup'))).toEqual(['wrong-phase'])
  expect(reasons(httpRun(measured(requests, { abortReason: 'Ctrl-C' })))).toEqual(['aborted'])
  const late = { ...HEALTHY, scheduleDelay: { p50Ms: 1, p99Ms: 500, maxMs: 900 } }
  expect(reasons(httpRun(measured(requests, { generator: late })))).toEqual(['generator-saturated'])
  const busy = { ...HEALTHY, eventLoopUtilization: 0.99 }
  const half = [
    series('a', undefined, [...every(10, 4500, 8000, { latencyMs: 1 }), ...every(10, 4500, 8000, { dropped: true })]),
  ]
  expect(reasons(httpRun(measured(half, { generator: busy })))).toEqual(['offered-rate-missed'])
  expect(reasons(httpRun(measured(half)))).toEqual([])
  const failed = { abortReason: 'the scenario failed: no user', generator: busy }
  expect(reasons(httpRun(measured(half, failed)))).toEqual(['aborted', 'offered-rate-missed'])
})

const LATE = { ...HEALTHY, scheduleDelay: { p50Ms: 1, p99Ms: 500, maxMs: 900 } }

test('attributes an abort by abortWhen to the target, unless a starved generator could have caused the errors', () => {
  const requests = [series('a', undefined, every(10, 4500, 6500, { latencyMs: 1, error: ['timeout', 'after 1 ms'] }))]
  const found = (more: Partial<HttpMeasurement>) => {
    const run = httpRun(measured(requests, { abortReason: 'error rate 100%', ...more }))
    const reasons = run[evidenceOf]().invalidities.map(({ reason, blame }) => (blame ? `${blame}: ${reason}` : reason))
    return [reasons, run.result().invalidities.map(({ reason }) => reason)]
  }
  expect(found({ abortCause: 'target' })).toEqual([['target: aborted'], []])
  expect(found({ abortCause: 'target or generator' })).toEqual([['target: aborted'], []])
  expect(found({ abortCause: 'target', generator: LATE })).toEqual([['generator-saturated', 'target: aborted'], []])
  expect(found({ abortCause: 'target or generator', generator: LATE })).toEqual([
    ['generator-saturated', 'aborted'],
    ['generator-saturated', 'aborted'],
  ])
})

test.each([
  { kind: 'connect', detail: 'ECONNREFUSED', isTargets: true },
  { kind: 'connect', detail: 'ECONNRESET', isTargets: true },
  { kind: 'connect', detail: 'ENOENT', isTargets: true },
  { kind: 'connect', detail: 'EACCES', isTargets: true },
  { kind: 'connect', detail: 'closed in the handshake', isTargets: true },
  { kind: 'connect', detail: 'EADDRNOTAVAIL', isTargets: false },
  { kind: 'reset', detail: 'ECONNRESET', isTargets: true },
  { kind: 'status', detail: '503', isTargets: true },
  { kind: 'body', detail: 'aborted', isTargets: true },
  { kind: 'timeout', detail: 'after 1 s', isTargets: false },
] as const)(
  'judges a run with a late generator because of $kind $detail: $isTargets',
  ({ kind, detail, isTargets }) => {
    const reasonsWith = (good: number) => {
      const wrong = every(10, 4500, 8000, { latencyMs: 1, error: [kind, detail] })
      const requests = [series('a', undefined, [...wrong, ...every(10, 4500, 4500 + good * 10, { latencyMs: 1 })])]
      const { invalidities } = httpRun(measured(requests, { generator: LATE }))[evidenceOf]()
      return invalidities.map(({ reason }) => reason)
    }
    expect(reasonsWith(349)).toEqual(isTargets ? [] : ['generator-saturated'])
    // With half of the requests it is open what a healthy generator would have measured.
    expect(reasonsWith(350)).toEqual(['generator-saturated'])
  },
)

test('the result is plain JSON, with the warm-up only in its timeline', () => {
  const result = all.result()
  expect(JSON.parse(JSON.stringify(result))).toEqual(result)
  expect(result).toMatchObject({ kind: 'http', state: 'completed', offered: 35, steps: [], latency: { count: 35 } })
  expect(result.timeline).toHaveLength(9)
  expect(result.timeline[0]).toMatchObject({ second: 0, offered: 10, inFlight: 1, vus: 10 })
})

test('has an offered rate only for open loads', () => {
  const rate = (load: Load) =>
    httpRun(measured([series('a', undefined, every(10, 4500, 8000, {}))], { load }))[evidenceOf]().offeredRatePerSec
  expect(rate(constantArrivalRate({ rate: 100, vus: 1, duration: '9s' }))).toBe(100)
  expect(rate(constantVus({ vus: 1, duration: '9s' }))).toBeUndefined()
})

test('the evidence has the scale that reduced the load, and none at full scale', () => {
  const all = [series('vote', undefined, [{ atMs: 5000, latencyMs: 3 }])]
  expect(httpRun(measured(all, { reducedTo: 'smoke' }))[evidenceOf]().reducedTo).toBe('smoke')
  expect(httpRun(measured(all))[evidenceOf]()).not.toHaveProperty('reducedTo')
})

test('exposes the fields of its measurement', () => {
  const warnings = ['the generator was reniced']
  const run = httpRun(
    measured([series('a', undefined, [{ atMs: 5000, latencyMs: 3, status: 503, error: ['status', '503'] }])], {
      kind: 'conversation',
      abortReason: 'enough',
      warnings,
    }),
  )
  expect(run).toMatchObject({
    kind: 'conversation',
    load: 'constantArrivalRate 200/s, 2,000 VUs, 9s',
    aborted: 'enough',
    warnings,
    phases: PHASES,
    generator: HEALTHY,
    connections: { opened: 1, maxOpen: 1 },
  })
  expect([[...run.errors], [...run.statuses]]).toEqual([[['status', 1]], [[503, 1]]])
  expect(run.timeline).toEqual(run.result().timeline)
  expect(run.timeline).toHaveLength(6)
})

test('returns the recorded history, and throws if none was recorded', () => {
  const history = new History()
  expect(httpRun(measured([], { history })).history).toBe(history)
  expect(() => all.history).toThrow('http 1 recorded no history\nFix: set record: true in http.run()')
})

test('between() rejects anything but two durations in whole seconds', () => {
  const wrong: [unknown, unknown][] = [
    ['soon', '3s'],
    ['1s', 'later'],
    ['1s', '2500ms'],
    ['1500ms', '3s'],
    ['4s', '3s'],
  ]
  for (const [from, to] of wrong)
    expect(() => all.between(from as Duration, to as Duration)).toThrow('from, to: must be')
  expect(() => all.between('1s', 'later' as Duration)).toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: run.between() received an invalid option:

      from, to: must be two durations in whole seconds, the first below the second
        Received: [ '1s', 'later' ]
        Fix:      write, for example, run.between('10s', '20s')]
  `)
  expect(() => all.tag('x')).toThrow('http 1 has no tag "x"; it has none')
})

test('its window contains the spans of its phases, cut to the selected period', () => {
  const run = httpRun(measured([], { startMs: 50_000 }))
  expect(run[windowOf]()).toMatchObject({
    run: 'http 1',
    scope: 'steady and spike phases',
    runStartMs: 50_000,
    runEndMs: 59_000,
    spans: [
      { startMs: 54_500, endMs: 56_500 },
      { startMs: 56_500, endMs: 58_000 },
    ],
  })
  expect(run[windowOf]().settledMs).toBeGreaterThanOrEqual(59_000)
  const part = run.phase('steady').between('5s', '6s')[windowOf]()
  expect(part).toMatchObject({ scope: 'steady phase, 5–6 s', spans: [{ startMs: 55_000, endMs: 56_000 }] })
})
