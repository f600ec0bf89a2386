import { describe, expect, test } from 'vitest'
import '../../matchers/register.ts'
import { IterationTimes } from '../../execution/iteration-times.ts'
import { sharedIterations } from '../../load/builders.ts'
import { Random } from '../../load/random.ts'
import { EarlierRuns } from '../../report/earlier.ts'
import { htmlReport } from '../../report/html/page.ts'
import { markdownSummary } from '../../report/markdown/summary.ts'
import { summaryOf } from '../../report/terminal/summary.ts'
import { encodeHttpRun } from '../../runs/merge/http-part.ts'
import { mergeHttpRuns } from '../../runs/merge/merge-http-runs.ts'
import { httpRun } from '../../runs/request-run.ts'
import { divisions } from '../../testing/divisions.ts'
import { messageOf } from '../../testing/message-of.ts'
import { every, measured, PHASES, series } from '../../testing/sample-measurement.ts'
import { PASSED } from '../../testing/sample-records.ts'
import { sampleResults, scenario } from '../../testing/sample-results.ts'
import { engineFor, response, scriptedServer } from '../../testing/scripted-server.ts'
import type { Flow, HttpRunOptions } from '../types.ts'
import { FlowPlan } from './flow-plan.ts'
import { mix } from './mix.ts'

const browse: Flow<undefined> = async ({ request, group }) => {
  await request({ path: '/' })
  await group('search', () => request({ path: '/search', tag: 'slow' }))
}
const buy: Flow<undefined> = async ({ request, group }) => {
  await request({ path: '/' })
  await group('checkout', () => request({ path: '/pay' }))
}
const MIXED = mix({ browse: 3, buy: 1 }, { browse, buy })

const server = () =>
  scriptedServer({
    onRequest(socket, head) {
      const isPayment = head.startsWith('GET /pay')
      socket.write(isPayment ? response('no', { status: '503 Busy' }) : response())
    },
  })

