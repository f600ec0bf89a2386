import { baselineOf, type BaselineEvidence, type BaselineSource } from '../evidence/baseline-evidence.ts'
import type { RunKind, TimeEvidence } from '../evidence/evidence.ts'
import { percentileName, samplesForPercentile, tooFewSamples } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { inspected } from '../options/shortened.ts'
import { formatChange } from '../results/compared-figures.ts'
import { percentileIntervalMs, type Interval } from '../stats/intervals.ts'
import { formatMs } from '../stats/units.ts'
import { isBenchResult } from './bench-result.ts'
import { expectedChange, judgeChange, unknownChange, type MeasuredRatio, type NoSlowerPlan } from './change.ts'
import type { Judgement } from './define.ts'
import { waitsAgainst } from './latency.ts'
import { slowOnlyByErrors } from './only-errors.ts'
import { samplesIncludingLost, percentileMs } from './samples.ts'
import { describeReceived, KIND_NAMES, nameOf, nounOf, timedRun } from './subject.ts'
import { formatSpan, trusted, withMissingSamples } from './threshold.ts'
import { anyUnknownLags } from './unknown-lags.ts'

/** Times to compare with, from another run or a baseline. */
export interface OtherTimes {
  /** `http 2`, `the baseline of 2026-03-01` */
  readonly label: string
  readonly kind: RunKind
  /** Plural of what is timed: `requests`, `iterations`. */
  readonly noun: string
  readonly meanMs: number
  /** Reasons not to use them. */
  readonly invalidities: readonly Invalidity[]
  /** @throws {TypeError} if a baseline does not store it */
  percentile(p: number, confidence: number): TimeAt
  /** Set for a baseline. */
  readonly stored?: BaselineEvidence
}

interface TimeAt {
  readonly ms: number
  readonly interval: Interval | undefined
}

/**
 * Reads the run or baseline to compare with.
 *
 * @throws {TypeError} if it is neither a run nor a baseline, or of another kind
 */
export function readOther(than: unknown, run: TimeEvidence, matcher: string): OtherTimes {
  const other = isBaseline(than) ? storedTimes(than[baselineOf]()) : runTimes(than)
  if (other === undefined)
    throw new TypeError(
      `${matcher}() compares a run with another run or a baseline; received ${describeReceived(than)}\n` +
        `Fix: pass a run, or await baseline.of(run)`,
    )
  if (other.kind === run.kind && other.noun === nounOf(run)) return other
  if (other.kind === run.kind)
    throw new TypeError(
      `${matcher}() compares times of one kind; these are ${nounOf(run)}, and those of ${other.label} are ${other.noun}\nFix: pass the ${nounOf(run)} of another run`,
    )
  throw new TypeError(
    `${matcher}() compares runs of one kind; this is ${KIND_NAMES[run.kind]}, and ${other.label} is ${KIND_NAMES[other.kind]}\nFix: pass ${KIND_NAMES[run.kind]}`,
  )
}

/** Compares a run's percentile with another's; the two intervals are combined as those of independent samples. */
export function judgeNoSlower(run: TimeEvidence, other: OtherTimes, plan: NoSlowerPlan): Judgement {
  const { p, tolerance, confidence } = plan
  const what = percentileName(p)
  const times = samplesIncludingLost(run)
  const now = timeAt(run, p, confidence)
  const before = other.percentile(p, confidence)
  const found = joined(now, before, confidence)
  const { ms } = before
  const judged =
    found === undefined
      ? {
          holds: 'undecided' as const,
          received: `${what} = ${formatMs(now.ms)}`,
          invalidities: [unknown(what, { now, before, than: other.label })],
          figure: unknownChange(tolerance),
        }
      : judgeChange({
          what,
          than: other.label,
          tolerance,
          found,
          values: formatSpan(ms, now.ms, formatMs).replace('–', ' → '),
          fix: 'lengthen the runs; to tell two builds apart on one machine, compare() them in one run',
        })
  const durationMs = run.kind === 'micro' ? 0 : run.durationMs
  const waits =
    judged.holds === true ? [] : waitsAgainst(run, { p, limitMs: ms * (1 + tolerance), confidence: undefined })
  const tooFew = tooFewSamples(what, samplesForPercentile(p), {
    count: times.histogram.count,
    durationMs,
    noun: times.noun,
  })
  return {
    ...judged,
    ...expectedChange(what, other.label, tolerance),
    invalidities: withMissingSamples(
      [...againstRun(run), ...waits, ...against(other, plan)],
      tooFew ? [tooFew] : judged.invalidities,
    ),
    ...(judged.holds === false && { againstNot: slowOnlyByErrors(run, p, ms * (1 + tolerance)) }),
    ...skippedIfNew(other),
    evidence: run.evidenceLines,
    hint: run.hint,
    fix: SLOWER,
    figure: { ...judged.figure, percentile: p },
  }
}

