import { expect, test } from 'vitest'
import type { MetricRecorder } from '../execution/custom-metrics/metric-recorder.ts'
import { declareTimings, TIMINGS } from '../execution/custom-metrics/timings.ts'
import { httpRun } from '../runs/request-run.ts'
import { messageOf } from '../testing/message-of.ts'
import { every, series } from '../testing/sample-measurement.ts'
import { eachRequest, measuredWith, METRIC_PHASES } from '../testing/sample-metrics.ts'
import './register.ts'

const recorded = (metrics: MetricRecorder) => {
  declareTimings(metrics)
  eachRequest((nth, atMs) => {
    metrics.at(TIMINGS.firstByte, atMs).record(nth % 100)
    metrics.at(TIMINGS.connect, atMs).record(2)
    metrics.at(TIMINGS.tls, atMs).record(5)
  })
}
const run = httpRun(measuredWith(recorded))

test('percentiles of times inside requests are judged', () => {
  expect(run).toHaveFirstByteP50Below(51)
  expect(run).toHaveFirstByteP95Below(96)
  expect(run).toHaveFirstByteP99Below('100ms', { confidence: 0.95 })
  expect(run).not.toHaveFirstByteP95Below(90)
  expect(run.phase('steady')).toHaveConnectP95Below(3)
  expect(run.between('3s', '20s')).toHaveTlsP95Below(6)
  expect(messageOf(() => expect(run).toHaveFirstByteP95Below(50))).toMatchInlineSnapshot(`
    "Error: expect(run).toHaveFirstByteP95Below(50)

    Expected: first byte p95 < 50 ms
    Received: first byte p95 = 94 ms (+88%), 95% interval 93.9–95 ms

    Evidence: steady phase, 20.0 s, 2,000 times in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
              errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      find out what the target does before it sends the head of a response"
  `)
})

test('requests without a good response count as infinitely slow', () => {
  const failed = every(100, 2_000, 22_000, { latencyMs: 1, error: ['connect', 'ECONNREFUSED'] })
  const good = every(10, 0, 22_000, { latencyMs: 5, status: 200 })
  const broken = httpRun(
    measuredWith(recorded, { series: [series('order', undefined, [...good, ...failed], METRIC_PHASES)] }),
  )
  expect(messageOf(() => expect(broken).toHaveFirstByteP95Below(1_000))).toContain('first byte p95 = ∞')
  expect(messageOf(() => expect(broken).toHaveConnectP95Below(1_000))).toContain('connect p95 = ∞')
})

test('a run that did not measure them is invalid, also under .not', () => {
  const without = httpRun(measuredWith(() => {}))
  expect(messageOf(() => expect(without).toHaveFirstByteP95Below(50))).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run).toHaveFirstByteP95Below(50)

    Expected: first byte p95 < 50 ms
    Received: INVALID, not judged. metric-missing: the run did not measure times inside requests

    Evidence: steady phase, 20.0 s, 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
              p50 5   p90 5   p95 5   p99 5   max 5 ms   service-time p95 5 ms
              errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      set timings: true in http.run()"
  `)
  expect(messageOf(() => expect(without).not.toHaveTlsP95Below(50))).toMatch(/^InvalidRunError/)
})

test('steps are invalid, because times are not recorded by step', () => {
  expect(messageOf(() => expect(run.step('order')).toHaveFirstByteP95Below(50))).toMatch(
    /metric-missing: times inside requests are not recorded by step and tag/,
  )
})

test('too few connections are invalid', () => {
  const few = httpRun(
    measuredWith((metrics) => {
      declareTimings(metrics)
      metrics.at(TIMINGS.connect, 3_000).record(1)
    }),
  )
  expect(messageOf(() => expect(few).toHaveConnectP95Below(50))).toMatch(
    /too-few-samples: connect p95 < 50 ms needs at least 200 values, the scope judged has 1/,
  )
  expect(messageOf(() => expect(few).toHaveTlsP95Below(50))).toMatch(/no-samples/)
})
