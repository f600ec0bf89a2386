import { describe, expect, test } from 'vitest'
import { MetricRecorder } from '../../execution/custom-metrics/metric-recorder.ts'
import { fanOutRun } from '../../runs/fan-out-run.ts'
import { messageOf } from '../../testing/message-of.ts'
import { sampleMeasurement, type Happening, type SampleFanOut } from '../../testing/sample-fan-out.ts'
import { CACHED, CART_SIZE, DECLINED, handle, QUEUE } from '../../testing/sample-metrics.ts'
import type { FanOutMeasurement } from './fan-out-measurement.ts'
import { encodeFanOut } from './fan-out-part.ts'
import { summarize } from './fan-out-summary.ts'
import { mergeFanOuts } from './merge-fan-outs.ts'
import '../../matchers/register.ts'

const CLIENTS = Array.from({ length: 30 }, (_, client) => client)
/** Ten publications that each client receives after 40 ms. */
const ALL_RECEIVED: readonly Happening[] = Array.from({ length: 10 }, (_, nth): Happening[] => [
  { kind: 'published', atMs: 600 + nth * 500, group: 0, isFailed: false },
  ...CLIENTS.map((client): Happening => ({ kind: 'received', client, nth, lagMs: 40 })),
]).flat()
const SAMPLE: SampleFanOut = { happenings: ALL_RECEIVED, failing: [], hasGroups: false }

/** Measurement of one generator of a fan-out whose functions recorded metrics. */
function measured(
  record: (metrics: MetricRecorder) => void,
  share = { index: 0, count: 1 },
  more: Partial<FanOutMeasurement> = {},
): FanOutMeasurement {
  const measurement = sampleMeasurement(SAMPLE, share)
  const metrics = new MetricRecorder(measurement.phases)
  record(metrics)
  return { ...measurement, metrics: metrics.series, ...more }
}

function runOf(measurement: FanOutMeasurement) {
  return fanOutRun(summarize(measurement), measurement.metrics)
}

/** Values of a message from each second, warm-up included. */
function recordAll(metrics: MetricRecorder): void {
  for (let nth = 0; nth < 500; nth++) {
    metrics.at(CART_SIZE, nth * 10).record(nth % 100)
    metrics.at(DECLINED, nth * 10).record(nth % 100 === 99 ? 1 : 0)
    metrics.at(CACHED, nth * 10).record(nth % 10 < 8)
    metrics.at(QUEUE, nth * 10).record(nth, nth * 10)
  }
}

describe('custom metrics of a fan-out', () => {
  test('are judged by the matchers of each kind, without the warm-up', () => {
    const run = runOf(measured(recordAll))
    expect(run.metric(handle(CART_SIZE))).toHaveP95Below(96)
    expect(run.metric(handle(DECLINED))).toHaveTotalBelow(6)
    expect(run.metric(handle(CACHED))).toHaveRateAtLeast(0.75)
    expect(run.metric(handle(QUEUE))).toHaveLastAbove(498)
    expect(run.metric(handle(QUEUE)).figures!.min).toBeGreaterThan(0)
    expect(run.result().metrics).toHaveLength(4)
  })

  test('fail with evidence of the metric and of the deliveries', () => {
    const run = runOf(measured(recordAll))
    expect(messageOf(() => expect(run.metric(handle(CART_SIZE))).toHaveP95Below(50))).toMatchInlineSnapshot(`
      "Error: expect(run.metric('cart size')).toHaveP95Below(50)

      Expected: cart size p95 < 50 items
      Received: cart size p95 = 95 items (+90%), 95% interval 92.9–96 items

      Evidence: steady phase, 5.50 s, 450 values of the metric
                steady phase, 5.50 s, 300 of 300 deliveries of 10 publications, fan-out of 2/s to 30 sockets, 5.5s, after 500ms of warm-up
                lag p50 40   p90 40   p95 40   p99 40   max 40 ms
                missing 0   late 0   duplicate 0   out of order 0   unexpected 0
                30 of 30 sockets subscribed   generator: event-loop delay p99 2 ms, CPU 31%
      Fix:      find the publications and messages that changed it"
    `)
  })

  test('are invalid if they were never recorded, or if the run is', () => {
    const empty = runOf(measured(() => {}))
    expect(messageOf(() => expect(empty.metric(handle(DECLINED))).toHaveTotalBelow(1))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run.metric('declined orders')).toHaveTotalBelow(1)

      Expected: declined orders total < 1
      Received: INVALID, not judged. no-samples: the counter "declined orders" was never recorded in the scope judged

      Evidence: steady phase, 5.50 s, 0 additions of the metric
                steady phase, 5.50 s, 300 of 300 deliveries of 10 publications, fan-out of 2/s to 30 sockets, 5.5s, after 500ms of warm-up
                lag p50 40   p90 40   p95 40   p99 40   max 40 ms
                missing 0   late 0   duplicate 0   out of order 0   unexpected 0
                30 of 30 sockets subscribed   generator: event-loop delay p99 2 ms, CPU 31%
      Fix:      record it in a function of the run; if an event may never occur, add 0 where it could have"
    `)
    const aborted = runOf(measured(recordAll, { index: 0, count: 1 }, { abortReason: 'enough' }))
    expect(() => expect(aborted.metric(handle(DECLINED))).toHaveTotalBelow(6)).toThrow('stopped before its end: enough')
    expect(() => expect(aborted.metric(handle(DECLINED))).not.toHaveTotalAbove(6)).toThrow('stopped before its end')
  })

  test('are added up over generators, with the latest value of a gauge', () => {
    const shares = [0, 1, 2].map((index) => ({ index, count: 3 }))
    const parts = shares.map((share) =>
      encodeFanOut(
        measured((metrics) => {
          metrics.at(DECLINED, 1_000).record(share.index + 1)
          metrics.at(QUEUE, 1_000).record(share.index * 10, 1_000 - share.index)
          if (share.index === 2) metrics.at(CART_SIZE, 1_000).record(7)
        }, share),
        { ...share, node: 'a' },
      ),
    )
    const run = runOf(
      mergeFanOuts(
        parts,
        measured(() => {}, shares[0]),
      ),
    )
    expect(run.metric(handle(DECLINED)).figures).toMatchObject({ total: 6 })
    expect(run.metric(handle(QUEUE)).figures).toMatchObject({ last: 0, min: 0, max: 20 })
    expect(run.metric(handle(CART_SIZE))).toMatchObject({ count: 1 })
    const { generators } = run.result()
    expect(generators).toHaveLength(3)
  })
})
