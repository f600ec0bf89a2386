import { describe, expect, test } from 'vitest'
import type { MetricRecorder } from '../execution/custom-metrics/metric-recorder.ts'
import { httpRun } from '../runs/request-run.ts'
import { messageOf } from '../testing/message-of.ts'
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
import './register.ts'

const runOf = (record: (metrics: MetricRecorder) => void, more = {}) => httpRun(measuredWith(record, more))
const recordingAll = runOf((metrics) =>
  eachRequest((nth, atMs) => {
    metrics.at(CART_SIZE, atMs).record(nth % 10)
    metrics.at(DECLINED, atMs).record(nth % 4 === 0 ? 1 : 0)
    metrics.at(CACHED, atMs).record(nth % 2 === 0)
    metrics.at(QUEUE, atMs).record(nth - 500, atMs)
    metrics.at(COMPLETE, atMs).record(nth % 100 !== 0, nth % 200 === 0 ? 'status 503' : 'check: incomplete')
  }),
)
const [cartSize, declined, cached, queue] = [
  recordingAll.metric(handle(CART_SIZE)),
  recordingAll.metric(handle(DECLINED)),
  recordingAll.metric(handle(CACHED)),
  recordingAll.metric(handle(QUEUE)),
]
const complete = recordingAll.softCheck('cart is complete')
const empty = runOf(() => {})

