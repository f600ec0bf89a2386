import { describe, expect, test } from 'vitest'
import { messageOf } from './message-of.ts'
import { SATURATED, sampleFanOutRun, sampleHttpRun } from './sample-runs.ts'
import './register.ts'

describe('toDeliverWithin', () => {
  test('counts expected deliveries, missing ones among them', () => {
    const run = sampleFanOutRun({ missingPerSecond: 3 })
    expect(run).toDeliverWithin(1000, { ratio: 0.98 })
    expect(messageOf(() => expect(run).toDeliverWithin(1000, { ratio: 0.99 }))).toMatchInlineSnapshot(`
      "Error: expect(run).toDeliverWithin(1000, { ratio: 0.99 })

      Expected: share of deliveries within 1.00 s ≥ 99%
      Received: share of deliveries within 1.00 s = 98.5% (1,970 of 2,000), 95% interval 98–98.9%

      Evidence: steady phase, 10.0 s, 1970 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms"
    `)
    expect(messageOf(() => expect(run).not.toDeliverWithin('1s', { ratio: 0.95 }))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toDeliverWithin('1s', { ratio: 0.95 })

      Expected: share of deliveries within 1.00 s < 95%
      Received: share of deliveries within 1.00 s = 98.5% (1,970 of 2,000), 95% interval 98–98.9%

      Evidence: steady phase, 10.0 s, 1970 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms"
    `)
  })

  test('with a confidence judges the interval', () => {
    const run = sampleFanOutRun({ missingPerSecond: 3 })
    expect(run).toDeliverWithin(1000, { ratio: 0.975, confidence: 0.95 })
  })

  test('needs as many deliveries as the percentile would', () => {
    const run = sampleFanOutRun({ expectedPerSecond: 50 })
    expect(run).toDeliverWithin(1000, { ratio: 0.95 })
    expect(messageOf(() => expect(run).toDeliverWithin(1000, { ratio: 0.99 }))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toDeliverWithin(1000, { ratio: 0.99 })

      Expected: share of deliveries within 1.00 s ≥ 99%
      Received: INVALID, not judged. too-few-samples: share of deliveries within 1.00 s ≥ 99% needs at least 1,000 deliveries, the scope judged has 500

      Evidence: steady phase, 10.0 s, 500 of 500 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Hint:     at 50/s the scope would have to be 20s long (it was 10s): lengthen the run, or raise its rate to 100/s"
    `)
  })

  test('a ratio of 1 asks for all of them', () => {
    expect(sampleFanOutRun({ expectedPerSecond: 1 })).toDeliverWithin(1000, { ratio: 1 })
    expect(sampleFanOutRun({ missingPerSecond: 1 })).not.toDeliverWithin(1000, { ratio: 1 })
  })

  test('is invalid where nothing was published or the generator was too slow', () => {
    const idle = sampleFanOutRun({ seconds: 0 })
    expect(messageOf(() => expect(idle).toDeliverWithin(1000, { ratio: 1 }))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toDeliverWithin(1000, { ratio: 1 })

      Expected: share of deliveries within 1.00 s ≥ 100%
      Received: INVALID, not judged. no-samples: there are no deliveries in the scope judged; share of deliveries within 1.00 s ≥ 100% needs at least 1

      Evidence: steady phase, 0.0 s, 0 of 0 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Hint:     see why nothing was measured: the load may be shorter than its warm-up, or the target never answered"
    `)
    const starved = sampleFanOutRun({ invalidities: [SATURATED] })
    expect(messageOf(() => expect(starved).not.toDeliverWithin(1, { ratio: 0.9 }))).toMatch(/^InvalidRunError: /)
  })
})

describe('toHaveMissingRateBelow', () => {
  test('counts deliveries that never came', () => {
    const run = sampleFanOutRun({ missingPerSecond: 2 })
    expect(run).toHaveMissingRateBelow(0.02)
    expect(messageOf(() => expect(run).toHaveMissingRateBelow(0.005))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveMissingRateBelow(0.005)

      Expected: missing rate < 0.5%
      Received: missing rate = 1% (20 of 2,000), 95% interval 0.66–1.4%

      Evidence: steady phase, 10.0 s, 1980 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms"
    `)
    expect(messageOf(() => expect(run).not.toHaveMissingRateBelow(0.02))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toHaveMissingRateBelow(0.02)

      Expected: missing rate ≥ 2%
      Received: missing rate = 1% (20 of 2,000), 95% interval 0.66–1.4%

      Evidence: steady phase, 10.0 s, 1980 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms"
    `)
  })

  test('needs enough deliveries to tell the limit from zero', () => {
    const run = sampleFanOutRun({ seconds: 5, expectedPerSecond: 20 })
    expect(messageOf(() => expect(run).toHaveMissingRateBelow(0.005))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveMissingRateBelow(0.005)

      Expected: missing rate < 0.5%
      Received: INVALID, not judged. too-few-samples: missing rate < 0.5% needs at least 200 deliveries, the scope judged has 100

      Evidence: steady phase, 5.0 s, 100 of 100 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Hint:     at 20/s the scope would have to be 10s long (it was 5s): lengthen the run, or raise its rate to 40/s"
    `)
  })
})

