import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import '../matchers/register.ts'
import { messageOf } from '../testing/message-of.ts'
import { sampleHttpRun } from '../testing/sample-runs.ts'
import type { MetricsWindow } from './metrics-window.ts'
import { createMetrics } from './metrics.ts'

/** Window in which the target's histogram has the given cumulative counts. */
async function windowWith(bounds: Readonly<Record<string, number>>, name = 'http_server_duration_seconds') {
  const text = (filled: boolean) =>
    Object.entries(bounds)
      .map(([le, count]) => `${name}_bucket{route="/api/me",le="${le}"} ${filled ? count : 0}\n`)
      .join('')
  let filled = false
  const server = createServer((_, response) => response.end(text(filled))).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  await using metrics = await createMetrics({ urls: [url], signal: new AbortController().signal, interval: '1h' })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  filled = true
  const at = performance.now()
  const run: TimedRun = {
    [windowOf]: () => ({
      ...{ run: 'http 1', scope: 'steady phase', runStartMs: at, runEndMs: at, settledMs: at },
      spans: [{ startMs: at - 0.1, endMs: at }],
    }),
  }
  return await metrics.during(run)
}

/** 2,000 requests with latency and service time uniformly from 10 to 109 ms. */
const run = sampleHttpRun()
const me = { histogram: 'http_server_duration_seconds', labels: { route: '/api/me' } }

function bothSides(window: MetricsWindow) {
  return window.serverSide(run, me)
}

test('the difference is the time outside the server', async () => {
  const sides = bothSides(await windowWith({ '0.001': 0, '0.005': 1_900, '0.01': 2_000, '+Inf': 2_000 }))
  expect(sides.name).toBe('http 1')
  expect(sides.serverCount).toBe(2_000)
  const { serverLowMs, serverHighMs, serviceTimeMs, latencyMs, outsideMs } = sides.at(0.95)
  expect([serverLowMs, serverHighMs]).toEqual([1, 5])
  expect(latencyMs).toBeCloseTo(104, 0)
  expect(outsideMs, 'at most').toBe(serviceTimeMs - 1)
})

test('server times are not interpolated, which could pass limits that they exceed', async () => {
  const sides = bothSides(await windowWith({ '0.001': 0, '0.005': 2_000, '+Inf': 2_000 }))
  expect(messageOf(() => expect(sides.at(0.5).serverMs).toBeLessThan(4))).toMatchInlineSnapshot(`
    "InvalidRunError: p50 of http_server_duration_seconds{route="/api/me"} lies between 1 ms and 5 ms, the ends of its bucket, and a histogram does not contain its exact value
    Fix: assert on serverHighMs, which it is at most, or serverLowMs, which it exceeds"
  `)
})

test('latency matchers judge it as the run, and show where the time was spent', async () => {
  const sides = bothSides(await windowWith({ '0.001': 0, '0.005': 1_900, '0.01': 2_000, '+Inf': 2_000 }))
  expect(sides).toHaveP95Below(105)
  expect(messageOf(() => expect(sides).toHaveP95Below(96))).toMatchInlineSnapshot(`
    "Error: expect(run).toHaveP95Below(96)

    Expected: p95 < 96 ms
    Received: p95 = 104 ms (+8.4%), 95% interval 104–105 ms

    Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
              in the server   p50 3.11   p95 5   p99 9 ms   2,000 requests by http_server_duration_seconds{route="/api/me"}
              outside of it   p50 55.9   p95 99.1   p99 99 ms   queueing and network: service time minus the server's
    Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
    Fix:      look for queues before the handler, and at the network: the server accounts for at most 5 of 104 ms of service time at p95, so a faster handler will not help"
  `)
})

test('a hint names a server that takes most of the time', async () => {
  const sides = bothSides(await windowWith({ '0.1': 1_500, '0.2': 2_000, '+Inf': 2_000 }))
  expect(messageOf(() => expect(sides).not.toHaveP95Below(105))).toMatchInlineSnapshot(`
    "Error: expect(run).not.toHaveP95Below(105)

    Expected: p95 ≥ 105 ms
    Received: p95 = 104 ms (−0.89%), 95% interval 104–105 ms

    Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
              in the server   p50 66.7   p95 180   p99 196 ms   2,000 requests by http_server_duration_seconds{route="/api/me"}
              outside of it   p50 <59   p95 <4.06   p99 <8.03 ms   queueing and network: service time minus the server's
    Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
    Fix:      remove .not, or assert another limit: the assertion itself holds"
  `)
})

test('the evidence reports a histogram of other requests', async () => {
  const sides = bothSides(await windowWith({ '0.1': 500, '+Inf': 500 }))
  expect(messageOf(() => expect(sides).toHaveP95Below(96))).toMatch(
    /the server counted 500 requests and the run 2,000: possible causes are other clients, other labels, or a scope with few scrapes/,
  )
})

test('the unit defaults to that of the name', async () => {
  const window = await windowWith({ '5': 2_000, '+Inf': 2_000 }, 'duration_milliseconds')
  expect(window.serverSide(run, { histogram: 'duration_milliseconds' }).at(0.5).serverHighMs).toBe(5)
  expect(window.serverSide(run, { histogram: 'duration_milliseconds', unit: 's' }).at(0.5).serverHighMs).toBe(5_000)
})

test('a route without observations is rejected', async () => {
  const window = await windowWith({ '0.1': 0, '+Inf': 0 })
  expect(messageOf(() => bothSides(window))).toBe(
    'InvalidRunError: http_server_duration_seconds{route="/api/me"} has no observations during http 1\nFix: select the histogram of a route that this load requests',
  )
  expect(messageOf(() => window.serverSide(run, { ...me, labels: { route: '/api/you' } }))).toBe(
    'InvalidRunError: http_server_duration_seconds_bucket{route="/api/you"} matches no series; route is "/api/me"\n' +
      'Fix: select a metric that the target exposes on its metrics route',
  )
})
