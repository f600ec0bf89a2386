import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OptionsError } from '../options/problems.ts'
import { ResponseTimes } from '../results/response-times.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { METRICS, sampleFanOutRun, sampleHttpRun } from '../testing/sample-records.ts'
import type { ExporterOptions } from './exporter-options.ts'
import { MetricsExporter } from './exporter.ts'

const times = new ResponseTimes()
for (let i = 0; i < 90; i++) times.record('vote', 200, 30_000)
for (let i = 0; i < 9; i++) times.record('vote', 503, 400_000)
times.record('vote', 'timeout', 20_000_000)

const SNAPSHOT: RunSnapshot = {
  run: 'http 1',
  kind: 'http',
  load: 'constantArrivalRate 200/s, 2,000 VUs, 2m',
  elapsedMs: 60_000,
  plannedMs: 120_000,
  phase: 'steady',
  state: 'running',
  counts: { offered: 104, sent: 102, completed: 100, dropped: 2, errors: { status: 9, timeout: 1 } },
  recent: { seconds: 3, offeredPerSec: 200, achievedPerSec: 199, errors: 0, p50Ms: 41, p95Ms: 120, p99Ms: 163 },
  users: 2000,
  inFlight: 14,
  responseTimes: times.toJSON(),
  generator: { cpuRatio: 0.31, eventLoopDelayP99Ms: 2, scheduleDelayP99Ms: 1.5 },
}

async function exporter(options: ExporterOptions) {
  const lines: string[] = []
  const made = new MetricsExporter({ log: (line) => lines.push(line), ...options })
  onTestFinished(() => made.onEnd())
  await made.onStart()
  return { made, lines }
}

