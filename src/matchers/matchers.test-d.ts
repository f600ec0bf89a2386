import { expect, test } from 'vitest'
import type { BenchResult } from 'vitest'
import type { MicroRun } from '../micro/micro-run.ts'
import type { FanOutRun } from '../run/fan-out-run.ts'
import type { HttpRun } from '../run/http-run.ts'
import './register.ts'

declare const requests: HttpRun
declare const micro: MicroRun
declare const fanOut: FanOutRun
declare const bench: BenchResult
declare const later: Promise<FanOutRun>

test('percentile matchers take any run with times', () => {
  expect(requests).toHaveP95Below(150)
  expect(micro).not.toHaveP99Below('1.5s', { confidence: 0.95 })
  expect(fanOut).toHavePercentileBelow(0.999, 150)
  expect.soft(requests).toHaveP50Below(10)
  expect(requests.step('me')).toHaveP95Below(10)
  expect(bench).toHaveP95Below(1)
  // @ts-expect-error -- statistics are no run
  expect({ p95Ms: 12 }).toHaveP95Below(150)
  // @ts-expect-error -- a run that was not awaited
  expect(later).toHaveP95Below(150)
})

test('request matchers take runs of requests alone', () => {
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

test('fan-out matchers take fan-outs alone', () => {
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

test('arguments are checked', () => {
  // @ts-expect-error -- a limit is needed
  expect(requests).toHaveP95Below()
  // @ts-expect-error -- a duration needs its unit
  expect(requests).toHaveP95Below('150')
  // @ts-expect-error -- misspelt
  expect(requests).toHaveP95Below(150, { confidense: 0.95 })
  // @ts-expect-error -- the status comes first
  expect(requests).toHaveStatusRateBelow(0.01)
  // @ts-expect-error -- a ratio is needed
  expect(fanOut).toDeliverWithin(1000)
  // @ts-expect-error -- one argument too many
  expect(fanOut).toDeliverInOrder(true)
})

test('asymmetric use, where the receiver is unknown', () => {
  expect({ requests }).toEqual({ requests: expect.toHaveP95Below(150) })
  expect({ fanOut }).toEqual({ fanOut: expect.not.toDeliverInOrder() })
  // @ts-expect-error -- arguments are checked here too
  expect({ requests }).toEqual({ requests: expect.toHaveP95Below('soon') })
})
