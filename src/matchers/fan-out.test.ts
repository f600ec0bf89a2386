import { describe, expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { SATURATED, sampleFanOutRun, sampleHttpRun } from '../testing/sample-runs.ts'
import './register.ts'

describe('toDeliverWithin', () => {
  test('counts expected deliveries, including missing ones', () => {
    const run = sampleFanOutRun({ missingPerSecond: 3 })
    expect(run).toDeliverWithin(1000, { ratio: 0.98 })
    expect(messageOf(() => expect(run).toDeliverWithin(1000, { ratio: 0.99 }))).toMatchInlineSnapshot(`
      "Error: expect(run).toDeliverWithin(1000, { ratio: 0.99 })

      Expected: share of deliveries within 1.00 s ≥ 99%
      Received: share of deliveries within 1.00 s = 98.5% (1,970 of 2,000: 30 missing, none late), 95% interval 98–98.9%

      Evidence: steady phase, 10.0 s, 1970 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      find the worst publications and clients above in the log of the target"
    `)
    expect(messageOf(() => expect(run).not.toDeliverWithin('1s', { ratio: 0.95 }))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toDeliverWithin('1s', { ratio: 0.95 })

      Expected: share of deliveries within 1.00 s < 95%
      Received: share of deliveries within 1.00 s = 98.5% (1,970 of 2,000: 30 missing, none late), 95% interval 98–98.9%

      Evidence: steady phase, 10.0 s, 1970 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('judges the interval if a confidence is set', () => {
    const run = sampleFanOutRun({ missingPerSecond: 3 })
    expect(run).toDeliverWithin(1000, { ratio: 0.975, confidence: 0.95 })
  })

  test('needs as many deliveries as the percentile', () => {
    const run = sampleFanOutRun({ expectedPerSecond: 50 })
    expect(run).toDeliverWithin(1000, { ratio: 0.95 })
    expect(messageOf(() => expect(run).toDeliverWithin(1000, { ratio: 0.99 }))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toDeliverWithin(1000, { ratio: 0.99 })

      Expected: share of deliveries within 1.00 s ≥ 99%
      Received: INVALID, not judged. too-few-samples: share of deliveries within 1.00 s ≥ 99% needs at least 1,000 deliveries, the scope judged has 500

      Evidence: steady phase, 10.0 s, 500 of 500 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      at 50/s the scope would have to be 20s long (it was 10s): lengthen the run, or raise publish.rate from 2 to 4"
    `)
  })

  test('requires every delivery for a ratio of 1', () => {
    expect(sampleFanOutRun({ expectedPerSecond: 1 })).toDeliverWithin(1000, { ratio: 1 })
    expect(sampleFanOutRun({ missingPerSecond: 1 })).not.toDeliverWithin(1000, { ratio: 1 })
  })

  test('is invalid if nothing was published or the generator was too slow', () => {
    const idle = sampleFanOutRun({ seconds: 0 })
    expect(messageOf(() => expect(idle).toDeliverWithin(1000, { ratio: 1 }))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toDeliverWithin(1000, { ratio: 1 })

      Expected: share of deliveries within 1.00 s ≥ 100%
      Received: INVALID, not judged. no-samples: there are no deliveries in the scope judged; share of deliveries within 1.00 s ≥ 100% needs at least 1

      Evidence: steady phase, 0.0 s, 0 of 0 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      see why nothing was measured: the load may be shorter than its warm-up, or the target never responded"
    `)
    const starved = sampleFanOutRun({ invalidities: [SATURATED] })
    expect(messageOf(() => expect(starved).not.toDeliverWithin(1, { ratio: 0.9 }))).toMatch(/^InvalidRunError: /)
  })
})

describe('deliveries of publications without a time stamp', () => {
  test('make a judgement of lags invalid if they could change it', () => {
    const run = sampleFanOutRun({ unknownPerSecond: 10 })
    expect(messageOf(() => expect(run).toDeliverWithin(200, { ratio: 0.99 }))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toDeliverWithin(200, { ratio: 0.99 })

      Expected: share of deliveries within 200 ms ≥ 99%
      Received: INVALID, not judged. undecided: the lags of 100 of 2,000 deliveries are unknown, as the messages of their publications have no time stamp (the first: "p3"): whether share of deliveries within 200 ms is within its limit depends on them

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      return publishedAtMs from identify for every publication, or for none: lag then counts from the first receipt"
    `)
    expect(messageOf(() => expect(run).toHaveP99Below(200))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveP99Below(200)

      Expected: p99 lag < 200 ms
      Received: INVALID, not judged. undecided: the lags of 100 of 2,000 deliveries are unknown, as the messages of their publications have no time stamp (the first: "p3"): whether p99 lag is within its limit depends on them

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Fix:      return publishedAtMs from identify for every publication, or for none: lag then counts from the first receipt"
    `)
    for (const judge of [
      () => expect(run).not.toDeliverWithin(200, { ratio: 0.99 }),
      () => expect(run).not.toHaveP99Below(200),
      () => expect(run).toHaveP95Below(105),
      () => expect(run).toBeNoSlowerThan(sampleFanOutRun()),
      () => expect(sampleFanOutRun()).toBeNoSlowerThan(run),
      () => expect(run).toBeFasterThan(sampleFanOutRun()),
    ])
      expect(messageOf(judge)).toMatch(
        /^InvalidRunError: [^]*undecided: .*the lags of 100 of 2,000 deliveries are unknown/,
      )
  })

  test('do not matter if the judgement is the same whether they were on time or never arrived', () => {
    const run = sampleFanOutRun({ unknownPerSecond: 10 })
    expect(run).toDeliverWithin(200, { ratio: 0.9 })
    expect(run).toHaveP50Below(200)
    expect(run).toHaveMissingRateBelow(0.01)
    expect(messageOf(() => expect(run).toDeliverWithin(50, { ratio: 0.9 }))).toMatch(/^Error: /)
    expect(messageOf(() => expect(run).toHaveP50Below(20))).toMatch(/^Error: /)
    expect(run).not.toHaveP50Below(20)
  })
})

describe('deliveries that a feed may have made while no client was connected', () => {
  const run = sampleFanOutRun({ unseenDeliveries: 9.4 })

  test('make an assertion invalid that would fail if they were missing', () => {
    expect(messageOf(() => expect(run).toHaveMissingRateBelow(0.003))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveMissingRateBelow(0.003)

      Expected: missing rate < 0.3%
      Received: INVALID, not judged. undecided: no client was connected for 50 ms: whether missing rate is within its limit depends on about 9 deliveries

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      return sequence from identify, which shows what was missed, or find out why the target closed the connections"
    `)
    for (const judge of [
      () => expect(run).toDeliverWithin(200, { ratio: 0.998 }),
      () => expect(run).toHavePercentileBelow(0.997, 200),
      () => expect(run).not.toHaveMissingRateBelow(0.003),
    ])
      expect(messageOf(judge)).toMatch(/^InvalidRunError: [^]*undecided: no client was connected for 50 ms: whether/)
  })

  test('do not matter if the assertion holds with them, or fails without them', () => {
    expect(run).toHaveMissingRateBelow(0.01)
    expect(run).toDeliverWithin(200, { ratio: 0.99 })
    expect(run).toHaveP99Below(200)
    expect(messageOf(() => expect(run).toDeliverWithin(50, { ratio: 0.99 }))).toMatch(/^Error: /)
    expect(run).not.toHaveP99Below(50)
  })
})

describe('toHaveMissingRateBelow', () => {
  test('counts deliveries that never arrived', () => {
    const run = sampleFanOutRun({ missingPerSecond: 2 })
    expect(run).toHaveMissingRateBelow(0.02)
    expect(messageOf(() => expect(run).toHaveMissingRateBelow(0.005))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveMissingRateBelow(0.005)

      Expected: missing rate < 0.5%
      Received: missing rate = 1% (20 of 2,000), 95% interval 0.66–1.4%

      Evidence: steady phase, 10.0 s, 1980 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      find the worst publications and clients above in the log of the target"
    `)
    expect(messageOf(() => expect(run).not.toHaveMissingRateBelow(0.02))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toHaveMissingRateBelow(0.02)

      Expected: missing rate ≥ 2%
      Received: missing rate = 1% (20 of 2,000), 95% interval 0.66–1.4%

      Evidence: steady phase, 10.0 s, 1980 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('needs enough deliveries to distinguish the limit from zero', () => {
    const run = sampleFanOutRun({ seconds: 5, expectedPerSecond: 20 })
    expect(messageOf(() => expect(run).toHaveMissingRateBelow(0.005))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveMissingRateBelow(0.005)

      Expected: missing rate < 0.5%
      Received: INVALID, not judged. too-few-samples: missing rate < 0.5% needs at least 200 deliveries, the scope judged has 100

      Evidence: steady phase, 5.0 s, 100 of 100 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      at 20/s the scope would have to be 10s long (it was 5s): lengthen the run, or raise publish.rate from 2 to 4"
    `)
  })
})

describe('toHaveDuplicateRateBelow', () => {
  test('counts repeated receipts', () => {
    const run = sampleFanOutRun({ duplicate: 20 })
    expect(run).toHaveDuplicateRateBelow(0.011)
    expect(messageOf(() => expect(run).toHaveDuplicateRateBelow(0.01))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveDuplicateRateBelow(0.01)

      Expected: duplicate rate < 1%
      Received: duplicate rate = 1% (20 of 2,000)

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      make the target send each publication to a client once, also after a reconnect"
    `)
    expect(messageOf(() => expect(run).not.toHaveDuplicateRateBelow(0.02))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toHaveDuplicateRateBelow(0.02)

      Expected: duplicate rate ≥ 2%
      Received: duplicate rate = 1% (20 of 2,000)

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('needs enough received deliveries', () => {
    const run = sampleFanOutRun({ seconds: 1, expectedPerSecond: 10 })
    const broken = sampleFanOutRun({ seconds: 1, expectedPerSecond: 10, duplicate: 1 })
    expect(messageOf(() => expect(broken).toHaveDuplicateRateBelow(0.01))).toMatch(/^Error: /)
    expect(messageOf(() => expect(run).toHaveDuplicateRateBelow(0.01))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveDuplicateRateBelow(0.01)

      Expected: duplicate rate < 1%
      Received: INVALID, not judged. too-few-samples: duplicate rate < 1% needs at least 100 deliveries received, the scope judged has 10

      Evidence: steady phase, 1.0 s, 10 of 10 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      at 10/s the scope would have to be 10s long (it was 1s): lengthen the run, or raise publish.rate from 2 to 20"
    `)
  })
})

describe('toDeliverInOrder', () => {
  test('holds if no client received a publication after a later one', () => {
    expect(sampleFanOutRun()).toDeliverInOrder()
    expect(messageOf(() => expect(sampleFanOutRun({ outOfOrder: 3 })).toDeliverInOrder())).toMatchInlineSnapshot(`
      "Error: expect(run).toDeliverInOrder()

      Expected: no delivery out of order
      Received: 3 of 2,000 deliveries out of order

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Fix:      make the target send the publications of a group to each client in the order in which they were published"
    `)
    expect(messageOf(() => expect(sampleFanOutRun()).not.toDeliverInOrder())).toMatchInlineSnapshot(`
      "Error: expect(run).not.toDeliverInOrder()

      Expected: deliveries out of order
      Received: 0 of 2,000 deliveries out of order

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('is invalid if nothing was received', () => {
    const run = sampleFanOutRun({ missingPerSecond: 200 })
    expect(messageOf(() => expect(run).toDeliverInOrder())).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toDeliverInOrder()

      Expected: no delivery out of order
      Received: INVALID, not judged. no-samples: there are no deliveries received in the scope judged; order needs at least 1

      Evidence: steady phase, 10.0 s, 0 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Fix:      see why nothing was measured: the load may be shorter than its warm-up, or the target never responded"
    `)
  })
})

describe('toConnectWithin', () => {
  test('counts requested sockets, including failed ones', () => {
    const run = sampleFanOutRun({ failedToConnect: 2 })
    expect(run).toConnectWithin(100, { ratio: 0.98 })
    expect(messageOf(() => expect(run).toConnectWithin(100, { ratio: 0.99 }))).toMatchInlineSnapshot(`
      "Error: expect(run).toConnectWithin(100, { ratio: 0.99 })

      Expected: share of sockets connected within 100 ms ≥ 99%
      Received: share of sockets connected within 100 ms = 98% (98 of 100)
                connect time p50 25 ms, p99 50 ms, max 50 ms
                failed: 2 × refused

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Fix:      raise the backlog and the descriptor limit of the target, or lower connectRate"
    `)
    expect(messageOf(() => expect(run).not.toConnectWithin(100, { ratio: 0.9 }))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toConnectWithin(100, { ratio: 0.9 })

      Expected: share of sockets connected within 100 ms < 90%
      Received: share of sockets connected within 100 ms = 98% (98 of 100)
                connect time p50 25 ms, p99 50 ms, max 50 ms
                failed: 2 × refused

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('needs enough sockets for the ratio to allow one failure', () => {
    const run = sampleFanOutRun({ requested: 50 })
    expect(messageOf(() => expect(run).toConnectWithin(100, { ratio: 0.99 }))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toConnectWithin(100, { ratio: 0.99 })

      Expected: share of sockets connected within 100 ms ≥ 99%
      Received: INVALID, not judged. too-few-samples: share of sockets connected within 100 ms ≥ 99% needs at least 100 sockets, the scope judged has 50

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Fix:      measure at least 2 times as many"
    `)
  })
})

test('fan-out matchers reject a run of another kind', () => {
  expect(messageOf(() => expect(sampleHttpRun() as unknown).toDeliverInOrder())).toMatchInlineSnapshot(`
    "TypeError: toDeliverInOrder() judges a fan-out, as ws.fanOut() gives; received an HTTP run (http 1)
    Fix: use a matcher that accepts it: toHaveP50Below, toHaveP95Below, toHaveP99Below, toHavePercentileBelow, toBeNoSlowerThan, toBeFasterThan, toHaveErrorRateBelow, toHaveStatusRateBelow, toHaveThroughputAbove, toSustainRate, toHaveFirstByteP50Below, toHaveFirstByteP95Below, toHaveFirstByteP99Below, toHaveConnectP95Below, toHaveTlsP95Below"
  `)
})

describe('toHaveUnexpectedRateBelow', () => {
  test('counts messages that were not for the client that received them', () => {
    const run = sampleFanOutRun({ unexpected: 20 })
    expect(run).toHaveUnexpectedRateBelow(0.01)
    expect(messageOf(() => expect(run).toHaveUnexpectedRateBelow(0.005))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveUnexpectedRateBelow(0.005)

      Expected: unexpected rate < 0.5%
      Received: unexpected rate = 0.99% (20 of 2,020)

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 20 unexpected, 4 missing, 1 out of order, max 109 ms
      Fix:      make the target send each publication only to the clients of its group"
    `)
    expect(messageOf(() => expect(run).not.toHaveUnexpectedRateBelow(0.02))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toHaveUnexpectedRateBelow(0.02)

      Expected: unexpected rate ≥ 2%
      Received: unexpected rate = 0.99% (20 of 2,020)

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 20 unexpected, 4 missing, 1 out of order, max 109 ms
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('allows no unexpected delivery for a limit of 0', () => {
    expect(sampleFanOutRun()).toHaveUnexpectedRateBelow(0)
    expect(sampleFanOutRun({ unexpected: 1 })).not.toHaveUnexpectedRateBelow(0)
  })

  test('rejects a limit that is not a ratio', () => {
    expect(messageOf(() => expect(sampleFanOutRun()).toHaveUnexpectedRateBelow(5))).toMatchInlineSnapshot(`
      "OptionsError: toHaveUnexpectedRateBelow() received an invalid option:

        ratio: must be a ratio, 0 or above, and below 1, not percent; for 5% write 0.05
          Received: 5
          Fix:      write, for example, toHaveUnexpectedRateBelow(0.001)"
    `)
  })
})

describe('toDeliverOnlyToSubscribers', () => {
  test('holds if every message was for the client that received it', () => {
    expect(sampleFanOutRun()).toDeliverOnlyToSubscribers()
    const run = sampleFanOutRun({ unexpected: 20 })
    expect(messageOf(() => expect(run).toDeliverOnlyToSubscribers())).toMatchInlineSnapshot(`
      "Error: expect(run).toDeliverOnlyToSubscribers()

      Expected: no unexpected delivery
      Received: 20 of 2,020 messages unexpected (client 3 received publication #4 of group "a", and is not in it)

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 20 unexpected, 4 missing, 1 out of order, max 109 ms
      Fix:      make the target send each publication only to the clients of its group"
    `)
    expect(messageOf(() => expect(sampleFanOutRun()).not.toDeliverOnlyToSubscribers())).toMatchInlineSnapshot(`
      "Error: expect(run).not.toDeliverOnlyToSubscribers()

      Expected: unexpected deliveries
      Received: 0 of 2,000 messages unexpected

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 4 missing, 1 out of order, max 109 ms
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('fails on a saturated generator if an unexpected delivery is certain, and is invalid under .not', () => {
    const run = sampleFanOutRun({ unexpected: 20, certainUnexpected: 3, invalidities: [SATURATED] })
    expect(messageOf(() => expect(run).toDeliverOnlyToSubscribers())).toMatchInlineSnapshot(`
      "Error: expect(run).toDeliverOnlyToSubscribers()

      Expected: no unexpected delivery
      Received: 20 of 2,020 messages unexpected (client 3 received publication #4 of group "a", and is not in it)
                generator-saturated: schedule delay p99 48 ms, limit 10 ms; 3 unexpected deliveries were received anyway

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    #17 at 8.5 s 2 missing, max 109 ms · client 41 20 unexpected, 4 missing, 1 out of order, max 109 ms
      Fix:      make the target send each publication only to the clients of its group"
    `)
    expect(messageOf(() => expect(run).not.toDeliverOnlyToSubscribers())).toMatch(/^InvalidRunError: [^]*saturated/)
    expect(messageOf(() => expect(run).toHaveUnexpectedRateBelow(0.001))).toMatch(
      /^Error: [^]*3 unexpected .* were received/,
    )
    for (const judge of [
      () => expect(run).not.toHaveUnexpectedRateBelow(0.001),
      // Messages that were not received may have been expected ones: only 3 of 2,020 are certain.
      () => expect(run).toHaveUnexpectedRateBelow(0.002),
      () => expect(run).not.toHaveUnexpectedRateBelow(0.002),
    ])
      expect(messageOf(judge)).toMatch(/^InvalidRunError: [^]*generator-saturated/)
  })

  test('is invalid on a saturated generator if no unexpected delivery is certain', () => {
    const run = sampleFanOutRun({ unexpected: 20, invalidities: [SATURATED] })
    for (const judge of [
      () => expect(run).toDeliverOnlyToSubscribers(),
      () => expect(run).not.toDeliverOnlyToSubscribers(),
      () => expect(run).toHaveUnexpectedRateBelow(0),
      () => expect(run).toHaveUnexpectedRateBelow(0.001),
    ])
      expect(messageOf(judge)).toMatch(/^InvalidRunError: [^]*generator-saturated/)
  })

  test('stays invalid for reasons other than the generator, such as unidentified messages', () => {
    const undecided = { reason: 'undecided', finding: '2% not identified', fix: 'see identify' } as const
    const run = sampleFanOutRun({ unexpected: 20, certainUnexpected: 20, invalidities: [SATURATED, undecided] })
    expect(messageOf(() => expect(run).toDeliverOnlyToSubscribers())).toMatch(/^InvalidRunError: [^]*undecided/)
  })

  test('is invalid if nothing was received, also under .not', () => {
    const idle = sampleFanOutRun({ seconds: 0 })
    for (const judge of [
      () => expect(idle).toDeliverOnlyToSubscribers(),
      () => expect(idle).not.toDeliverOnlyToSubscribers(),
      () => expect(idle).toHaveUnexpectedRateBelow(0),
    ])
      expect(messageOf(judge)).toMatch(/^InvalidRunError: [^]*no-samples: there are no messages in the scope judged/)
  })
})

describe('toDeliverInOrder() with an unknown order', () => {
  const FEED = { reason: 'undecided', finding: 'no numbers', fix: 'give sequence' } as const

  test('is invalid if every delivery out of order raced another to the target, also under .not', () => {
    const run = sampleFanOutRun({ outOfOrder: 3, racing: 3 })
    expect(messageOf(() => expect(run).toDeliverInOrder())).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toDeliverInOrder()

      Expected: no delivery out of order
      Received: INVALID, not judged. undecided: 3 deliveries are out of order, but all of their publications were in flight to the target at the same time, so either order is correct

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Fix:      return the target's own number as sequence from identify, or publish at a rate that the target keeps up with"
    `)
    expect(messageOf(() => expect(run).not.toDeliverInOrder())).toMatch(/^InvalidRunError: /)
  })

  test('fails if one of the deliveries did not race', () => {
    const run = sampleFanOutRun({ outOfOrder: 3, racing: 2 })
    expect(messageOf(() => expect(run).toDeliverInOrder())).toMatch(
      /^Error: [^]*3 of 2,000 deliveries out of order, 2 of them from publications that raced each other to the target/,
    )
  })

  test('is invalid for a feed without sequence numbers and timestamps', () => {
    const run = sampleFanOutRun({ orderUnknown: FEED })
    expect(messageOf(() => expect(run).toDeliverInOrder())).toMatch(/^InvalidRunError: [^]*undecided: no numbers/)
  })
})

describe('toRecoverWithin', () => {
  test('counts clients that lost their connection, and requires all of them by default', () => {
    const run = sampleFanOutRun({ tookMs: [500, 900, 1000, 2500] })
    expect(run).toRecoverWithin('2.5s')
    expect(run).toRecoverWithin(1000, { ratio: 0.75 })
    expect(messageOf(() => expect(run).toRecoverWithin(2000))).toMatchInlineSnapshot(`
      "Error: expect(run).toRecoverWithin(2000)

      Expected: share of clients recovered within 2.00 s ≥ 100%
      Received: share of clients recovered within 2.00 s = 75% (3 of 4)
                recovery p50 1.00 s, max 2.50 s

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Fix:      make the target accept reconnects at once and replay what a client missed, or raise the limit"
    `)
    expect(messageOf(() => expect(run).not.toRecoverWithin(2500))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toRecoverWithin(2500)

      Expected: share of clients recovered within 2.50 s < 100%
      Received: share of clients recovered within 2.50 s = 100% (4 of 4)
                recovery p50 1.00 s, max 2.50 s

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('fails if some clients never recovered, however long they were observed', () => {
    const run = sampleFanOutRun({ tookMs: [500], unfinishedMs: [3000] })
    expect(messageOf(() => expect(run).toRecoverWithin(2000))).toMatchInlineSnapshot(`
      "Error: expect(run).toRecoverWithin(2000)

      Expected: share of clients recovered within 2.00 s ≥ 100%
      Received: share of clients recovered within 2.00 s = 50% (1 of 2)
                recovery p50 500 ms, max 500 ms, 1 not recovered by the end of the run

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Fix:      make the target accept reconnects at once and replay what a client missed, or raise the limit"
    `)
  })

  test('is invalid if no connection was lost, or if the run ended too early to decide, also under .not', () => {
    const whole = sampleFanOutRun()
    expect(messageOf(() => expect(whole).toRecoverWithin(2000))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toRecoverWithin(2000)

      Expected: share of clients recovered within 2.00 s ≥ 100%
      Received: INVALID, not judged. no-samples: no client lost its connection: there is nothing to recover from

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Fix:      disrupt the run, as with chaos.during(run, [killTarget({ time: "40%" })])"
    `)
    const short = sampleFanOutRun({ tookMs: [500], unfinishedMs: [1500] })
    expect(messageOf(() => expect(short).toRecoverWithin(2000))).toMatch(
      /^InvalidRunError: [^]*undecided: 1 client lost its connection less than 2.00 s before the end and had not recovered by then/,
    )
    expect(messageOf(() => expect(short).not.toRecoverWithin(2000))).toMatch(/^InvalidRunError: /)
    expect(short).not.toRecoverWithin(1000)
    expect(short).toRecoverWithin(1000, { ratio: 0.5 })
  })

  test('is invalid if lost sequences decide, also under .not', () => {
    const run = sampleFanOutRun({ tookMs: [500, 600], undecidedMs: [700, 1500] })
    expect(messageOf(() => expect(run).toRecoverWithin(2000))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toRecoverWithin(2000)

      Expected: share of clients recovered within 2.00 s ≥ 100%
      Received: INVALID, not judged. undecided: which publications of the feed were due during 2 outages of clients is unknown: whether these clients recovered is unknown, too

      Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
      Worst:    client 41 4 missing, 1 out of order, max 109 ms
      Fix:      return sequence and publishedAtMs from identify, and make the target replay what clients missed"
    `)
    expect(messageOf(() => expect(run).not.toRecoverWithin(2000))).toMatch(/^InvalidRunError: /)
    expect(run).not.toRecoverWithin(1000)
    expect(run).toRecoverWithin(2000, { ratio: 0.5 })
    expect(messageOf(() => expect(run).toRecoverWithin(1000))).toContain(
      '= 50% (2 of 4)\n          recovery p50 600 ms, max 600 ms, 2 undecided\n',
    )
  })
})

test('failure messages list a client with unexpected deliveries first', () => {
  const run = sampleFanOutRun({ unexpected: 20 })
  expect(messageOf(() => expect(run).toDeliverOnlyToSubscribers())).toContain('client 41 20 unexpected, 4 missing')
})