describe('percentiles of a trend', () => {
  test('are judged in its unit', () => {
    expect(cartSize).toHaveP50Below(5)
    expect(cartSize).toHaveP95Below(9.1)
    expect(cartSize).toHaveP99Below(10, { confidence: 0.95 })
    expect(cartSize).toHavePercentileBelow(0.9, 8.5)
    expect(cartSize).not.toHaveP95Below(9)
    expect(messageOf(() => expect(cartSize).toHaveP95Below(5))).toMatchInlineSnapshot(`
      "Error: expect(run.metric('cart size')).toHaveP95Below(5)

      Expected: cart size p95 < 5 items
      Received: cart size p95 = 9 items (+80%), 95% interval 8.99–9 items

      Evidence: steady phase, 20.0 s, 2,000 values in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      see in the report how the metric developed, and find the requests that changed it"
    `)
  })

  test('are judged as times if the unit is ms', () => {
    const metric = { kind: 'trend', name: 'render time', unit: 'ms' } as const
    const run = runOf((metrics) => eachRequest((_, atMs) => metrics.at(metric, atMs).record(1_500)))
    expect(run.metric(handle(metric))).toHaveP95Below('1.6s')
    expect(messageOf(() => expect(run.metric(handle(metric))).toHaveP95Below('1s'))).toContain(
      'Expected: render time p95 < 1.00 s\nReceived: render time p95 = 1.50 s (+50%)',
    )
  })

  const tiny = { kind: 'trend', name: 'drift', unit: 's' } as const
  const ofTwentyNs = runOf((metrics) => eachRequest((_, atMs) => metrics.at(tiny, atMs).record(2e-8))).metric(
    handle(tiny),
  )

  test('distinguish values below a millionth of the unit', () => {
    expect(ofTwentyNs).not.toHaveMinAbove(5e-7)
    expect(ofTwentyNs).not.toHaveMinAbove(2e-8)
    expect(ofTwentyNs).toHaveMinAbove(1.999e-8)
    expect(ofTwentyNs).toHaveP95Below(2.003e-8)
    expect(ofTwentyNs).not.toHaveP95Below(2e-8)
    expect(ofTwentyNs).not.toHaveP95Below(2e-8, { confidence: 0.95 })
    expect(messageOf(() => expect(ofTwentyNs).toHaveMinAbove(5e-7))).toContain(
      'Expected: drift min > 0.0000005 s\nReceived: drift min = 0.00000002 s\n',
    )
  })

  test.each([5e-10, -1, 9_007_199_255])('reject a limit of %d, which no value can reach', (limit) => {
    const assertions = [
      () => expect(ofTwentyNs).toHaveP95Below(limit),
      () => expect(ofTwentyNs).not.toHaveP95Below(limit),
      () => expect(ofTwentyNs).toHaveMinAbove(limit),
    ]
    for (const assertion of assertions)
      expect(messageOf(assertion)).toContain(
        'must be 0, or a number from 1e-9 to 9007199254, in the unit of the metric; record values of another size in another unit',
      )
  })

  test('show the limit as written, and the digits that the comparison needs', () => {
    const metric = { kind: 'trend', name: 'body', unit: 'B' } as const
    const run = runOf((metrics) => eachRequest((_, atMs) => metrics.at(metric, atMs).record(100.04))).metric(
      handle(metric),
    )
    expect(run).toHaveP95Below(100.05)
    expect(messageOf(() => expect(run).toHaveP95Below(100.03))).toContain(
      'Expected: body p95 < 100.03 B\nReceived: body p95 = 100.04 B (+0.01%)',
    )
    expect(messageOf(() => expect(run).toHaveMaxBelow(100.03))).toContain(
      'Expected: body max < 100.03 B\nReceived: body max = 100.04 B\n',
    )
  })

  test('distinguish values beyond the range of times', () => {
    const metric = { kind: 'trend', name: 'body', unit: 'B' } as const
    const run = runOf((metrics) => eachRequest((_, atMs) => metrics.at(metric, atMs).record(5_000_000_000)))
    expect(run.metric(handle(metric))).toHaveP95Below(5_010_000_000, { confidence: 0.95 })
    expect(run.metric(handle(metric))).not.toHaveP95Below(4_990_000_000)
  })

  test('are invalid with too few values, also under .not', () => {
    const few = runOf((metrics) => {
      for (let at = 0; at < 100; at++) metrics.at(CART_SIZE, 3_000 + at).record(1)
    })
    expect(messageOf(() => expect(few.metric(handle(CART_SIZE))).toHaveP95Below(5))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run.metric('cart size')).toHaveP95Below(5)

      Expected: cart size p95 < 5 items
      Received: INVALID, not judged. too-few-samples: cart size p95 < 5 items needs at least 200 values, the scope judged has 100

      Evidence: steady phase, 20.0 s, 100 values in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      at 5/s the scope would have to be 40s long (it was 20s): lengthen the run, or raise its rate to 10/s"
    `)
    expect(messageOf(() => expect(few.metric(handle(CART_SIZE))).not.toHaveP95Below(5))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(empty.metric(handle(CART_SIZE))).toHaveP95Below(5))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run.metric('cart size')).toHaveP95Below(5)

      Expected: cart size p95 < 5 items
      Received: INVALID, not judged. no-samples: the trend "cart size" was never recorded in the scope judged

      Evidence: steady phase, 20.0 s, 0 values in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      record it in a function of the run that is called in this scope"
    `)
  })
})

