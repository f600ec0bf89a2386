import { expect, test } from 'vitest'
import { MetricRecorder } from '../execution/custom-metrics/metric-recorder.ts'
import { messageOf } from '../testing/message-of.ts'
import { measured, PHASES } from '../testing/sample-measurement.ts'
import {
  CACHED,
  CART_SIZE,
  COMPLETE,
  DECLINED,
  eachRequest,
  handle,
  measuredWith,
  QUEUE,
} from '../testing/sample-metrics.ts'
import { encodeHttpRun } from './merge/http-part.ts'
import { mergeHttpRuns } from './merge/merge-http-runs.ts'
import { httpRun } from './request-run.ts'

const recordAll = (metrics: MetricRecorder, isMine: (nth: number) => boolean = () => true) =>
  eachRequest((nth, atMs) => {
    if (!isMine(nth)) return
    metrics.at(CART_SIZE, atMs).record(atMs < 2_000 ? 1_000 : nth % 10)
    metrics.at(DECLINED, atMs).record(nth % 4 === 0 ? 1 : 0)
    metrics.at(CACHED, atMs).record(nth % 2 === 0)
    metrics.at(QUEUE, atMs).record(nth - 500, atMs)
    metrics.at(COMPLETE, atMs).record(nth % 100 !== 0, 'check: the function returned false')
  })

test('figures of metrics and soft checks leave the warm-up out', () => {
  const run = httpRun(measuredWith(recordAll))
  expect(run.metric(handle(CART_SIZE))).toMatchObject({
    name: 'http 1',
    metric: 'cart size',
    unit: 'items',
    count: 2000,
  })
  expect(run.metric(handle(CART_SIZE)).figures).toMatchObject({ min: 0, mean: 4.5, max: 9 })
  expect(run.metric(handle(CART_SIZE)).figures!.p50).toBeCloseTo(4, 1)
  expect(run.metric(handle(DECLINED)).figures).toEqual({ total: 500, perSec: 25 })
  expect(run.metric(handle(CACHED)).figures).toMatchObject({ hits: 1000, rate: 0.5 })
  expect(run.metric(handle(QUEUE)).figures).toEqual({ last: 1699, min: -300, max: 1699 })
  const { figures } = run.softCheck('cart is complete')
  expect(figures).toEqual({ hits: 1980, rate: 0.99, reasons: new Map([['check: the function returned false', 20]]) })
})

test('metrics of a phase and of a period', () => {
  const run = httpRun(measuredWith(recordAll))
  expect(run.phase('warmup').metric(handle(CART_SIZE)).figures!.max).toBe(1_000)
  expect(run.metric(handle(DECLINED)).between('4s', '5s').figures).toEqual({ total: 25, perSec: 25 })
  expect(run.between('4s', '6s').softCheck('cart is complete').count).toBe(200)
  expect(messageOf(() => run.metric(handle(QUEUE)).phase('spike'))).toBe(
    'Error: http 1 has no phase "spike"; it has warmup, steady',
  )
})

test('a metric without values has no figures', () => {
  const run = httpRun(measuredWith(() => {}))
  const runs = [CART_SIZE, DECLINED, CACHED, QUEUE].map((metric) => run.metric(handle(metric)))
  expect(runs.map(({ count, figures }) => [count, figures])).toEqual(Array.from({ length: 4 }, () => [0, undefined]))
  expect(run.result()).not.toHaveProperty('metrics')
  expect(messageOf(() => run.softCheck('cart'))).toBe('Error: http 1 has no soft check "cart"; it has none')
})

