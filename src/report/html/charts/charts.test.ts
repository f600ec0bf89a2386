import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Histogram } from '../../../stats/histogram.ts'
import { PASSED, sampleFanOutRun, sampleHttpRun } from '../../../testing/sample-records.ts'
import { distributionCharts } from './distribution-charts.ts'
import { fanOutCharts } from './fan-out-charts.ts'
import { limitsOn, requestCharts, sampledCharts } from './time-charts.ts'

const times = fc.array(fc.integer({ min: 0, max: 600_000_000 }), { minLength: 1, maxLength: 300, size: 'max' })

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const us of values) histogram.record(us)
  return histogram
}

describe('charts of a distribution', () => {
  test('show the percentiles of the histogram, until only one sample is above', () => {
    fc.assert(
      fc.property(times, (values) => {
        const histogram = histogramOf(values)
        const [curve] = distributionCharts(histogram.toJSON(), 'Latency', [])
        const { xs, series } = curve!
        expect(xs).toHaveLength(series[0]!.values.length)
        expect(xs.every((x, at) => at === 0 || x > xs[at - 1]!)).toBe(true)
        expect(xs.at(-1)).toBeLessThanOrEqual(values.length * 1.001)
        for (const [at, x] of xs.entries()) {
          const around = [-1e-5, 1e-5].map((shift) => histogram.percentileUs(1 - 1 / x + shift) / 1000)
          expect(series[0]!.values[at]).toBeGreaterThanOrEqual(around[0]! * 0.999)
          expect(series[0]!.values[at]).toBeLessThanOrEqual(around[1]! * 1.001)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('show a histogram that contains every sample once', () => {
    fc.assert(
      fc.property(times, (values) => {
        const [, bars] = distributionCharts(histogramOf(values).toJSON(), 'Latency', [])
        const counts = bars!.series[0]!.values as number[]
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
        expect(bars!.xLabels).toHaveLength(counts.length)
      }),
      { numRuns: 50 },
    )
  })

  test('read the buckets as often with many percentiles as with few', () => {
    const passes = vi.spyOn(Histogram.prototype, 'buckets')
    onTestFinished(() => passes.mockRestore())
    const readings = [100, 100_000].map((samples) => {
      const { buckets, ...rest } = histogramOf([1_000, 2_000]).toJSON()
      const json = {
        ...rest,
        sumUs: samples * 1_500,
        buckets: buckets.map((each, at) => (at % 2 ? samples / 2 : each)),
      }
      passes.mockClear()
      const [curve] = distributionCharts(json, 'Latency', [])
      return { percentiles: curve!.xs.length, passes: passes.mock.calls.length }
    })
    // One for each chart.
    expect(readings).toEqual([
      { percentiles: 54, passes: 2 },
      { percentiles: 134, passes: 2 },
    ])
  })

  test('are left out if there are no samples', () => {
    expect(distributionCharts(new Histogram().toJSON(), 'Latency', [])).toEqual([])
  })
})

describe('charts over time', () => {
  test('mark infinite percentiles', () => {
    const run = sampleHttpRun()
    const timeline = run.timeline.map((point, at) => (at === 3 ? { ...point, p99Ms: 'Infinity' as const } : point))
    const [latency] = requestCharts({ ...run, timeline }, [])
    expect(latency!.series.map(({ infinite }) => infinite)).toEqual([undefined, undefined, [3]])
    expect(latency!.series[2]!.values[3]).toBeNull()
    const [curve] = distributionCharts(histogramOf([1_000, 2_000]).withInfinite(2).toJSON(), 'Latency', [])
    expect(curve!.series[0]!.infinite).toEqual(curve!.xs.flatMap((x, at) => (x > 2 ? [at] : [])))
  })

  test('mark infinite lag of a fan-out with too many missing deliveries', () => {
    const run = sampleFanOutRun()
    const timeline = run.timeline.map((point, at) => (at === 4 ? { ...point, p99Ms: 'Infinity' as const } : point))
    const publicationTimeline = run.publicationTimeline!.map((point, at) =>
      at === 9 ? { atSec: point.atSec, missing: 500, p95Ms: 'Infinity' as const } : point,
    )
    const [lag, publications] = fanOutCharts({ ...run, timeline, publicationTimeline }, [])
    expect(lag!.series.map(({ infinite }) => infinite)).toEqual([undefined, [4], undefined])
    expect(lag!.series[1]!.values[4]).toBeNull()
    expect(publications!.series.map(({ infinite }) => infinite)).toEqual([[9], undefined])
    expect(publications!.series.map(({ values }) => values[9])).toEqual([null, null])
    const [curve] = distributionCharts(histogramOf([1_000, 2_000]).toJSON(), 'Lag', [], 2)
    expect(curve!.series[0]!.infinite).toEqual(curve!.xs.flatMap((x, at) => (x > 2 ? [at] : [])))
  })

  test('show only the percentiles if every sample is infinite', () => {
    const charts = distributionCharts(new Histogram().toJSON(), 'Lag', [], 20)
    expect(charts.map(({ title }) => title)).toEqual(['Lag by percentile'])
    expect(charts[0]!.series[0]!.values.every((value) => value === null)).toBe(true)
  })

  test('draw the values of the timeline', () => {
    const run = sampleHttpRun()
    const [latency, rate, errors, users] = requestCharts(run, [])
    expect(latency!.series.map(({ infinite }) => infinite)).toEqual([undefined, undefined, undefined])
    expect(latency!.series[1]!.values[3]).toBe(Number(Number(run.timeline[3]!.p95Ms).toPrecision(4)))
    expect(rate!.series.map(({ label }) => label)).toEqual(['offered', 'achieved', 'dropped'])
    expect(errors!.series).toEqual([
      { label: 'status', colour: 'bad', values: run.timeline.map((point) => point.errors['status'] ?? 0) },
    ])
    expect(users!.series[1]!.values).toEqual(run.timeline.map(({ inFlight }) => inFlight))
    expect(requestCharts({ ...run, timeline: [] }, [])).toEqual([])
  })

  test('draw rates per second, also in the last, incomplete second', () => {
    const run = sampleHttpRun()
    const last = { ...run.timeline.at(-1)!, offered: 51, completed: 50, errors: { status: 5 }, lengthMs: 250 }
    const stray = { ...last, offered: 1, completed: 1, lengthMs: 2 }
    const [, rate, errors] = requestCharts({ ...run, timeline: [...run.timeline, last, stray] }, [])
    expect(rate!.series.map(({ values }) => values.slice(-3))).toEqual([
      [200, 204, null],
      [200, 200, null],
      [0, 0, null],
    ])
    expect(errors!.unit).toBe('perSec')
    expect(errors!.series[0]!.values.slice(-2)).toEqual([20, null])
    const fanOut = sampleFanOutRun()
    const [, , deliveries] = fanOutCharts({ ...fanOut, durationMs: 9_500 }, [])
    expect(deliveries!.series[0]!.values.at(-1)).toBe(2 * fanOut.timeline.at(-1)!.expected)
  })

  test('draw the deliveries of a fan-out', () => {
    const [lag, publications, deliveries] = fanOutCharts(sampleFanOutRun(), [])
    expect(lag!.unit).toBe('ms')
    expect(publications!.xs.slice(0, 3)).toEqual([0, 0.5, 1])
    expect(publications!.series.map(({ values }) => values[19])).toEqual([219.5, 229.5])
    expect(deliveries!.series[2]!.values).toEqual([0, 0, 0, 0, 2, 0, 0, 0, 0, 0])
  })

  test('show the limits asserted on their run', () => {
    const run = sampleHttpRun()
    const limit = { percentile: 0.95, limit: 150, unit: 'ms' } as const
    expect(limitsOn(run, [{ ...PASSED, ...limit }])).toEqual([{ label: 'p95 limit', value: 150, p: 0.95 }])
    expect(limitsOn(run, [{ ...PASSED, limit: 0.01, unit: 'ratio' }])).toEqual([])
    expect(limitsOn(run, [{ ...PASSED, ...limit, run: 'another' }, PASSED])).toEqual([])
    for (const part of [{ step: 'pay' }, { group: 'checkout' }, { isIteration: true }, { ending: 'good' }] as const)
      expect(limitsOn(run, [{ ...PASSED, ...limit, ...part }])).toEqual([])
    expect(limitsOn(run, [{ ...PASSED, ...limit, phase: 'steady' }])).toHaveLength(1)
  })

  test('join series of one group that were sampled at different times', () => {
    const charts = sampledCharts([
      { group: 'postgres', label: 'in use', unit: 'count', atSec: [0, 2], values: [1, 3] },
      { group: 'postgres', label: 'waiting', unit: 'count', atSec: [0, 1], values: [0, null] },
      { group: 'target', label: 'CPU', unit: 'ratio', atSec: [0], values: [0.5] },
    ])
    expect(charts.map(({ title }) => title)).toEqual(['Postgres', 'Target: CPU'])
    expect(charts[0]!.xs).toEqual([0, 1, 2])
    expect(charts[0]!.series.map(({ values }) => values)).toEqual([
      [1, null, 3],
      [0, null, null],
    ])
  })
})