const SLOWER = 'find out what differs between the two runs: the code, the data, or the machine'

/** Compares only means, as Vitest's own matcher of benchmark results does. */
export function judgeFaster(
  { run, received }: { readonly run: TimeEvidence; readonly received: unknown },
  other: OtherTimes,
  { delta, acrossEnvironments }: { readonly delta: number; readonly acrossEnvironments: boolean },
): Judgement {
  const nowMs = meanMsOf(received, run)
  const least = delta === 0 ? '' : ` by more than ${formatChange(delta).slice(1)}`
  return {
    holds: nowMs < other.meanMs * (1 - delta),
    expected: `mean below that of ${other.label}${least}`,
    expectedNot: `mean not below that of ${other.label}${least}`,
    received: `mean ${formatChange(nowMs / other.meanMs - 1)} (${formatSpan(other.meanMs, nowMs, formatMs).replace('–', ' → ')})`,
    // Vitest calculates the means of benchmark results, even if it does not retain their samples.
    invalidities: isBenchResult(received)
      ? []
      : [...againstRun(run), ...against(other, { acrossEnvironments }), ...withoutMean(nowMs, other)],
    ...skippedIfNew(other),
    evidence: run.evidenceLines,
    hint: run.hint,
    fix: SLOWER,
    figure: { limit: -delta, value: nowMs / other.meanMs - 1, unit: 'ratio' },
  }
}

function runTimes(than: unknown): OtherTimes | undefined {
  const evidence = timedRun.read(than)
  if (evidence === undefined) return undefined
  const label = nameOf(than) ?? 'the other run'
  return {
    label,
    kind: evidence.kind,
    noun: nounOf(evidence),
    meanMs: meanMsOf(than, evidence),
    invalidities: isBenchResult(than)
      ? []
      : againstRun(evidence).map((each) => ({ ...each, finding: `${label}: ${each.finding}` })),
    percentile: (p, confidence) => timeAt(evidence, p, confidence),
  }
}

function storedTimes(stored: BaselineEvidence): OtherTimes {
  const { label, kind, meanMs, percentiles } = stored
  return {
    label,
    kind,
    noun: kind === 'micro' ? 'calls' : 'requests',
    meanMs,
    invalidities: [],
    stored,
    percentile(p, confidence) {
      const found = percentiles.find((each) => each.p === p)
      const known = percentiles.map((each) => each.p).join(', ')
      if (found === undefined || confidence !== 0.95)
        throw new TypeError(
          `a baseline holds the percentiles ${known} with their 95% intervals; requested: ${p} with ${confidence}\n` +
            'Fix: compare one of these percentiles, with confidence 0.95; a percentile that is missing had too few samples',
        )
      const { ms, lowMs: low, highMs: high } = found
      return { ms, interval: { low, high, confidence, method: 'stored' } }
    },
  }
}

function timeAt(evidence: TimeEvidence, p: number, confidence: number): TimeAt {
  const times = samplesIncludingLost(evidence)
  const interval = percentileIntervalMs(times.windows, p, { confidence })
  return { ms: percentileMs(times, p), interval: trusted(interval, times.windows.length) }
}

/**
 * Confidence limits of a ratio from the intervals of its two parts: MOVER on the logarithms (Donner & Zou, Statistics in
 * Medicine 31, 2012). If the value is infinite, only the two intervals bound the ratio; an infinite reference has none.
 */
