import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evidenceOf, type RequestEvidence, type TimeEvidence } from '../../evidence/evidence.ts'
import { PhasedTimeline, type RequestWindow } from '../../execution/request-timeline.ts'
import { Tally } from '../../execution/tally.ts'
import { vuDemand } from '../../execution/vu-demand.ts'
import { percentileIntervalsMs, rateInterval, ratioInterval } from '../../stats/intervals.ts'
import type { ErrorKind } from '../../stats/timeline.ts'
import { measured, PHASES } from '../../testing/sample-measurement.ts'
import type { HttpMeasurement } from '../request-measurement.ts'
import { httpRun, type HttpRun } from '../request-run.ts'
import { encodeHttpRun } from './http-part.ts'
import { mergeHttpRuns } from './merge-http-runs.ts'

const STEPS = ['login', 'vote', 'me']
const TAGS = [undefined, 'small', 'large']
const RUNS = Number(process.env['PERF_TEST_MERGES'] ?? 20)
const END_MS = PHASES.at(-1)!.endMs

interface Recorded {
  /** Which generator records it. */
  readonly generator: number
  readonly atMs: number
  readonly step: number
  readonly tag: number
  readonly latencyUs: number
  readonly serviceUs: number
  readonly bodyBytes: number
  readonly ending: Ending
}

type Ending =
  | { readonly kind: 'good' | 'good, then wrong'; readonly status: number }
  | { readonly kind: 'error'; readonly error: ErrorKind; readonly detail: string; readonly status: number | undefined }
  | { readonly kind: 'dropped' | 'pending' }

const status = fc.constantFrom(200, 201, 404, 429, 503)
const us = fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 700_000_000 }))
const ending: fc.Arbitrary<Ending> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('good' as const, 'good, then wrong' as const), status }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('error' as const),
      error: fc.constantFrom<ErrorKind[]>('status', 'timeout', 'connect', 'reset', 'body'),
      detail: fc.constantFrom('503', 'ECONNREFUSED', 'EMFILE', 'ECONNRESET'),
      status: fc.option(status, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('dropped' as const, 'pending' as const) }) },
)
const recorded: fc.Arbitrary<Recorded> = fc.record({
  generator: fc.nat(63),
  atMs: fc.double({ min: 0, max: END_MS, noNaN: true }),
  step: fc.nat(STEPS.length - 1),
  tag: fc.nat(TAGS.length - 1),
  latencyUs: us,
  serviceUs: us,
  bodyBytes: fc.nat(100_000),
  ending,
})
const split = fc.record({
  all: fc.array(recorded, { maxLength: 150, size: 'max' }),
  count: fc.integer({ min: 1, max: 64 }),
  order: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
})

/** The measurement of a generator that recorded these requests. */
function measurementOf(all: readonly Recorded[]): HttpMeasurement {
  const tally = new Tally()
  const timelines = new Map<string, { step: string; tag: string | undefined; timeline: PhasedTimeline }>()
  for (const request of all) {
    const [step, tag] = [STEPS[request.step]!, TAGS[request.tag]]
    const key = JSON.stringify([step, tag])
    const series = timelines.get(key) ?? { step, tag, timeline: new PhasedTimeline(PHASES) }
    timelines.set(key, series)
    record(series.timeline.at(request.atMs), request)
    tally.countIteration(request.latencyUs / 1000, request.ending.kind !== 'good', request.serviceUs % 2 === 0)
  }
  const vuUse = { iterations: tally.iterations, wereAllBusy: all.length > 0, patienceMs: 10_000 }
  const run = measured([...timelines.values()], { steps: STEPS, vuUse })
  return { ...run, vuDemand: vuDemand(run.load, vuUse).vuDemand }
}

function record(window: RequestWindow, { latencyUs, serviceUs, bodyBytes, ending: ended }: Recorded): void {
  window.offered++
  if (ended.kind === 'dropped') window.dropped++
  else window.sent++
  if (ended.kind === 'error') {
    window.recordError(ended.error, latencyUs, serviceUs, ended.status, bodyBytes)
    window.countDetail(ended.detail)
  }
  if (ended.kind === 'good' || ended.kind === 'good, then wrong')
    window.recordGood(latencyUs, serviceUs, ended.status, bodyBytes)
  if (ended.kind === 'good, then wrong') {
    window.turnToError('body', latencyUs, serviceUs, ended.status, bodyBytes)
    window.countDetail('trailing bytes')
  }
}

