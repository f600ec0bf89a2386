import { describe, expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { SATURATED, sampleFanOutRun, sampleHttpRun } from '../testing/sample-runs.ts'
import './register.ts'

describe('toHaveErrorRateBelow', () => {
  test('counts errors and dropped requests out of all offered requests', () => {
    const run = sampleHttpRun({ errorsPerSecond: 1, droppedPerSecond: 1 })
    expect(run).toHaveErrorRateBelow(0.011)
    expect(run).not.toHaveErrorRateBelow(0.01)
    expect(messageOf(() => expect(run).toHaveErrorRateBelow(0.001))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveErrorRateBelow(0.001)

      Expected: error rate < 0.1%
      Received: error rate = 1% (20 of 2,000: 10 × timeout, 10 dropped), 95% interval 0.66–1.4%

      Evidence: steady phase, 10.0 s, 1990 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      find the cause of the errors in the log of the target; the report shows when each kind occurred"
    `)
    expect(messageOf(() => expect(run).not.toHaveErrorRateBelow(0.02))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toHaveErrorRateBelow(0.02)

      Expected: error rate ≥ 2%
      Received: error rate = 1% (20 of 2,000: 10 × timeout, 10 dropped), 95% interval 0.66–1.4%

      Evidence: steady phase, 10.0 s, 1990 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('is invalid with too few requests to distinguish the limit from zero', () => {
    const run = sampleHttpRun({ perSecond: 50 })
    expect(run).toHaveErrorRateBelow(0.002)
    expect(messageOf(() => expect(run).toHaveErrorRateBelow(0.001))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveErrorRateBelow(0.001)

      Expected: error rate < 0.1%
      Received: INVALID, not judged. too-few-samples: error rate < 0.1% needs at least 1,000 requests, the scope judged has 500

      Evidence: steady phase, 10.0 s, 500 of 500 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      at 50/s the scope would have to be 20s long (it was 10s): lengthen the run, or raise its rate to 100/s"
    `)
    expect(messageOf(() => expect(run).not.toHaveErrorRateBelow(0.001))).toMatch(/^InvalidRunError: /)
  })

  test('fails with few requests if the whole interval violates the limit', () => {
    const run = sampleHttpRun({ perSecond: 50, errorsPerSecond: 5 })
    expect(messageOf(() => expect(run).toHaveErrorRateBelow(0.001))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveErrorRateBelow(0.001)

      Expected: error rate < 0.1%
      Received: error rate = 10% (50 of 500: 50 × timeout), 95% interval 7.8–12.5%

      Evidence: steady phase, 10.0 s, 500 of 500 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      find the cause of the errors in the log of the target; the report shows when each kind occurred"
    `)
  })

  test('needs enough requests for the interval to end below the limit if a confidence is set', () => {
    expect(sampleHttpRun({ perSecond: 400 })).toHaveErrorRateBelow(0.001, { confidence: 0.95 })
    const run = sampleHttpRun({ perSecond: 200 })
    expect(messageOf(() => expect(run).toHaveErrorRateBelow(0.001, { confidence: 0.95 }))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveErrorRateBelow(0.001, { confidence: 0.95 })

      Expected: error rate < 0.1% with 95% confidence
      Received: error rate = 0% (0 of 2,000), 95% interval 0–0.18%

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      lengthen the run: the interval straddles the limit, and a longer run narrows it"
    `)
  })

  test('is invalid if the run is', () => {
    const run = sampleHttpRun({ invalidities: [SATURATED] })
    expect(messageOf(() => expect(run).toHaveErrorRateBelow(0.01))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveErrorRateBelow(0.01)

      Expected: error rate < 1%
      Received: INVALID, not judged. generator-saturated: schedule delay p99 48 ms, limit 10 ms

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      lower the rate, or give the generator a core of its own"
    `)
  })
})

describe('toHaveStatusRateBelow', () => {
  test('fails on a saturated generator only if responses with the status exceed the limit', () => {
    const run = sampleHttpRun({ limitedPerSecond: 8, invalidities: [SATURATED] })
    expect(messageOf(() => expect(run).toHaveStatusRateBelow(429, 0.01))).toMatch(
      /^Error: [^]*responses with status 429 cannot come from the generator/,
    )
    expect(messageOf(() => expect(run).toHaveStatusRateBelow(429, 0.99))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(run).not.toHaveStatusRateBelow(429, 0.99))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(run).toHaveStatusRateBelow(503, 0.01))).toMatch(/^InvalidRunError/)
  })

  test('counts responses with a status out of all responses', () => {
    const run = sampleHttpRun({ limitedPerSecond: 2, errorsPerSecond: 100 })
    expect(run).toHaveStatusRateBelow(503, 0.01)
    expect(messageOf(() => expect(run).toHaveStatusRateBelow(429, 0.01))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveStatusRateBelow(429, 0.01)

      Expected: rate of status 429 < 1%
      Received: rate of status 429 = 2% (20 of 1,000), 95% interval 1.3–2.9%

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      find out in the log of the target why it responds with 429"
    `)
    expect(messageOf(() => expect(run).not.toHaveStatusRateBelow(429, 0.03))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toHaveStatusRateBelow(429, 0.03)

      Expected: rate of status 429 ≥ 3%
      Received: rate of status 429 = 2% (20 of 1,000), 95% interval 1.3–2.9%

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('is invalid without responses', () => {
    const run = sampleHttpRun({ errorsPerSecond: 200 })
    expect(messageOf(() => expect(run).toHaveStatusRateBelow(429, 0.01))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveStatusRateBelow(429, 0.01)

      Expected: rate of status 429 < 1%
      Received: INVALID, not judged. no-samples: there are no responses in the scope judged; rate of status 429 < 1% needs at least 100

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      see why nothing was measured: the load may be shorter than its warm-up, or the target never responded"
    `)
  })
})

describe('toHaveThroughputAbove', () => {
  test('counts only good responses', () => {
    const run = sampleHttpRun({ errorsPerSecond: 10, droppedPerSecond: 5 })
    expect(run).toHaveThroughputAbove(184)
    expect(messageOf(() => expect(run).toHaveThroughputAbove(190))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveThroughputAbove(190)

      Expected: throughput > 190/s
      Received: throughput = 185/s (−2.6%), 95% interval 183–187/s
                1,850 good responses in 10.0 s

      Evidence: steady phase, 10.0 s, 1950 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      find what limits the target: CPU, its connection pool, or a lock; or offer a higher rate if that is below the limit"
    `)
    expect(messageOf(() => expect(run).not.toHaveThroughputAbove(100))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toHaveThroughputAbove(100)

      Expected: throughput ≤ 100/s
      Received: throughput = 185/s (+85%), 95% interval 183–187/s
                1,850 good responses in 10.0 s

      Evidence: steady phase, 10.0 s, 1950 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('is 0 if every request failed, and invalid if none was offered', () => {
    const failing = sampleHttpRun({ errorsPerSecond: 200 })
    expect(messageOf(() => expect(failing).toHaveThroughputAbove(1))).toMatch(/^Error: .*throughput = 0\/s/s)
    expect(messageOf(() => expect(sampleHttpRun({ seconds: 0 })).toHaveThroughputAbove(1))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveThroughputAbove(1)

      Expected: throughput > 1/s
      Received: INVALID, not judged. no-samples: there are no requests in the scope judged; throughput > 1/s needs at least 1

      Evidence: steady phase, 0.0 s, 0 of 0 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      see why nothing was measured: the load may be shorter than its warm-up, or the target never responded"
    `)
  })
})

test('request matchers reject a run of another kind', () => {
  expect(messageOf(() => expect(sampleFanOutRun() as unknown).toHaveErrorRateBelow(0.1))).toMatchInlineSnapshot(`
    "TypeError: toHaveErrorRateBelow() judges a run of requests, as http.run() gives; received a fan-out run (fanOut 1)
    Fix: use a matcher that accepts it: toHaveP50Below, toHaveP95Below, toHaveP99Below, toHavePercentileBelow, toBeNoSlowerThan, toBeFasterThan, toConnectWithin, toDeliverWithin, toHaveMissingRateBelow, toHaveDuplicateRateBelow, toDeliverInOrder, toHaveUnexpectedRateBelow, toDeliverOnlyToSubscribers, toRecoverWithin"
  `)
})

test.each([
  { errorKind: 'reset', limit: 0.01, isFail: true },
  { errorKind: 'status', limit: 0.01, isFail: true },
  // Not enough errors to violate the limit: the generator's health matters.
  { errorKind: 'reset', limit: 0.5, isFail: false },
  // A slow generator also causes timeouts.
  { errorKind: 'timeout', limit: 0.01, isFail: false },
] as const)(
  'a saturated generator does not excuse 10% $errorKind errors at a limit of $limit: $isFail',
  ({ errorKind, limit, isFail }) => {
    const run = sampleHttpRun({ errorsPerSecond: 20, errorKind, invalidities: [SATURATED] })
    const judge = () => expect(run).toHaveErrorRateBelow(limit)
    expect(judge).toThrow(isFail ? /Received: error rate = 10%/ : /INVALID, not judged\. generator-saturated/)
  },
)

test.each([
  { errorKind: 'reset', isFail: true },
  { errorKind: 'timeout', isFail: false },
] as const)('10% $errorKind errors break a throughput on a saturated generator: $isFail', ({ errorKind, isFail }) => {
  const run = sampleHttpRun({ errorsPerSecond: 20, errorKind, invalidities: [SATURATED] })
  const verdict = isFail ? /^Error: / : /^InvalidRunError/
  expect(messageOf(() => expect(run).toHaveThroughputAbove(190))).toMatch(verdict)
  expect(messageOf(() => expect(run).toSustainRate())).toMatch(verdict)
  // 180/s were good or would have been: the errors do not explain a throughput below 170/s.
  expect(messageOf(() => expect(run).toHaveThroughputAbove(170))).toMatch(/^InvalidRunError/)
  const late = sampleHttpRun({ errorsPerSecond: 20, errorKind, droppedPerSecond: 20, invalidities: [SATURATED] })
  expect(messageOf(() => expect(late).toHaveThroughputAbove(170))).toMatch(/^InvalidRunError/)
  const closed = sampleHttpRun({
    errorsPerSecond: 20,
    errorKind,
    invalidities: [SATURATED],
    offeredRatePerSec: undefined,
  })
  expect(messageOf(() => expect(closed).toHaveThroughputAbove(190))).toMatch(/^InvalidRunError/)
})

describe('toHaveErrorRateBelow(0)', () => {
  const none = sampleHttpRun({ seconds: 2 })
  const some = sampleHttpRun({ seconds: 2, errorsPerSecond: 1 })

  test('passes without an error, and states the supported rate', ({ task }) => {
    expect(none).toHaveErrorRateBelow(0)
    expect(task.meta.slo?.assertions.at(-1)).toMatchObject({
      assertion: 'toHaveErrorRateBelow(0)',
      expected: 'error rate = 0%',
      received:
        'error rate = 0% (0 of 400)\nnone in 400 still allows a true rate of 0.75%; a rate below 0.1% takes about 3,000 requests without an error (rule of three, 95% confidence)',
      outcome: 'passed',
    })
    expect(messageOf(() => expect(none).not.toHaveErrorRateBelow(0))).toMatch(/Expected: error rate > 0%/)
  })

  test('fails for a single error', () => {
    expect(messageOf(() => expect(some).toHaveErrorRateBelow(0))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveErrorRateBelow(0)

      Expected: error rate = 0%
      Received: error rate = 0.5% (2 of 400: 2 × timeout)
                a rate below 0.1% takes about 3,000 requests without an error (rule of three, 95% confidence)

      Evidence: steady phase, 2.0 s, 400 of 400 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      find the cause of the errors in the log of the target; the report shows when each kind occurred"
    `)
    expect(some).not.toHaveErrorRateBelow(0)
    expect(messageOf(() => expect(sampleHttpRun({ seconds: 2, droppedPerSecond: 1 })).toHaveErrorRateBelow(0))).toMatch(
      /error rate = 0.5% \(2 of 400: 2 dropped\)/,
    )
  })

  test('fails on a saturated generator if the target certainly caused an error', () => {
    const run = (errorKind: 'reset' | 'timeout') =>
      sampleHttpRun({ seconds: 2, errorsPerSecond: 1, errorKind, invalidities: [SATURATED] })
    expect(messageOf(() => expect(run('reset')).toHaveErrorRateBelow(0))).toMatch(/^Error: /)
    expect(messageOf(() => expect(run('timeout')).toHaveErrorRateBelow(0))).toMatch(/^InvalidRunError/)
  })

  test('is invalid in both polarities if nothing was due', () => {
    const nothing = sampleHttpRun({ seconds: 0 })
    expect(messageOf(() => expect(nothing).toHaveErrorRateBelow(0))).toMatch(/^InvalidRunError: [^]*no-samples/)
    expect(messageOf(() => expect(nothing).not.toHaveErrorRateBelow(0))).toMatch(/^InvalidRunError/)
  })

  test('rejects a confidence and a limit below 0', () => {
    expect(messageOf(() => expect(none).toHaveErrorRateBelow(0, { confidence: 0.95 }))).toMatchInlineSnapshot(`
      "OptionsError: toHaveErrorRateBelow() received an invalid option:

        options.confidence: must be left out if the limit is 0
          Received: 0.95
          Fix:      write, for example, toHaveErrorRateBelow(0.001)"
    `)
    expect(messageOf(() => expect(none).toHaveErrorRateBelow(-0.1))).toMatch(/must be a ratio, 0 or above, and below 1/)
  })

  test('also applies to a status', () => {
    expect(none).toHaveStatusRateBelow(429, 0)
    expect(sampleHttpRun({ limitedPerSecond: 1 })).not.toHaveStatusRateBelow(429, 0)
  })
})

test('a verdict despite a saturated generator explains itself', () => {
  const run = sampleHttpRun({ errorsPerSecond: 20, errorKind: 'reset', invalidities: [SATURATED] })
  expect(messageOf(() => expect(run).toHaveErrorRateBelow(0.01))).toContain(
    '\n          generator-saturated: schedule delay p99 48 ms, limit 10 ms; judged anyway, because 200 errors cannot come from the generator\n',
  )
})
