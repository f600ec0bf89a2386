import type { BenchResult } from 'vitest'
import type { TimeEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatCount, formatMs, significant } from '../stats/units.ts'

/** Whether a value is a result of Vitest's `await bench(…).run()`; a result that `bench.from()` reads has no name. */
export function isBenchResult(value: unknown): value is BenchResult {
  if (typeof value !== 'object' || value === null || !('latency' in value)) return false
  const { latency } = value
  return typeof latency === 'object' && latency !== null && 'samplesCount' in latency && 'p99' in latency
}

/**
 * Samples of a benchmark as evidence. They are sorted by duration, not by time, so they have no interval. Without
 * `retainSamples`, Vitest keeps no samples, and the evidence is invalid.
 */
export function benchEvidence({
  name = 'from a file',
  latency,
  totalTime,
}: Partial<BenchResult> & Pick<BenchResult, 'latency' | 'totalTime'>): TimeEvidence {
  const histogram = new Histogram()
  for (const ms of latency.samples ?? []) histogram.record(ms * 1000)
  const shown = [latency.p50, latency.p75, latency.p99].map((ms) => significant(ms, 3))
  return {
    kind: 'micro',
    quantity: 'time',
    histogram,
    windows: [histogram],
    durationMs: totalTime,
    invalidities: invaliditiesOf(latency),
    evidenceLines: [
      `benchmark ${name}, ${formatCount(latency.samplesCount)} samples`,
      `p50 ${shown[0]}   p75 ${shown[1]}   p99 ${shown[2]}   max ${formatMs(latency.max)}`,
    ],
    slowest: [],
    hint: undefined,
  }
}

function invaliditiesOf(latency: BenchResult['latency']): Invalidity[] {
  if (latency.samples === undefined) {
    return [
      {
        reason: 'no-samples',
        finding: 'the benchmark did not retain its samples',
        fix: 'set benchmark: { retainSamples: true } in the Vitest config',
      },
    ]
  }
  if (latency.p50 >= 0.0005) return []
  return [
    {
      reason: 'no-samples',
      finding: 'most samples took less than half a microsecond, below the resolution of one microsecond',
      fix: 'run a loop of calls in the benchmark, and set the limit for the whole loop',
    },
  ]
}