describe('a mix of journeys', () => {
  test('has the requests, iterations and groups of each journey as scopes of its own', async () => {
    await using target = await server()
    const { http } = engineFor(target.url)
    const run = await http.run({ load: sharedIterations({ iterations: 200, vus: 4 }), flow: MIXED })
    const [browsing, buying] = [run.journey('browse'), run.journey('buy')]
    expect(browsing.iterations.offered + buying.iterations.offered).toBe(200)
    expect(run.iterations.offered).toBe(200)
    // Of 200 draws at 25%, 26 to 74 are 99.99% certain; the seed makes the number the same in every run.
    expect(buying.iterations.offered).toBeGreaterThan(25)
    expect(buying.iterations.offered).toBeLessThan(75)
    expect(browsing.iterations).toMatchObject({ journey: 'browse', errorRate: 0 })
    expect(buying.iterations.errorRate).toBe(1)
    expect([browsing.errorRate, buying.errorRate]).toEqual([0, 0.5])
    expect(browsing.step('GET /').offered + buying.step('GET /').offered).toBe(run.step('GET /').offered)
    expect(browsing.tag('slow').offered).toBe(browsing.iterations.offered)
    expect(buying.group('checkout').errorRate).toBe(1)
    expect(run.group('search').offered).toBe(browsing.group('search').offered)
    expect(run.result().journeys).toMatchObject([
      {
        ...{ name: 'browse', weight: 3, offered: browsing.offered, errors: {} },
        iterations: { offered: browsing.iterations.offered },
        groups: [{ name: 'search', offered: browsing.iterations.offered }],
      },
      {
        ...{ name: 'buy', weight: 1, offered: buying.offered, errors: { status: buying.iterations.offered } },
        iterations: { errors: { status: buying.iterations.offered } },
        groups: [{ name: 'checkout', offered: buying.iterations.offered }],
      },
    ])
    expect(messageOf(() => run.journey('sell'))).toBe('Error: http 1 has no journey "sell"; it has browse, buy')
    expect(messageOf(() => buying.step('GET /search'))).toBe(
      'Error: http 1 has no step "GET /search"; it has GET /, GET /pay',
    )
    expect(messageOf(() => buying.group('search'))).toBe('Error: http 1 has no group "search"; it has checkout')
    expect(messageOf(() => buying.tag('slow'))).toBe('Error: http 1 has no tag "slow"; it has none')
  })

  test('begins the same journeys however many generators divide the load, and however many numbers the flows draw', async () => {
    const begun = async (generators: number, draws: number) => {
      await using target = await server()
      const found = new Map<string, string>()
      const noted =
        (name: string): Flow<undefined> =>
        async ({ request, vu, iteration, random }) => {
          for (let drawn = 0; drawn < draws; drawn++) random.next()
          found.set(`VU ${vu.id}, iteration ${iteration}`, name)
          await request({ path: '/' })
        }
      const flow = mix({ browse: 1, buy: 1 }, { browse: noted('browse'), buy: noted('buy') })
      const load = sharedIterations({ iterations: 120, vus: 4 })
      const runs = divisions(generators).map((division) =>
        engineFor(target.url, generators === 1 ? {} : { divide: () => division }).http.run({ load, flow }),
      )
      await Promise.all(runs)
      return found
    }
    const [whole, divided] = [await begun(1, 0), await begun(3, 2)]
    expect([whole.size, divided.size]).toEqual([120, 120])
    expect(new Set(whole.values())).toEqual(new Set(['browse', 'buy']))
    // Which VU takes an iteration depends on which is free; most of them take several in both runs.
    const both = [...whole.keys()].filter((key) => divided.has(key))
    expect(both.length).toBeGreaterThan(20)
    expect(both.map((key) => divided.get(key))).toEqual(both.map((key) => whole.get(key)))
  })

  test('rejects every mistake at once, together with those of other options', async () => {
    const { http } = engineFor('http://127.0.0.1:1')
    const flow = mix({ browse: 0, buy: 1, '': 2 }, { browse, sell: 7 } as never)
    const error = await http
      .run({ load: sharedIterations({ iterations: 1, vus: 1 }), timeout: -1, flow })
      .catch((thrown: unknown) => thrown)
    expect((error as Error).message).toMatchInlineSnapshot(`
      "http.run() received 4 invalid options:

        flow.weights.browse: must be a number above 0
          Received: 0
          Fix:      write, for example, browse: 9
        flow.journeys.sell: must be a function
          Received: 7
          Fix:      write, for example, sell: async ({ request }) => { await request({ path: '/cart' }) }
        flow: must have a weight and a flow for each journey
          Received: 'weights of "browse", "buy", "", journeys "browse", "sell"'
          Fix:      write, for example, flow: mix({ browse: 9, buy: 1 }, { browse, buy })
        timeout: must be a duration above 0 ms and at most 600000 ms: '2m', '1.5s', '500ms', or a number of milliseconds
          Received: -1
          Fix:      write, for example, timeout: '2m'"
    `)
    for (const wrong of [mix({}, {}), mix(7 as never, undefined as never), 'browse']) {
      const options = { load: sharedIterations({ iterations: 1, vus: 1 }), flow: wrong } as HttpRunOptions
      await expect(http.run(options)).rejects.toThrow(
        /^http\.run\(\) received (an invalid option|2 invalid options):\n\n  flow/,
      )
    }
  })
})

test('dropped iterations are counted in the journeys by weight', () => {
  const plan = new FlowPlan(
    [
      { name: 'browse', weight: 9 },
      { name: 'buy', weight: 1 },
    ],
    undefined,
    PHASES,
  )
  const random = new Random(7)
  const dropped = Array.from({ length: 1000 }, () => plan.dropped(random).journey)
  const buying = dropped.filter((journey) => journey === 'buy').length
  expect(buying).toBeGreaterThan(70)
  expect(buying).toBeLessThan(130)
  expect(dropped).toHaveLength(buying + dropped.filter((journey) => journey === 'browse').length)
})

/** A run of two journeys, of which one is slow and has dropped iterations. */
function sampleRun() {
  const times = new IterationTimes(PHASES)
  const requests = []
  for (const [journey, tookMs] of [
    ['browse', 100],
    ['buy', 900],
  ] as const) {
    const each = every(5, 4500, 6500, { latencyMs: tookMs, status: 200 })
    for (const { atMs } of each)
      times.begin({ dueMs: atMs, begunMs: atMs, countedMs: atMs }, undefined, journey).end(atMs + tookMs, undefined)
    if (journey === 'buy') for (const { atMs } of each.slice(0, 40)) times.dropped(atMs, journey)
    const dropped = journey === 'buy' ? each.slice(0, 40).map(({ atMs }) => ({ atMs, dropped: true })) : []
    requests.push({ ...series('GET /', undefined, [...each, ...dropped]), journey })
  }
  const journeys = [
    { name: 'browse', weight: 9 },
    { name: 'buy', weight: 1 },
  ]
  return measured(requests, { iterations: times.series, journeys })
}

