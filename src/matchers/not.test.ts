import { expect, test } from 'vitest'
import { declareTimings } from '../execution/custom-metrics/timings.ts'
import { httpRun } from '../runs/request-run.ts'
import { messageOf } from '../testing/message-of.ts'
import { sampleComparison } from '../testing/sample-comparison.ts'
import { every, series } from '../testing/sample-measurement.ts'
import { measuredWith, METRIC_PHASES } from '../testing/sample-metrics.ts'
import { sampleFanOutRun, sampleHttpRun } from '../testing/sample-runs.ts'
import './register.ts'

/** All requests are rejected at once. */
const FAILED = sampleHttpRun({ latencyMs: () => 1, errorsPerSecond: 200, errorKind: 'status' })
const CLOSED = sampleHttpRun({
  ...{ latencyMs: () => 1, errorsPerSecond: 200, errorKind: 'status' },
  offeredRatePerSec: undefined,
})
const HEALTHY = sampleHttpRun({ latencyMs: () => 2 })

/** All connections are refused at once. */
const REFUSED = httpRun(
  measuredWith(declareTimings, {
    series: [
      series(
        'order',
        undefined,
        every(10, 0, 22_000, { latencyMs: 1, error: ['connect', 'ECONNREFUSED'] }),
        METRIC_PHASES,
      ),
    ],
  }),
)
const FAILING_HEAD = sampleComparison({ slower: 0.5, wrong: { base: 0, head: 60 } })
const DEAD_HEAD = sampleComparison({ never: 300 })

/** The handshake of every socket is refused at once. */
const UNCONNECTED = sampleFanOutRun({ failedToConnect: 100 })
/** No publication reaches a client. */
const SILENT = sampleFanOutRun({ missingPerSecond: 200 })

test.for<[name: string, assert: () => void]>([
  ['toHaveP50Below', () => expect(FAILED).not.toHaveP50Below(100)],
  ['toHaveP95Below', () => expect(FAILED).not.toHaveP95Below(100)],
  ['toHaveP99Below', () => expect(FAILED).not.toHaveP99Below(100)],
  ['toHavePercentileBelow', () => expect(FAILED).not.toHavePercentileBelow(0.9, 100)],
  ['toHaveFirstByteP50Below', () => expect(REFUSED).not.toHaveFirstByteP50Below(100)],
  ['toHaveFirstByteP95Below', () => expect(REFUSED).not.toHaveFirstByteP95Below(100)],
  ['toHaveFirstByteP99Below', () => expect(REFUSED).not.toHaveFirstByteP99Below(100)],
  ['toHaveConnectP95Below', () => expect(REFUSED).not.toHaveConnectP95Below(100)],
  ['toHaveTlsP95Below', () => expect(REFUSED).not.toHaveTlsP95Below(100)],
  ['toSustainRate', () => expect(FAILED).not.toSustainRate({ tolerance: 0.5 })],
  ['toHaveThroughputAbove', () => expect(FAILED).not.toHaveThroughputAbove(100)],
  ['toHaveThroughputAbove in a closed model', () => expect(CLOSED).not.toHaveThroughputAbove(100)],
  ['toBeNoSlowerThan another run', () => expect(FAILED).not.toBeNoSlowerThan(HEALTHY)],
  ['toBeNoSlowerThan of builds with errors', () => expect(FAILING_HEAD).not.toBeNoSlowerThan('base')],
  ['toBeNoSlowerThan of builds without times', () => expect(DEAD_HEAD).not.toBeNoSlowerThan('base')],
  ['toBeFasterThan', () => expect(FAILED).not.toBeFasterThan(HEALTHY)],
  ['toConnectWithin', () => expect(UNCONNECTED).not.toConnectWithin(1_000, { ratio: 0.9 })],
  ['toHaveP95Below of the lag', () => expect(SILENT).not.toHaveP95Below(1_000)],
])('.not.%s() is invalid if only errors satisfy it', ([, assert]) => {
  expect(messageOf(assert)).toMatch(/^InvalidRunError/)
})

test('.not is judged if the times of good responses satisfy it', () => {
  const slow = sampleHttpRun({ latencyMs: () => 200, errorsPerSecond: 2, errorKind: 'status' })
  expect(slow).not.toHaveP95Below(100)
  expect(slow).not.toBeNoSlowerThan(HEALTHY)
  expect(sampleComparison({ slower: 1.3 })).not.toBeNoSlowerThan('base')
  expect(sampleHttpRun({ latencyMs: (n) => 20 + n })).not.toSustainRate({ tolerance: 0.05 })
  expect(HEALTHY).not.toHaveThroughputAbove(300)
  expect(sampleFanOutRun({ missingPerSecond: 2 })).not.toHaveP95Below(50)
  expect(sampleFanOutRun({ failedToConnect: 2 })).not.toConnectWithin(10, { ratio: 0.9 })
})

test('.not is judged if time-outs satisfy it', () => {
  const late = sampleHttpRun({ latencyMs: () => 5_000, errorsPerSecond: 200, errorKind: 'timeout' })
  expect(late).not.toHaveP95Below(100)
  expect(late).not.toHaveThroughputAbove(100)
})

test('the message of .not names the errors that alone satisfy it', () => {
  expect(messageOf(() => expect(REFUSED).not.toHaveFirstByteP95Below(100))).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run).not.toHaveFirstByteP95Below(100)

    Expected: first byte p95 ≥ 100 ms
    Received: INVALID, not judged. undecided: first byte p95 exceeds its limit only because of errors: nothing else was measured

    Evidence: steady phase, 20.0 s, 0 times in 2,000 of 2,000 requests, constantArrivalRate 100/s, 10 VUs, 20s
              errors 100% (2,000 × ECONNREFUSED)   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      see the errors, and judge them with toHaveErrorRateBelow()"
  `)
  expect(messageOf(() => expect(FAILED).not.toSustainRate())).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run).not.toSustainRate()

    Expected: sustained share of the offered rate < 99%
    Received: INVALID, not judged. undecided: the sustained share is too low only because of errors other than time-outs

    Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      see the errors, and judge them with toHaveErrorRateBelow()"
  `)
  expect(messageOf(() => expect(FAILED).not.toHaveThroughputAbove(100))).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run).not.toHaveThroughputAbove(100)

    Expected: throughput ≤ 100/s
    Received: INVALID, not judged. undecided: the throughput is too low only because of errors other than time-outs

    Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
              generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      see the errors, and judge them with toHaveErrorRateBelow()"
  `)
  expect(messageOf(() => expect(UNCONNECTED).not.toConnectWithin(1_000, { ratio: 0.9 }))).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run).not.toConnectWithin(1000, { ratio: 0.9 })

    Expected: share of sockets connected within 1.00 s < 90%
    Received: INVALID, not judged. undecided: the share of sockets is too low only because of failures other than time-outs

    Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
    Fix:      see why the sockets failed"
  `)
})
