import { expect, test } from 'vitest'
import type { CapacityWindow } from '../capacity/capacity-window.ts'
import type { Freshness, FreshnessProbe } from '../freshness/freshness.ts'
import type { MetricsWindow } from '../metrics/metrics-window.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { FanOutRun } from '../runs/fan-out-run.ts'
import type { HttpRun } from '../runs/request-run.ts'
import './register.ts'

declare const capacity: CapacityWindow
declare const window: MetricsWindow
declare const metrics: Metrics
declare const probe: FreshnessProbe
declare const freshness: Freshness
declare const run: HttpRun
declare const fanOut: FanOutRun

test('capacity matchers accept only capacity windows', () => {
  expect(capacity).toHaveCpuBelow(0.7, { statistic: 'max', cores: 2 })
  expect(capacity).not.toHaveRedisMemoryBelow(0.6)
  expect(capacity).toHaveEvictionPolicy('volatile-lru')
  // @ts-expect-error -- metrics of the target are not capacity
  expect(window).toHaveCpuBelow(0.7)
  // @ts-expect-error -- a run is not capacity
  expect(run).toHaveRedisMemoryBelow(0.6)
  // @ts-expect-error -- cores are an option of CPU
  expect(capacity).toHaveRedisMemoryBelow(0.6, { cores: 2 })
  // @ts-expect-error -- not a valid source
  expect(capacity).toHaveCpuBelow(0.7, { on: 'p95' })
})

test('toHavePoolUsageBelow() accepts the options of its window', () => {
  expect(window).toHavePoolUsageBelow(0.7, { used: 'in_use', size: 'size', statistic: 'max' })
  expect(capacity).not.toHavePoolUsageBelow(0.7, { source: 'pgbouncer' })
  // @ts-expect-error -- gauges are an option of metrics
  expect(capacity).toHavePoolUsageBelow(0.7, { used: 'in_use' })
  // @ts-expect-error -- source is an option of capacity
  expect(window).toHavePoolUsageBelow(0.7, { source: 'postgres' })
  // @ts-expect-error -- a run has no pool
  expect(run).toHavePoolUsageBelow(0.7)
})

test('toHaveCacheHitRatioAbove() accepts metrics and requires both counters', () => {
  expect(window).toHaveCacheHitRatioAbove(0.8, { hits: 'hits_total', misses: 'misses_total' })
  // @ts-expect-error -- misses are missing
  expect(window).toHaveCacheHitRatioAbove(0.8, { hits: 'hits_total' })
  // @ts-expect-error -- capacity has no counters
  expect(capacity).toHaveCacheHitRatioAbove(0.8, { hits: 'hits_total', misses: 'misses_total' })
  // @ts-expect-error -- the window was not awaited
  expect(metrics.during(run)).toHaveCacheHitRatioAbove(0.8, { hits: 'hits_total', misses: 'misses_total' })
})

test('toStayFresherThan() accepts the result of a probe', async () => {
  expect(freshness).toStayFresherThan('1s')
  expect(await probe.during(run)).not.toStayFresherThan(1_000)
  // @ts-expect-error -- the probe itself is not a result
  expect(probe).toStayFresherThan(1_000)
  // @ts-expect-error -- a run has no staleness
  expect(run).toStayFresherThan(1_000)
})

test('a server-side view is judged as its run', () => {
  const beside = window.serverSide(run.step('me'), { histogram: 'http_seconds', labels: { route: '/api/me' } })
  expect(beside).toHaveP95Below(120)
  expect(beside).toHaveErrorRateBelow(0.001)
  // @ts-expect-error -- deliveries have no route
  window.serverSide(fanOut, { histogram: 'http_seconds' })
  // @ts-expect-error -- the histogram is required
  window.serverSide(run, { labels: { route: '/api/me' } })
})