/** Parts of the generators, in any order. */
function partsOf({ all, count, order }: { all: readonly Recorded[]; count: number; order: Iterator<number> }) {
  const measurements = Array.from({ length: count }, (_, index) =>
    measurementOf(all.filter(({ generator }) => generator % count === index)),
  )
  const parts = measurements.map((measurement, index) => ({
    bytes: encodeHttpRun(measurement, { index, count, node: `node-${index % 3}` }),
    place: order.next().value as number,
  }))
  return { own: measurements.at(-1)!, parts: parts.toSorted((a, b) => a.place - b.place).map(({ bytes }) => bytes) }
}

/** Everything that matchers read, of every scope that a scenario can choose. */
function figuresOf(run: HttpRun): unknown {
  const phases = run.phases.map(({ name }) => run.phase(name))
  const steps = STEPS.flatMap((step) => attempt(() => run.step(step)))
  const tags = ['small', 'large'].flatMap((tag) => attempt(() => run.tag(tag)))
  const scopes = [run, ...phases, ...steps, ...tags, run.between('1s', '7s')]
  return scopes.flatMap((scope) => [
    scopeFigures(scope[evidenceOf]()),
    ...[scope.good, scope.failed].map((ended) => scopeFigures(ended[evidenceOf]() as TimeEvidence as RequestEvidence)),
  ])
}

function attempt<T>(choose: () => T): T[] {
  try {
    return [choose()]
  } catch {
    return []
  }
}

function scopeFigures(evidence: RequestEvidence) {
  const { histogram, windows, busyVus, vuShortage } = evidence
  // A run without requests has neither.
  const counted: Partial<RequestEvidence> = evidence
  const [requestWindows, goodBySecond] = [counted.requestWindows ?? [], counted.goodBySecond ?? []]
  const percentiles = [0.5, 0.95]
  const errors = requestWindows.map((window) => ({ hits: window.missed, total: window.offered }))
  return {
    histogram: histogram.pack(),
    percentiles: percentiles.map((p) => histogram.percentileUs(p)),
    intervals: percentileIntervalsMs(windows, percentiles),
    errorInterval: ratioInterval(errors),
    rateInterval: rateInterval(goodBySecond),
    windows: windows.map((window) => window.pack()),
    requestWindows: requestWindows.map(windowFigures),
    goodBySecond,
    busyVus: busyVus && { ...busyVus, windows: busyVus.windows().map(windowFigures) },
    vuShortage,
    durationMs: evidence.durationMs,
    invalidities: evidence.invalidities,
    slowest: evidence.slowest,
    hasHint: evidence.hint !== undefined,
    counts: [evidence.offered, evidence.sent, evidence.dropped, evidence.completed, evidence.targetErrors],
    maps: [new Map(evidence.errors), new Map(evidence.statuses)],
    offeredRatePerSec: evidence.offeredRatePerSec,
  }
}

function windowFigures({
  second,
  offered,
  sent,
  dropped,
  errors,
  statuses,
  good,
  failed,
}: RequestEvidence['requestWindows'][number]) {
  const endings = [good, failed].map((ended) => [ended.latency.pack(), ended.serviceTime.pack(), ended.bodyBytes])
  return { second, offered, sent, dropped, errors: new Map(errors), statuses: new Map(statuses), endings }
}

describe('mergeHttpRuns', () => {
  test('equals one generator that recorded everything, in every figure that a matcher reads', () => {
    fc.assert(
      fc.property(split, ({ all, count, order }) => {
        const { own, parts } = partsOf({ all, count, order })
        const merged = httpRun(mergeHttpRuns(parts, own))
        const whole = httpRun(measurementOf(all))
        expect(figuresOf(merged)).toEqual(figuresOf(whole))
      }),
      { numRuns: RUNS },
    )
  })

  test('does not depend on the order of the parts, nor on the generator that merges them', () => {
    fc.assert(
      fc.property(split, ({ all, count, order }) => {
        const { own, parts } = partsOf({ all, count, order })
        const result = (bytes: readonly Uint8Array[], measurement: HttpMeasurement) =>
          httpRun(mergeHttpRuns(bytes, measurement)).result()
        expect(result(parts, own)).toEqual(result(parts.toReversed(), measurementOf(all.slice(0, 1))))
      }),
      { numRuns: RUNS / 2 },
    )
  })
})