function joined(now: TimeAt, before: TimeAt, confidence: number): MeasuredRatio | undefined {
  const [up, down] = [now.interval, before.interval]
  if (up === undefined || down === undefined || !(up.low > 0 && down.low > 0)) return undefined
  if (!Number.isFinite(before.ms)) return undefined
  if (!Number.isFinite(now.ms)) {
    const low = Number.isFinite(down.high) ? up.low / down.high : 0
    return { ratio: Number.POSITIVE_INFINITY, low, high: Number.POSITIVE_INFINITY, confidence }
  }
  const log = (high: number, low: number) => Math.log(high / low)
  const ratio = now.ms / before.ms
  return {
    ratio,
    low: ratio * Math.exp(-Math.hypot(log(now.ms, up.low), log(down.high, before.ms))),
    high: ratio * Math.exp(Math.hypot(log(up.high, now.ms), log(before.ms, down.low))),
    confidence,
  }
}

/** Mean in milliseconds; infinite if a sample has no time. */
function meanMsOf(received: unknown, evidence: TimeEvidence): number {
  if (isBenchResult(received)) return received.latency.mean
  const { histogram } = samplesIncludingLost(evidence)
  return histogram.infiniteCount > 0 ? Number.POSITIVE_INFINITY : histogram.meanUs / 1000
}

/** Invalidity of an infinite mean: a single sample without a time causes it, whatever the others are. */
function withoutMean(nowMs: number, other: OtherTimes): readonly Invalidity[] {
  if (Number.isFinite(nowMs) && Number.isFinite(other.meanMs)) return []
  return [
    {
      reason: 'not-comparable',
      finding: `${Number.isFinite(nowMs) ? `of ${other.label}, ` : ''}some samples have no time, so their mean is infinite`,
      fix: 'compare a percentile with toBeNoSlowerThan(), or only the times of good responses: run.good',
    },
  ]
}

function against(
  { invalidities, stored, label }: OtherTimes,
  { acrossEnvironments }: { readonly acrossEnvironments: boolean },
): readonly Invalidity[] {
  if (stored === undefined || stored.differences.length === 0 || acrossEnvironments) return invalidities
  return [
    ...invalidities,
    {
      reason: 'not-comparable',
      finding: `${label} was measured under other conditions: ${stored.differences.join('; ')}`,
      fix: 'store a new one here with vitest -u, or compare all the same: { acrossEnvironments: true }',
    },
  ]
}

/** Invalidities of a run, including a VU shortage: times spent waiting for a VU cannot be compared, nor unknown lags. */
function againstRun(run: TimeEvidence): readonly Invalidity[] {
  const { invalidities, vuShortage } = run
  const shortage = vuShortage === undefined ? [] : [vuShortage.invalidity]
  return [...invalidities, ...shortage, ...anyUnknownLags(run)]
}

function skippedIfNew({ stored }: OtherTimes): Pick<Judgement, 'skipped'> {
  return stored?.isNew ? { skipped: 'this run was just stored as the baseline; the next run is compared with it' } : {}
}

function unknown(
  what: string,
  { now, before, than }: { readonly now: TimeAt; readonly before: TimeAt; readonly than: string },
): Invalidity {
  if (!Number.isFinite(before.ms))
    return {
      reason: 'not-comparable',
      finding: Number.isFinite(now.ms)
        ? `the ${what} of ${than} is infinite: too many of its requests got no good response to compare with`
        : `the ${what} is infinite on both sides: too many requests got no good response`,
      fix: 'see why they failed; to compare only good responses, compare run.good',
    }
  return {
    reason: 'too-few-samples',
    finding: `no interval can be calculated for the change of the ${what}: samples cover fewer than two time windows, or took no time`,
    fix: 'lengthen the run; measure functions with micro, which keeps samples in order, not with bench',
  }
}

function isBaseline(value: unknown): value is BaselineSource {
  return typeof value === 'object' && value !== null && baselineOf in value
}

/** Arguments for the call line, with the other run by name. */
export function showOther([than, ...rest]: readonly unknown[]): string {
  const first = isBaseline(than) ? 'baseline' : (nameOf(than) ?? inspected(than, 60))
  return [first, ...rest.map((each) => inspected(each, 60))].join(', ')
}