describe('toHaveDuplicateRateBelow', () => {
  test('counts receipts past the first', () => {
    const run = sampleFanOutRun({ duplicate: 20 })
    expect(run).toHaveDuplicateRateBelow(0.011)
    expect(messageOf(() => expect(run).toHaveDuplicateRateBelow(0.01))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveDuplicateRateBelow(0.01)

      Expected: duplicate rate < 1%
      Received: duplicate rate = 1% (20 of 2,000)

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms"
    `)
    expect(messageOf(() => expect(run).not.toHaveDuplicateRateBelow(0.02))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toHaveDuplicateRateBelow(0.02)

      Expected: duplicate rate ≥ 2%
      Received: duplicate rate = 1% (20 of 2,000)

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms"
    `)
  })

  test('needs enough deliveries received', () => {
    const run = sampleFanOutRun({ seconds: 1, expectedPerSecond: 10 })
    const broken = sampleFanOutRun({ seconds: 1, expectedPerSecond: 10, duplicate: 1 })
    expect(messageOf(() => expect(broken).toHaveDuplicateRateBelow(0.01))).toMatch(/^Error: /)
    expect(messageOf(() => expect(run).toHaveDuplicateRateBelow(0.01))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveDuplicateRateBelow(0.01)

      Expected: duplicate rate < 1%
      Received: INVALID, not judged. too-few-samples: duplicate rate < 1% needs at least 100 deliveries received, the scope judged has 10

      Evidence: steady phase, 1.0 s, 10 of 10 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Hint:     at 10/s the scope would have to be 10s long (it was 1s): lengthen the run, or raise its rate to 100/s"
    `)
  })
})

describe('toDeliverInOrder', () => {
  test('holds where no client received a publication after a later one', () => {
    expect(sampleFanOutRun()).toDeliverInOrder()
    expect(messageOf(() => expect(sampleFanOutRun({ outOfOrder: 3 })).toDeliverInOrder())).toMatchInlineSnapshot(`
      "Error: expect(run).toDeliverInOrder()

      Expected: no delivery out of order
      Received: 3 of 2,000 deliveries out of order

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms"
    `)
    expect(messageOf(() => expect(sampleFanOutRun()).not.toDeliverInOrder())).toMatchInlineSnapshot(`
      "Error: expect(run).not.toDeliverInOrder()

      Expected: deliveries out of order
      Received: 0 of 2,000 deliveries out of order

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms"
    `)
  })

  test('is invalid where nothing was received', () => {
    const run = sampleFanOutRun({ missingPerSecond: 200 })
    expect(messageOf(() => expect(run).toDeliverInOrder())).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toDeliverInOrder()

      Expected: no delivery out of order
      Received: INVALID, not judged. no-samples: there are no deliveries received in the scope judged; order needs at least 1

      Evidence: steady phase, 10.0 s, 0 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Hint:     see why nothing was measured: the load may be shorter than its warm-up, or the target never answered"
    `)
  })
})

describe('toConnectWithin', () => {
  test('counts the sockets asked for, failed ones among them', () => {
    const run = sampleFanOutRun({ failedToConnect: 2 })
    expect(run).toConnectWithin(100, { ratio: 0.98 })
    expect(messageOf(() => expect(run).toConnectWithin(100, { ratio: 0.99 }))).toMatchInlineSnapshot(`
      "Error: expect(run).toConnectWithin(100, { ratio: 0.99 })

      Expected: share of sockets connected within 100 ms ≥ 99%
      Received: share of sockets connected within 100 ms = 98% (98 of 100)
                connect time p50 25 ms, p99 50 ms, max 50 ms
                failed: 2 × refused

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s"
    `)
    expect(messageOf(() => expect(run).not.toConnectWithin(100, { ratio: 0.9 }))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toConnectWithin(100, { ratio: 0.9 })

      Expected: share of sockets connected within 100 ms < 90%
      Received: share of sockets connected within 100 ms = 98% (98 of 100)
                connect time p50 25 ms, p99 50 ms, max 50 ms
                failed: 2 × refused

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s"
    `)
  })

  test('needs enough sockets for the ratio to allow one failure', () => {
    const run = sampleFanOutRun({ asked: 50 })
    expect(messageOf(() => expect(run).toConnectWithin(100, { ratio: 0.99 }))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toConnectWithin(100, { ratio: 0.99 })

      Expected: share of sockets connected within 100 ms ≥ 99%
      Received: INVALID, not judged. too-few-samples: share of sockets connected within 100 ms ≥ 99% needs at least 100 sockets, the scope judged has 50

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Hint:     measure at least 2 times as many"
    `)
  })
})

test('a run of another kind is refused', () => {
  expect(messageOf(() => expect(sampleHttpRun() as unknown).toDeliverInOrder())).toMatchInlineSnapshot(`
    "TypeError: toDeliverInOrder() judges a fan-out, as ws.fanOut() gives; it was given an HTTP run (http 1).
    Matchers that fit it: toBeNoSlowerThan, toBeFasterThan, toHaveP50Below, toHaveP95Below, toHaveP99Below, toHavePercentileBelow, toHaveErrorRateBelow, toHaveStatusRateBelow, toHaveThroughputAbove, toSustainRate"
  `)
})
