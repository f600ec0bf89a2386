import { expect, test, type BenchResult } from 'vitest'
import type { Comparison } from '../comparison/comparison.ts'
import type { BaselineSource } from '../evidence/baseline-evidence.ts'
import type { Counter, Gauge, Rate, Trend } from '../execution/custom-metrics/metric.ts'
import type { MicroRun } from '../micro/micro-run.ts'
import type { FanOutRun } from '../runs/fan-out-run.ts'
import type { HttpRun } from '../runs/request-run.ts'
import './register.ts'

declare const requests: HttpRun
declare const micro: MicroRun
declare const fanOut: FanOutRun
declare const bench: BenchResult
declare const comparison: Comparison
declare const baseline: BaselineSource
declare const trend: Trend
declare const counter: Counter
declare const rate: Rate
declare const gauge: Gauge
declare const later: Promise<FanOutRun>

test('percentile matchers accept any run with times', () => {
  expect(requests).toHaveP95Below(150)
  expect(micro).not.toHaveP99Below('1.5s', { confidence: 0.95 })
  expect(fanOut).toHavePercentileBelow(0.999, 150)
  expect.soft(requests).toHaveP50Below(10)
  expect(requests.step('me')).toHaveP95Below(10)
  expect(bench).toHaveP95Below(1)
  // @ts-expect-error -- statistics are no run
  expect({ p95Ms: 12 }).toHaveP95Below(150)
  // @ts-expect-error -- the run was not awaited
  expect(later).toHaveP95Below(150)
})

test('request matchers accept only runs of requests', () => {
  expect(requests).toHaveErrorRateBelow(0.001)
  expect(requests).toHaveStatusRateBelow(429, 0.01, { confidence: 0.95 })
  expect(requests).toHaveThroughputAbove(100)
  expect(requests).toSustainRate({ tolerance: 0.02 })
  // @ts-expect-error -- a fan-out has no requests
  expect(fanOut).toHaveErrorRateBelow(0.001)
  // @ts-expect-error -- a function call has no status
  expect(micro).not.toHaveStatusRateBelow(429, 0.01)
  // @ts-expect-error -- nor an offered rate
  expect(micro).toSustainRate()
})

test('fan-out matchers accept only fan-outs', () => {
  expect(fanOut).toDeliverWithin(1000, { ratio: 0.99, confidence: 0.95 })
  expect(fanOut).toHaveMissingRateBelow(0.005)
  expect(fanOut).toHaveDuplicateRateBelow(0.01)
  expect(fanOut).toDeliverInOrder()
  expect(fanOut).toConnectWithin('5s', { ratio: 0.99 })
  // @ts-expect-error -- requests are not delivered
  expect(requests).toDeliverWithin(1000, { ratio: 0.99 })
  // @ts-expect-error -- requests have no order
  expect(requests).toDeliverInOrder()
})

test('comparison matchers accept builds, runs and baselines', () => {
  expect(comparison).toBeNoSlowerThan('base', { tolerance: 0.05, percentile: 0.95 })
  expect(comparison).not.toBeNoSlowerThan('base')
  expect(comparison).toBeNoSlowerThan('base', { metric: 'cpu' })
  // @ts-expect-error -- a single run has no CPU of its builds
  expect(requests).toBeNoSlowerThan(requests.step('me'), { metric: 'cpu' })
  expect(requests).toBeNoSlowerThan(requests.step('me'), { tolerance: 0.1 })
  expect(requests).toBeNoSlowerThan(baseline, { acrossEnvironments: true })
  expect(requests).toBeFasterThan(requests.phase('spike'), { delta: 0.1 })
  expect(micro).not.toBeFasterThan(baseline)
  expect(bench).toBeFasterThan(bench, { delta: 0.1 })
  expect([comparison]).toContainEqual(expect.toBeNoSlowerThan('base'))
  // @ts-expect-error -- a build is named 'base'
  expect(comparison).toBeNoSlowerThan('head')
  // @ts-expect-error -- builds are compared with each other
  expect(comparison).toBeNoSlowerThan(requests)
  // @ts-expect-error -- a run has no builds
  expect(requests).toBeNoSlowerThan('base')
  // @ts-expect-error -- a baseline is the argument, not the receiver
  expect(baseline).toBeNoSlowerThan(requests)
  // @ts-expect-error -- a comparison has no limits
  expect(comparison).toHaveP95Below(150)
  // @ts-expect-error -- statistics are no run
  expect(requests).toBeFasterThan({ p95Ms: 12 })
})

test('matchers check their arguments', () => {
  // @ts-expect-error -- the limit is required
  expect(requests).toHaveP95Below()
  // @ts-expect-error -- a duration needs its unit
  expect(requests).toHaveP95Below('150')
  // @ts-expect-error -- misspelled option
  expect(requests).toHaveP95Below(150, { confidense: 0.95 })
  // @ts-expect-error -- the status comes first
  expect(requests).toHaveStatusRateBelow(0.01)
  // @ts-expect-error -- the ratio is required
  expect(fanOut).toDeliverWithin(1000)
  // @ts-expect-error -- one argument too many
  expect(fanOut).toDeliverInOrder(true)
})

test('matchers of custom metrics accept only metrics of their kinds', () => {
  expect(requests.metric(trend)).toHaveP95Below(10)
  expect(requests.metric(trend)).toHaveMaxBelow(10)
  expect(requests.metric(counter)).toHaveTotalBelow(10, { confidence: 0.95 })
  expect(requests.metric(rate)).toHaveRateAtLeast(0.5)
  expect(requests.softCheck('cart')).toHaveRateAtLeast(0.99)
  expect(requests.metric(gauge)).toHaveLastAbove(1)
  // @ts-expect-error -- a counter has no percentiles
  expect(requests.metric(counter)).toHaveP95Below(10)
  // @ts-expect-error -- a trend has no total
  expect(requests.metric(trend)).toHaveTotalBelow(10)
  // @ts-expect-error -- a run is no rate
  expect(requests).toHaveRateAtLeast(0.5)
  // @ts-expect-error -- a trend is no run of requests
  expect(requests.metric(trend)).toHaveErrorRateBelow(0.5)
})
