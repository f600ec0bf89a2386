import type { StoredPercentile } from '../evidence/baseline-evidence.ts'
import { evidenceOf, type RunKind, type TimeEvidence } from '../evidence/evidence.ts'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import { percentileName, samplesForPercentile } from '../evidence/sample-size.ts'
import { InvalidRunError } from '../evidence/verdict.ts'
import { samplesIncludingLost } from '../matchers/samples.ts'
import { anyUnknownLags } from '../matchers/unknown-lags.ts'
import type { HistogramJson } from '../stats/histogram.ts'
import { percentileIntervalMs } from '../stats/intervals.ts'
import { toJsonMs, type JsonMs } from '../stats/summary.ts'
import { formatRatio } from '../stats/units.ts'
import { fingerprintOf, type Fingerprint } from './fingerprint.ts'

/** A run that can be stored: the result of `http.run()`, `ws.fanOut()` or `micro.measure()`, or a scope of it. */
export interface StorableRun extends Partial<TimedRun> {
  readonly name: string
  /** The load in one line. */
  readonly load: string
  [evidenceOf](): TimeEvidence
}

/** Format of the files. In format 1, errors counted with the time up to their failure; in format 2, they are infinite. */
export const FORMAT = 2

/** Content of a baseline's file. */
export interface StoredRun {
  readonly format: typeof FORMAT
  /** Name of the scenario with the names of its suites. */
  readonly scenario: string
  /** Name of the run with its scope: `http 1, steady phase`. */
  readonly run: string
  readonly kind: RunKind
  readonly quantity: TimeEvidence['quantity']
  /** Date of storage: `2026-03-01`. */
  readonly storedAt: string
  readonly environment: Fingerprint
  readonly count: number
  /** Infinite if a sample had no time. */
  readonly meanMs: JsonMs
  readonly percentiles: readonly { readonly [Key in keyof StoredPercentile]: Key extends 'p' ? number : JsonMs }[]
  readonly histogram: HistogramJson
}

const PERCENTILES = [0.5, 0.9, 0.95, 0.99]

/** Name of a run and its scope in a baseline. */
export function storedNameOf(run: StorableRun): string {
  const scope = run[windowOf]?.().scope
  return scope === undefined || scope === '' ? run.name : `${run.name}, ${scope}`
}

/**
 * The baseline of a run: the times that matchers judge (infinite for requests without a good response), and percentiles
 * with their 95% intervals, if there are enough samples for them.
 *
 * @throws {InvalidRunError} if the run cannot be judged, as later runs are compared with it
 */
export function storedRun(run: StorableRun, scenario: string, scale: string): StoredRun {
  const evidence = run[evidenceOf]()
  const [first = evidence.vuShortage?.invalidity] = [...evidence.invalidities, ...anyUnknownLags(evidence)]
  if (first !== undefined)
    throw new InvalidRunError(
      `${run.name} cannot be a baseline, and was not stored. ${first.reason}: ${first.finding}.\nFix: ${first.fix}`,
      first.reason,
    )
  const { histogram, windows, noun, missed } = samplesIncludingLost(evidence)
  if (histogram.count > 0 && histogram.percentileUs(0.5) === Number.POSITIVE_INFINITY)
    throw new InvalidRunError(
      `${run.name} cannot be a baseline, and was not stored: ${formatRatio(histogram.infiniteCount / histogram.count)} of its ` +
        `${noun} ${missed}\nFix: see why, and store a run in which most of them succeed`,
      'not-comparable',
    )
  const percentiles = PERCENTILES.filter((p) => histogram.count >= samplesForPercentile(p)).flatMap((p) => {
    const interval = windows.length < 2 ? undefined : percentileIntervalMs(windows, p)
    if (interval === undefined) return []
    const [ms, lowMs, highMs] = [histogram.percentileUs(p) / 1000, interval.low, interval.high].map(toJsonMs)
    return [{ p, ms: ms!, lowMs: lowMs!, highMs: highMs! }]
  })
  if (percentiles.length === 0)
    throw new InvalidRunError(
      `${run.name} cannot be a baseline, and was not stored: ${percentileName(0.5)} needs ${samplesForPercentile(0.5)} samples ` +
        `in at least 2 one-second windows, received ${histogram.count} in ${windows.length}\nFix: lengthen the run, or raise its rate`,
      'too-few-samples',
    )
  return {
    format: FORMAT,
    scenario,
    run: storedNameOf(run),
    kind: evidence.kind,
    quantity: evidence.quantity,
    storedAt: new Date().toISOString().slice(0, 10),
    environment: fingerprintOf(scale, run.load),
    count: histogram.count,
    meanMs: histogram.infiniteCount > 0 ? 'Infinity' : histogram.meanUs / 1000,
    percentiles,
    histogram: histogram.toJSON(),
  }
}