/** Values at the endpoint, by series as written: `slo_vus{scenario="S4",run="http 1"}`. */
async function scrape(made: MetricsExporter): Promise<Map<string, number>> {
  const text = await (await fetch(made.url!)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

const AT = 'scenario="S4",run="http 1"'

describe('the scrape endpoint', () => {
  test('exposes the progress of a run of requests', async () => {
    const { made } = await exporter({ port: 0 })
    made.onSnapshot('S4', { ...SNAPSHOT, counts: { ...SNAPSHOT.counts, offered: 50 } })
    made.onSnapshot('S4', SNAPSHOT)
    expect(Object.fromEntries(await scrape(made))).toMatchObject({
      [`slo_requests_offered_total{${AT}}`]: 104,
      [`slo_requests_sent_total{${AT}}`]: 102,
      [`slo_requests_completed_total{${AT}}`]: 100,
      [`slo_requests_dropped_total{${AT}}`]: 2,
      [`slo_errors_total{${AT},kind="status"}`]: 9,
      [`slo_latency_seconds{${AT},quantile="0.95"}`]: 0.12,
      [`slo_vus{${AT}}`]: 2000,
      [`slo_requests_in_flight{${AT}}`]: 14,
      [`slo_run_progress_ratio{${AT}}`]: 0.5,
      [`slo_generator_cpu_ratio{${AT}}`]: 0.31,
      [`slo_generator_schedule_delay_seconds{${AT}}`]: 0.0015,
      [`slo_generator_saturated{${AT}}`]: 0,
    })
  })

  test('counts durations by step and status in a histogram that Prometheus can read', async () => {
    const { made } = await exporter({ port: 0 })
    made.onSnapshot('S4', SNAPSHOT)
    const series = await scrape(made)
    const name = 'slo_http_request_duration_seconds'
    const ok = `${AT},step="vote",status="200"`
    expect(series.get(`${name}_bucket{${ok},le="0.025"}`)).toBe(0)
    expect(series.get(`${name}_bucket{${ok},le="0.05"}`)).toBe(90)
    expect(series.get(`${name}_bucket{${ok},le="+Inf"}`)).toBe(90)
    expect(series.get(`${name}_count{${ok}}`)).toBe(90)
    expect(series.get(`${name}_sum{${ok}}`)).toBeCloseTo(2.7)
    expect(series.get(`${name}_bucket{${AT},step="vote",status="timeout",le="10"}`)).toBe(0)
    expect(series.get(`${name}_bucket{${AT},step="vote",status="timeout",le="+Inf"}`)).toBe(1)
  })

  test('exposes the progress of a fan-out, and no users after its end', async () => {
    const { made } = await exporter({ port: 0 })
    made.onSnapshot('S6', { ...SNAPSHOT, run: 'ws 1', kind: 'fanOut', state: 'ended' })
    const at = 'scenario="S6",run="ws 1"'
    expect(Object.fromEntries(await scrape(made))).toMatchObject({
      [`slo_deliveries_expected_total{${at}}`]: 104,
      [`slo_deliveries_received_total{${at}}`]: 100,
      [`slo_deliveries_missing_total{${at}}`]: 2,
      [`slo_publications_total{${at}}`]: 102,
      [`slo_message_lag_seconds{${at},quantile="0.99"}`]: 0.163,
      [`slo_sockets{${at}}`]: 0,
    })
  })

  test('exposes the results of scenarios, assertions and runs', async () => {
    const { made } = await exporter({ port: 0 })
    const assertion = { assertion: 'toHaveP95Below(150)', expected: '', received: '', outcome: 'failed' as const }
    const runs = [sampleHttpRun(), sampleFanOutRun()]
    made.onScenario('S4', 'failed', { runs, assertions: [assertion] }, 'smoke')
    const of = 'scenario="S4",scale="smoke"'
    expect(Object.fromEntries(await scrape(made))).toMatchObject({
      [`slo_scenario_verdict{${of},verdict="failed"}`]: 1,
      [`slo_scenario_verdict{${of},verdict="passed"}`]: 0,
      [`slo_assertion_outcome{${of},assertion="toHaveP95Below(150)",outcome="failed"}`]: 1,
      [`slo_assertion_outcome{${of},assertion="toHaveP95Below(150)",outcome="invalid"}`]: 0,
      [`slo_result_latency_seconds{${of},run="http 1",quantile="0.95"}`]: Number(sampleHttpRun().latency!.p95Ms) / 1000,
      [`slo_result_error_ratio{${of},run="http 1"}`]: 4 / 6000,
      [`slo_result_completed_per_second{${of},run="http 1"}`]: 6000 / 25,
      [`slo_result_message_lag_seconds{${of},run="ws 1",quantile="0.99"}`]: Number(sampleFanOutRun().lag!.p99Ms) / 1000,
      [`slo_result_missing_ratio{${of},run="ws 1"}`]: 2 / 10_000,
      [`slo_scenario_ended_timestamp_seconds{${of}}`]: expect.any(Number),
    })
  })

  test('exposes the times of iterations and groups', async () => {
    const { made } = await exporter({ port: 0 })
    const { latency: time, ...run } = sampleHttpRun()
    const part = { offered: 10, completed: 10, dropped: 0, unfinished: 0, errors: {}, time: time! }
    const runs = [{ ...run, iterations: part, groups: [{ name: 'checkout', ...part }] }]
    made.onScenario('S4', 'passed', { runs, assertions: [] }, 'smoke')
    const of = 'scenario="S4",scale="smoke",run="http 1"'
    expect(Object.fromEntries(await scrape(made))).toMatchObject({
      [`slo_result_iteration_seconds{${of},quantile="0.5"}`]: Number(time!.p50Ms) / 1000,
      [`slo_result_group_seconds{${of},group="checkout",quantile="0.95"}`]: Number(time!.p95Ms) / 1000,
    })
  })

  test('distinguishes the same assertion on two runs and journeys', async () => {
    const { made } = await exporter({ port: 0 })
    const of = (run: string, outcome: 'failed' | 'passed', journey?: string) => {
      const assertion = { assertion: 'toHaveP95Below(150)', expected: '', received: '', outcome, run }
      return journey === undefined ? assertion : { ...assertion, journey }
    }
    const assertions = [of('http 1', 'failed'), of('http 2', 'passed'), of('http 2', 'failed', 'buy')]
    made.onScenario('S4', 'failed', { runs: [], assertions }, 'smoke')
    const at = 'scenario="S4",scale="smoke",assertion="toHaveP95Below(150)"'
    expect(Object.fromEntries(await scrape(made))).toMatchObject({
      [`slo_assertion_outcome{${at},scope="http 1",outcome="failed"}`]: 1,
      [`slo_assertion_outcome{${at},scope="http 2",outcome="failed"}`]: 0,
      [`slo_assertion_outcome{${at},scope="http 2, journey buy",outcome="failed"}`]: 1,
    })
  })

  test('exposes the figures of journeys', async () => {
    const { made } = await exporter({ port: 0 })
    const run = sampleHttpRun()
    const { offered, sent, completed, dropped, errors, statuses, latency } = run
    const iterations = { offered: 10, completed: 10, dropped: 0, unfinished: 0, errors: {}, time: latency! }
    const requests = { offered, sent, completed, dropped, errors, statuses, latency: latency! }
    const journeys = [{ name: 'buy', weight: 1, ...requests, iterations }]
    made.onScenario('S4', 'passed', { runs: [{ ...run, journeys }], assertions: [] }, 'smoke')
    const of = 'scenario="S4",scale="smoke",run="http 1",journey="buy"'
    expect(Object.fromEntries(await scrape(made))).toMatchObject({
      [`slo_result_journey_latency_seconds{${of},quantile="0.95"}`]: Number(latency!.p95Ms) / 1000,
      [`slo_result_journey_iteration_seconds{${of},quantile="0.5"}`]: Number(latency!.p50Ms) / 1000,
      [`slo_result_journey_error_ratio{${of}}`]: 4 / 6000,
    })
  })

  test('exposes custom metrics and soft checks, and nothing of those without values', async () => {
    const { made } = await exporter({ port: 0 })
    made.onScenario('S4', 'passed', { runs: [{ ...sampleHttpRun(), ...METRICS }], assertions: [] }, 'smoke')
    const of = 'scenario="S4",scale="smoke",run="http 1"'
    const scraped = Object.fromEntries(await scrape(made))
    expect(scraped).toMatchObject({
      [`slo_result_metric{${of},metric="cart size",figure="p95"}`]: 9.5,
      [`slo_result_metric{${of},metric="queue length",figure="last"}`]: 3,
      [`slo_result_metric_total{${of},metric="declined orders"}`]: 24,
      [`slo_result_metric_per_second{${of},metric="declined orders"}`]: 0.8,
      [`slo_result_metric_ratio{${of},metric="cached"}`]: 0.75,
      [`slo_result_soft_check_ratio{${of},check="cart is complete"}`]: 0.99,
    })
    expect(Object.keys(scraped).filter((name) => name.includes('render time'))).toEqual([])
  })

  test('exposes custom metrics of a fan-out', async () => {
    const { made } = await exporter({ port: 0 })
    const run = { ...sampleFanOutRun(), metrics: METRICS.metrics }
    made.onScenario('S3', 'passed', { runs: [run], assertions: [] }, 'smoke')
    const of = `scenario="S3",scale="smoke",run=${JSON.stringify(run.name)}`
    expect(Object.fromEntries(await scrape(made))).toMatchObject({
      [`slo_result_metric{${of},metric="cart size",figure="p95"}`]: 9.5,
      [`slo_result_metric_total{${of},metric="declined orders"}`]: 24,
      [`slo_result_missing_ratio{${of}}`]: expect.any(Number),
    })
  })

  test('writes an infinite percentile as +Inf', async () => {
    const { made } = await exporter({ port: 0 })
    made.onSnapshot('S4', { ...SNAPSHOT, recent: { ...SNAPSHOT.recent, p99Ms: 'Infinity' } })
    const run = sampleHttpRun()
    const runs = [{ ...run, latency: { ...run.latency!, p99Ms: 'Infinity' as const } }]
    made.onScenario('S4', 'failed', { runs, assertions: [] }, 'smoke')
    const text = await (await fetch(made.url!)).text()
    expect(text).toContain(`slo_latency_seconds{${AT},quantile="0.99"} +Inf\n`)
    expect(text).toContain(
      `slo_result_latency_seconds{scenario="S4",scale="smoke",run="http 1",quantile="0.99"} +Inf\n`,
    )
  })

  test('counts from zero when scenarios run again', async () => {
    const { made } = await exporter({ port: 0 })
    made.onSnapshot('S4', SNAPSHOT)
    await made.onStart()
    expect((await scrape(made)).has(`slo_requests_offered_total{${AT}}`)).toBe(false)
    made.onSnapshot('S4', { ...SNAPSHOT, counts: { ...SNAPSHOT.counts, offered: 7 } })
    expect((await scrape(made)).get(`slo_requests_offered_total{${AT}}`)).toBe(7)
  })

  test('stays between the runs of watch mode', async () => {
    const { made } = await exporter({ port: 0 })
    made.onSnapshot('S4', SNAPSHOT)
    await made.onEnd({ watches: true })
    const { url } = made
    expect((await scrape(made)).get(`slo_vus{${AT}}`)).toBe(2000)
    await made.onStart()
    expect(made.url).toBe(url)
  })

  test('lingers until the command is interrupted', async () => {
    const { made } = await exporter({ port: 0, linger: '1h' })
    const { url } = made
    const stopping = new AbortController()
    const ended = made.onEnd({ signal: stopping.signal })
    expect((await fetch(url!)).status).toBe(200)
    stopping.abort()
    await ended
    await expect(fetch(url!)).rejects.toThrow('fetch failed')
  })

  test('is closed at the end', async () => {
    const { made } = await exporter({ port: 0 })
    const url = made.url!
    await made.onEnd()
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  test('logs one line if its port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await new Promise((listening) => taken.once('listening', listening))
    const { port } = taken.address() as AddressInfo
    const { made, lines } = await exporter({ port })
    expect(made.url).toBeUndefined()
    expect(lines).toEqual([
      expect.stringMatching(/^vitest-slo: metrics are not exported: listen EADDRINUSE.* set another port/),
    ])
    made.onSnapshot('S4', SNAPSHOT)
  })
})

describe('a Pushgateway', () => {
  async function gateway(status: number): Promise<{ server: Server; url: string; pushed: Promise<string[]> }> {
    const got = Promise.withResolvers<string[]>()
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += chunk))
      request.on('end', () => {
        response.writeHead(status).end()
        got.resolve([`${request.method} ${request.url}`, body])
      })
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((listening) => server.once('listening', listening))
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pushed: got.promise }
  }

  test('receives the final values', async () => {
    const { url, pushed } = await gateway(200)
    const { made, lines } = await exporter({ pushgateway: url, job: 'nightly' })
    made.onSnapshot('S4', SNAPSHOT)
    await made.onEnd()
    const [request, body] = await pushed
    expect(request).toBe('PUT /metrics/job/nightly')
    expect(body).toContain(`slo_requests_offered_total{${AT}} 104`)
    expect(lines).toEqual([])
  })

  test('causes one line in the log if it fails, without its password', async () => {
    const { url, server } = await gateway(500)
    const { made, lines } = await exporter({ pushgateway: url.replace('//', '//user:planted-secret@') })
    await made.onEnd()
    await made.onEnd()
    expect(lines).toEqual([expect.stringMatching(/^vitest-slo: metrics are not pushed to http:\/\/user:\*\*\*@127/)])
    await new Promise((closed) => server.close(closed))
    await made.onEnd()
    expect(lines).toHaveLength(2)
  })
})

test('MetricsExporter() reports every invalid option in one error', () => {
  const make = () =>
    new MetricsExporter({ port: -1, pushgateway: 'localhost', pushInterval: 'soon' as never, prot: 1 } as never)
  expect(make).toThrow(OptionsError)
  expect(make).toThrow(/port: .*\n[\s\S]*pushgateway: .*\n[\s\S]*pushInterval: /)
  expect(make).toThrow(/prot: unknown option/)
  expect(() => new MetricsExporter({})).toThrow(/port: or pushgateway must be given/)
})
