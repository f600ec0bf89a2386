import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evidenceOf, type FanOutEvidence } from '../../evidence/evidence.ts'
import { fanOutRun } from '../../runs/fan-out-run.ts'
import { percentileIntervalsMs, ratioInterval } from '../../stats/intervals.ts'
import { sampleMeasurement, type Happening } from '../../testing/sample-fan-out.ts'
import { encodeFanOut } from './fan-out-part.ts'
import { summarize } from './fan-out-summary.ts'
import { mergeFanOuts } from './merge-fan-outs.ts'

const END_MS = 6000
const client = fc.nat(29)
const atMs = fc.integer({ min: 0, max: END_MS })
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('published' as const), atMs, group: fc.nat(2), isFailed: fc.boolean() }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('received' as const),
      client,
      /** Which of the publications so far. */
      nth: fc.nat(40),
      lagMs: fc.oneof(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 900, max: 4000 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unknown id' as const), client, atMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unidentified' as const), client, atMs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('away' as const),
      client,
      atMs,
      backMs: fc.option(atMs, { nil: undefined }),
    }),
  },
)
const fanOut = fc.record({
  happenings: fc.array(happening, { maxLength: 300, size: 'max' }),
  failing: fc.uniqueArray(client, { maxLength: 6 }),
  hasGroups: fc.boolean(),
  count: fc.integer({ min: 1, max: 64 }),
  order: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
})

/** Everything that matchers read. What is not recovered lasts until the accounts are read, so only its number is compared. */
function figuresOf(evidence: FanOutEvidence) {
  const { histogram, windows, deliveryWindows, connect, recoveries, publications, deliveries, orderUnknown } = evidence
  const percentiles = [0.5, 0.95, 0.99]
  const missing = deliveryWindows.map(({ expected, lag }) => ({ hits: expected - lag.count, total: expected }))
  return {
    histogram: histogram.pack(),
    percentiles: percentiles.map((p) => histogram.percentileUs(p)),
    intervals: percentileIntervalsMs(windows, percentiles),
    missingInterval: ratioInterval(missing),
    windows: deliveryWindows.map(({ expected, lag }) => [expected, lag.pack()]),
    connect: { ...connect, failures: new Map(connect.failures), histogram: connect.histogram.pack() },
    recoveries: { ...recoveries, unfinishedMs: recoveries.unfinishedMs.length },
    worst: [evidence.worstPublications, evidence.worstClients],
    ...{ publications, deliveries, orderUnknown, invalidities: evidence.invalidities, slowest: evidence.slowest },
    ...{ durationMs: evidence.durationMs, perSec: evidence.publishedPerSec, certain: evidence.certainUnexpected },
    hasHints: [evidence.hint, evidence.unexpectedHint, evidence.orderHint].map((hint) => hint !== undefined),
  }
}

describe('mergeFanOuts', () => {
  test('equals one generator with all sockets, in every figure that a matcher reads', () => {
    fc.assert(
      fc.property(fanOut, ({ order, count, ...sample }) => {
        const measurements = Array.from({ length: count }, (_, index) => sampleMeasurement(sample, { index, count }))
        const parts = measurements
          .map((measured, index) => ({
            bytes: encodeFanOut(measured, { index, count, node: 'a' }),
            place: order.next().value as number,
          }))
          .toSorted((a, b) => a.place - b.place)
        const merged = mergeFanOuts(
          parts.map(({ bytes }) => bytes),
          measurements.at(-1)!,
        )
        const whole = sampleMeasurement(sample)
        const evidence = (measured: typeof whole) => fanOutRun(summarize(measured))[evidenceOf]()
        expect(figuresOf(evidence(merged))).toEqual(figuresOf(evidence(whole)))
        expect(merged.clients).toEqual(whole.clients)
      }),
      { numRuns: Number(process.env['PERF_TEST_MERGES'] ?? 20) },
    )
  })
})