test('assertions name the journey, in messages and in reports', () => {
  const run = httpRun(sampleRun())
  expect(run.journey('browse').iterations).toHaveP95Below(200)
  expect(run.journey('browse')).toHaveErrorRateBelow(0.01)
  expect(messageOf(() => expect(run.journey('buy').iterations).toHaveP95Below('500ms'))).toMatchInlineSnapshot(`
    "Error: expect(run.journey('buy').iterations).toHaveP95Below('500ms')

    Expected: p95 < 500 ms
    Received: p95 = ∞ (9.1% of iterations had an error or did not end), 95% interval 900 ms–∞

    Evidence: steady and spike phases, journey buy, iterations, 3.5 s, 400 of 440 iterations, constantArrivalRate 200/s, 2,000 VUs, 9s
              p50 900   p90 900   p95 ∞   p99 ∞   from begin p95 900 ms
              without an error p50 900, p95 900, max 900 ms
              errors 0%   dropped 40 (9.1%)   generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      find out what the target does during its slowest requests, which the report lists"
  `)
  expect(messageOf(() => expect(run.journey('buy')).toHaveErrorRateBelow(0.01))).toMatchInlineSnapshot(`
    "Error: expect(run.journey('buy')).toHaveErrorRateBelow(0.01)

    Expected: error rate < 1%
    Received: error rate = 9.1% (40 of 440: 40 dropped), 95% interval 0–89.4%

    Evidence: steady and spike phases, journey buy, 3.5 s, 400 of 440 requests, constantArrivalRate 200/s, 2,000 VUs, 9s
              p50 900   p90 900   p95 ∞   p99 ∞   service-time p95 900 ms
              good responses p50 900, p95 900, max 900 ms
              errors 0%   dropped 40 (9.1%)   generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      find the cause of the errors in the log of the target; the report shows when each kind occurred"
  `)
  expect(messageOf(() => expect(run.iterations).toHaveP50Below(50))).toContain(
    'Slowest:  buy p95 ∞ · browse p95 100 ms',
  )
})

test('journeys of several generators are added up', () => {
  const own = sampleRun()
  const parts = [0, 1].map((index) => encodeHttpRun(own, { index, count: 2, node: 'a' }))
  const run = httpRun(mergeHttpRuns(parts, own))
  const whole = httpRun(own)
  for (const name of ['browse', 'buy']) {
    const [merged, alone] = [run.journey(name), whole.journey(name)]
    expect(merged).toMatchObject({ offered: 2 * alone.offered, dropped: 2 * alone.dropped })
    expect(merged.iterations).toMatchObject({
      offered: 2 * alone.iterations.offered,
      dropped: 2 * alone.iterations.dropped,
    })
  }
})

test('every report has a row for each journey', async () => {
  const run = httpRun(sampleRun()).result()
  const results = sampleResults({ scenarios: [scenario('checkout', 'passed', [run], [PASSED])] })
  const terminal = summaryOf(results, new EarlierRuns(), 120, (_, text) => text)
  expect(terminal.split('\n').slice(4, 11)).toMatchInlineSnapshot(`
    [
      "    http 1: constantArrivalRate 200/s, 2,000 VUs, 9s",
      "      offered 840  sent 800  dropped 40  p50 900 ms  p95 900 ms  p99      ∞  errors 4.8%",
      "      journey browse",
      "        offered 400  sent 400  dropped  0  p50 100 ms  p95 100 ms  p99 100 ms  errors   0%",
      "      journey buy",
      "        offered 440  sent 400  dropped 40  p50 900 ms  p95      ∞  p99      ∞  errors 9.1%",
      "    ✓  toHaveP95Below(150)  p95 < 150 ms  p95 = 98.1 ms",
    ]
  `)
  const page = await htmlReport(results)
  expect(page.slice(page.indexOf('Requests by journey'))).toMatch(/browse[^]*buy[^]*journey browse[^]*journey buy/)
  const rows = markdownSummary(results, new EarlierRuns())
    .split('\n')
    .filter((line) => line.includes('journey'))
  expect(rows).toMatchInlineSnapshot(`
    [
      "|  | checkout: journey browse |  |  | 100 ms | 100 ms | 100 ms | 0% | – |",
      "|  | checkout: journey buy |  |  | 900 ms | ∞ | ∞ | 9.1% | – |",
    ]
  `)
})
