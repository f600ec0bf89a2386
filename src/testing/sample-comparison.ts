import { baselineOf, type BaselineEvidence } from '../evidence/baseline-evidence.ts'
import { comparisonOf, type ComparisonEvidence, type SliceEvidence } from '../evidence/comparison-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { Histogram } from '../stats/histogram.ts'

/** Sample comparisons and baselines for tests of matchers. */

export interface SampleComparison {
  readonly pairs?: number
  readonly perSlice?: number
  /** Factor between the times of head and base. Default: 1. */
  readonly slower?: number
  /** Ratio by which the times of slices differ. Default: 0.02. */
  readonly spread?: number
  /** Requests without a good response, per slice. */
  readonly wrong?: { readonly base: number; readonly head: number }
  readonly never?: number
  readonly cpuMs?: number | undefined
  readonly invalidities?: readonly Invalidity[]
}

/** Slices of 1.5 s, with the times of base spread evenly between 10 and 30 ms. */
export function sampleComparison(options: SampleComparison = {}) {
  const { pairs = 20, slower = 1, invalidities = [] } = options
  const evidence: ComparisonEvidence = {
    pairs: Array.from({ length: pairs }, (_, at) => ({
      base: sliceEvidence(options, 1, at * 7, 'base'),
      head: sliceEvidence(options, slower, at * 3 + 1, 'head'),
    })),
    sliceMs: 1_500,
    invalidities,
    evidenceLines: [`${pairs} pairs of slices of 1.5s, constantArrivalRate 200/s, 100 VUs, 30s`],
  }
  return { name: 'comparison 1', [comparisonOf]: () => evidence }
}

function sliceEvidence(options: SampleComparison, factor: number, at: number, side: 'base' | 'head'): SliceEvidence {
  const { perSlice = 300, spread = 0.02, wrong = { base: 0, head: 0 }, never = 0 } = options
  const timeFactor = factor * (1 + spread * (((at % 20) + 0.5) / 10 - 1))
  const latency = new Histogram()
  for (let n = 0; n < perSlice; n++) {
    if (side === 'head' && n < never) latency.recordInfinite()
    else latency.record((10 + (20 * (n + 0.5)) / perSlice) * 1000 * timeFactor)
  }
  return {
    latency,
    offered: perSlice,
    wrong: wrong[side],
    goodPerSec: (perSlice - wrong[side]) / 1.5,
    cpuMsPerRequest: 'cpuMs' in options ? options.cpuMs : 1.2 * timeFactor,
  }
}

/** Baseline of a run with times spread evenly between 10 and 109 ms. */
export function sampleBaseline(more: Partial<BaselineEvidence> = {}) {
  const evidence: BaselineEvidence = {
    label: 'the baseline of 2026-03-01',
    kind: 'http',
    quantity: 'latency',
    meanMs: 59.5,
    percentiles: [
      { p: 0.5, ms: 59, lowMs: 57, highMs: 61 },
      { p: 0.95, ms: 104, lowMs: 102, highMs: 105 },
    ],
    differences: [],
    isNew: false,
    ...more,
  }
  return { [baselineOf]: () => evidence }
}