test('only whole runs, phases and periods have metrics', () => {
  const run = httpRun(measuredWith(recordAll))
  expect(messageOf(() => run.step('order').metric(handle(CART_SIZE)))).toMatchInlineSnapshot(`
    "Error: http 1: a journey, a step, a tag, good and failed select requests, not custom metrics or soft checks
    Fix: call run.metric() on the run or on a phase of it"
  `)
  expect(messageOf(() => run.good.softCheck('cart is complete'))).toMatchInlineSnapshot(`
    "Error: http 1: a journey, a step, a tag, good and failed select requests, not custom metrics or soft checks
    Fix: call run.softCheck("cart is complete") on the run or on a phase of it"
  `)
  expect(messageOf(() => run.metric('cart size' as never))).toMatchInlineSnapshot(`
    "TypeError: run.metric(): must be a metric of the fixture metric, received "cart size"
    Fix: const cartSize = metric.trend('cart size'), then run.metric(cartSize)"
  `)
})

test('the result has metrics and soft checks as plain JSON', () => {
  const { metrics, softChecks } = httpRun(measuredWith(recordAll)).result()
  expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics)
  expect({ metrics, softChecks }).toMatchInlineSnapshot(`
    {
      "metrics": [
        {
          "count": 2000,
          "kind": "trend",
          "max": 9,
          "mean": 4.5,
          "min": 0,
          "name": "cart size",
          "p50": 4,
          "p90": 8,
          "p95": 9,
          "p99": 9,
          "unit": "items",
        },
        {
          "count": 2000,
          "kind": "counter",
          "name": "declined orders",
          "perSec": 25,
          "total": 500,
        },
        {
          "count": 2000,
          "hits": 1000,
          "kind": "rate",
          "name": "cached",
          "rate": 0.5,
        },
        {
          "count": 2000,
          "kind": "gauge",
          "last": 1699,
          "max": 1699,
          "min": -300,
          "name": "queue length",
          "unit": "jobs",
        },
      ],
      "softChecks": [
        {
          "count": 2000,
          "hits": 1980,
          "name": "cart is complete",
          "rate": 0.99,
          "reasons": {
            "check: the function returned false": 20,
          },
        },
      ],
    }
  `)
})

test.each([1, 2, 3, 8])('%i generators together have the metrics of one', (count) => {
  const own = measuredWith(recordAll)
  const parts = Array.from({ length: count }, (_, index) =>
    encodeHttpRun(
      measuredWith((metrics) => recordAll(metrics, (nth) => nth % count === index)),
      { index, count, node: 'a' },
    ),
  )
  const merged = httpRun(mergeHttpRuns(parts.toReversed(), own)).result()
  const { metrics, softChecks } = httpRun(own).result()
  expect(merged).toMatchObject({ metrics, softChecks })
})

test('generators whose metrics differ in kind are an error', () => {
  const part = (index: number, kind: 'trend' | 'counter') =>
    encodeHttpRun(
      measuredWith((metrics) => metrics.at({ kind, name: 'x', unit: undefined }, 3_000).record(1)),
      { index, count: 2, node: 'a' },
    )
  expect(
    messageOf(() =>
      mergeHttpRuns(
        [part(0, 'trend'), part(1, 'counter')],
        measuredWith(() => {}),
      ),
    ),
  ).toMatch(/"x" is the name of a trend already/)
})

test('reasons of failed soft checks reach other generators without secrets', () => {
  const part = encodeHttpRun(
    measuredWith((metrics) => metrics.at(COMPLETE, 3_000).record(false, 'check: token opensesame')),
    { index: 0, count: 1, node: 'a' },
    ['opensesame'],
  )
  const { reasons } = httpRun(
    mergeHttpRuns(
      [part],
      measuredWith(() => {}),
    ),
  ).softCheck('cart is complete').figures!
  expect([...reasons.keys()]).toEqual(['check: token ***'])
})

test('more than 100 names are an error', () => {
  const metrics = new MetricRecorder(PHASES)
  for (let at = 0; at < 100; at++) metrics.at({ ...DECLINED, name: `order ${at}` }, 0)
  expect(messageOf(() => metrics.at({ ...DECLINED, name: 'order 100' }, 0))).toMatchInlineSnapshot(`
    "ScenarioError: metric: more than 100 different names, the last one "order 100"; a name is that of a kind of value, not of one value
    Fix: leave ids out of the name"
  `)
  expect(httpRun(measured([], { metrics: metrics.series })).result().metrics).toHaveLength(100)
})