describe('counters', () => {
  test('are judged by total and per second', () => {
    expect(declined).toHaveTotalBelow(501)
    expect(declined).toHaveTotalAbove(499)
    expect(declined).toHavePerSecondBelow(30, { confidence: 0.95 })
    expect(declined).toHavePerSecondAbove(20)
    expect(messageOf(() => expect(declined).toHaveTotalBelow(100))).toMatchInlineSnapshot(`
      "Error: expect(run.metric('declined orders')).toHaveTotalBelow(100)

      Expected: declined orders total < 100
      Received: declined orders total = 500 (+400%), 95% interval 490–510
                2,000 additions in 20.0 s

      Evidence: steady phase, 20.0 s, 2,000 additions in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      see in the report how the metric developed, and find the requests that changed it"
    `)
    expect(messageOf(() => expect(declined).toHavePerSecondBelow(10))).toMatchInlineSnapshot(`
      "Error: expect(run.metric('declined orders')).toHavePerSecondBelow(10)

      Expected: declined orders per second < 10/s
      Received: declined orders per second = 25/s (+150%), 95% interval 24.5–25.5/s
                2,000 additions in 20.0 s

      Evidence: steady phase, 20.0 s, 2,000 additions in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      see in the report how the metric developed, and find the requests that changed it"
    `)
  })

  test('do not drift if decimals are added up', () => {
    const metric = { kind: 'counter', name: 'paid', unit: 'EUR' } as const
    const run = runOf((metrics) => {
      for (let nth = 0; nth < 300; nth++) metrics.at(metric, 2_000 + nth * 60).record(0.1)
    }).metric(handle(metric))
    expect(run.figures).toEqual({ total: 30, perSec: 1.5 })
    expect(run).not.toHaveTotalAbove(30)
    expect(run).not.toHaveTotalBelow(30)
    expect(run).toHaveTotalAbove(29.999_999_9)
    expect(run).not.toHavePerSecondAbove(1.5)
    expect(messageOf(() => expect(run).not.toHaveTotalBelow(30.000_01))).toContain(
      'Expected: paid total ≥ 30.00001 EUR\nReceived: paid total = 30 EUR (−0.000033%)',
    )
  })

  test('are invalid if nothing was added, and valid if 0 was', () => {
    expect(messageOf(() => expect(empty.metric(handle(DECLINED))).toHaveTotalBelow(5))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run.metric('declined orders')).toHaveTotalBelow(5)

      Expected: declined orders total < 5
      Received: INVALID, not judged. no-samples: the counter "declined orders" was never recorded in the scope judged

      Evidence: steady phase, 20.0 s, 0 additions in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      record it in a function of the run; if an event may never occur, add 0 where it could have"
    `)
    expect(messageOf(() => expect(empty.metric(handle(DECLINED))).not.toHaveTotalBelow(5))).toMatch(/^InvalidRunError/)
    const none = runOf((metrics) => metrics.at(DECLINED, 3_000).record(0))
    expect(none.metric(handle(DECLINED))).toHaveTotalBelow(1)
  })
})

describe('rates', () => {
  test('of a metric are judged as ratios with an interval', () => {
    expect(cached).toHaveRateAtLeast(0.5)
    expect(cached).toHaveRateBelow(0.51)
    expect(cached).toHaveRateAtLeast(0.45, { confidence: 0.95 })
    expect(messageOf(() => expect(cached).toHaveRateAtLeast(0.9))).toMatchInlineSnapshot(`
      "Error: expect(run.metric('cached')).toHaveRateAtLeast(0.9)

      Expected: cached ≥ 90%
      Received: cached = 50% (1,000 of 2,000), 95% interval 48.1–51.9%

      Evidence: steady phase, 20.0 s, 2,000 values in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      see in the report how the metric developed, and find the requests that changed it"
    `)
  })

  test('of a soft check name the reasons', () => {
    expect(complete).toHaveRateAtLeast(0.985)
    expect(messageOf(() => expect(complete).toHaveRateAtLeast(0.995))).toMatchInlineSnapshot(`
      "Error: expect(run.softCheck('cart is complete')).toHaveRateAtLeast(0.995)

      Expected: cart is complete: rate of passed checks ≥ 99.5%
      Received: cart is complete: rate of passed checks = 99% (1,980 of 2,000: 10 × status 503, 10 × check: incomplete), 95% interval 98.5–99.3%

      Evidence: steady phase, 20.0 s, 2,000 checked requests in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      see the reasons in the report, and find their cause in the log of the target"
    `)
    expect(messageOf(() => expect(complete).toHaveRateAtLeast(1))).toMatchInlineSnapshot(`
      "Error: expect(run.softCheck('cart is complete')).toHaveRateAtLeast(1)

      Expected: cart is complete: rate of failed checks = 0%
      Received: cart is complete: rate of failed checks = 1% (20 of 2,000: 10 × status 503, 10 × check: incomplete)
                a rate below 0.1% takes about 3,000 checked requests without one (rule of three, 95% confidence)

      Evidence: steady phase, 20.0 s, 2,000 checked requests in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      see the reasons in the report, and find their cause in the log of the target"
    `)
  })

  test('are invalid with too few values', () => {
    const few = runOf((metrics) => {
      for (let at = 0; at < 50; at++) metrics.at(COMPLETE, 3_000 + at).record(true)
    })
    expect(few.softCheck('cart is complete')).toHaveRateAtLeast(0.98)
    expect(messageOf(() => expect(few.softCheck('cart is complete')).toHaveRateAtLeast(0.99))).toMatch(
      /too-few-samples: cart is complete: rate of passed checks ≥ 99% needs at least 100 checked requests/,
    )
    expect(messageOf(() => expect(empty.metric(handle(CACHED))).toHaveRateBelow(0.5))).toMatch(
      /no-samples: the rate "cached" was never recorded in the scope judged/,
    )
  })
})

describe('gauges', () => {
  test('are judged by their last, smallest and largest value', () => {
    expect(queue).toHaveLastBelow(1_700)
    expect(queue).toHaveLastAbove(1_698)
    expect(queue).toHaveMaxBelow(1_700)
    expect(queue).toHaveMinAbove(-301)
    expect(cartSize).toHaveMaxBelow(9.5)
    expect(cartSize).not.toHaveMinAbove(0)
    expect(messageOf(() => expect(queue).toHaveMaxBelow(1_000))).toMatchInlineSnapshot(`
      "Error: expect(run.metric('queue length')).toHaveMaxBelow(1000)

      Expected: queue length max < 1,000 jobs
      Received: queue length max = 1,699 jobs

      Evidence: steady phase, 20.0 s, 2,000 values in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
                errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      see in the report how the metric developed, and find the requests that changed it"
    `)
    expect(messageOf(() => expect(empty.metric(handle(QUEUE))).not.toHaveLastBelow(5))).toMatch(
      /no-samples: the gauge "queue length" was never recorded/,
    )
  })
})

test('metrics of an invalid run are invalid', () => {
  const run = runOf((metrics) => metrics.at(DECLINED, 3_000).record(0), { abortReason: 'Ctrl-C' })
  expect(messageOf(() => expect(run.metric(handle(DECLINED))).toHaveTotalBelow(5))).toMatch(
    /aborted: the run was aborted/,
  )
})

test('a metric of another kind is rejected with the matchers that accept it', () => {
  expect(messageOf(() => expect(declined as never).toHaveP95Below(5))).toMatchInlineSnapshot(`
    "TypeError: toHaveP95Below() judges the times of a run or a trend; received the counter "declined orders"
    Fix: use a matcher that accepts it: toHaveTotalBelow, toHaveTotalAbove, toHavePerSecondBelow, toHavePerSecondAbove"
  `)
  expect(messageOf(() => expect(cached as never).toHaveTotalBelow(5))).toMatch(/^TypeError: .*judges a counter/)
  expect(messageOf(() => expect(cartSize as never).toHaveErrorRateBelow(0.1))).toMatch(/^TypeError/)
})

test('wrong arguments are rejected', () => {
  expect(messageOf(() => expect(cartSize).toHaveP95Below('5s'))).toMatchInlineSnapshot(`
    "OptionsError: toHaveP95Below() received an invalid option:

      limitMs: must be 0, or a number from 1e-9 to 9007199254, in the unit of the metric
        Received: '5s'
        Fix:      write, for example, toHaveP95Below(150)"
  `)
  expect(messageOf(() => expect(cached).toHaveRateAtLeast(99))).toMatch(/for 99% write 0.99/)
  expect(messageOf(() => expect(cached).toHaveRateAtLeast(1, { confidence: 0.95 }))).toMatch(/must be left out/)
})
