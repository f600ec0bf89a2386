import { baselineOf, type BaselineEvidence, type BaselineSource } from '../evidence/baseline-evidence.ts'
import type { RunKind, TimeEvidence } from '../evidence/evidence.ts'
import { percentileName, samplesForPercentile, tooFewSamples } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { inspected } from '../options/shortened.ts'
import { formatChange } from '../results/compared-figures.ts'
import { percentileIntervalMs, type Interval } from '../stats/intervals.ts'
import { formatMs } from '../stats/units.ts'
import { isBenchResult } from './bench-result.ts'
import { expectedChange, judgeChange, type MeasuredRatio, type NoSlowerPlan } from './change.ts'
import type { Judgement } from './define.ts'
import { judgedTimes, percentileMs } from './samples.ts'
import { describeReceived, KIND_NAMES, nameOf, timedRun } from './subject.ts'
import { formatSpan, trusted, withLack } from './threshold.ts'

/** Times to compare with: of another run, or as a baseline stored them. */
export interface OtherTimes {
  /** `http 2`, `the baseline of 2026-03-01` */
  readonly label: string
  readonly kind: RunKind
  readonly meanMs: number
  /** Reasons not to use them. */
  readonly invalidities: readonly Invalidity[]
  /** @throws {TypeError} if a baseline does not hold it */
  percentile(p: number, confidence: number): TimeAt
  /** Set for a baseline. */
  readonly stored?: BaselineEvidence
}

interface TimeAt {
  readonly ms: number
  readonly interval: Interval | undefined
}

/**
 * What a run is to be compared with.
 *
 * @throws {TypeError} if it is no run or baseline, or one of another kind
 */
export function readOther(than: unknown, run: TimeEvidence, matcher: string): OtherTimes {
  const other = isBaseline(than) ? storedTimes(than[baselineOf]()) : runTimes(than)
  if (other === undefined)
    throw new TypeError(
      `${matcher}() of a run takes another run or a baseline to compare with; it got ${describeReceived(than)}`,
    )
  if (other.kind === run.kind) return other
  throw new TypeError(
    `${matcher}() compares runs of one kind; this is ${KIND_NAMES[run.kind]}, and ${other.label} is ${KIND_NAMES[other.kind]}`,
  )
}

/** Holds a run's percentile against that of another; the two intervals are joined as of independent samples. */
export function judgeNoSlower(run: TimeEvidence, other: OtherTimes, plan: NoSlowerPlan): Judgement {
  const { p, tolerance, confidence } = plan
  const what = percentileName(p)
  const times = judgedTimes(run)
  const now = timeAt(run, p, confidence)
  const before = other.percentile(p, confidence)
  const found = joined(now, before, confidence)
  const { ms } = before
  const judged =
    found === undefined
      ? {
          holds: 'undecided' as const,
          received: `${what} = ${formatMs(now.ms)}`,
          invalidities: [unknown(what, now, before)],
        }
      : judgeChange({
          what,
          than: other.label,
          tolerance,
          found,
          values: formatSpan(ms, now.ms, formatMs).replace('–', ' → '),
          remedy: 'lengthen the runs; to tell two builds apart on one machine, compare() them in one run',
        })
  const durationMs = run.kind === 'micro' ? 0 : run.durationMs
  const tooFew = tooFewSamples(what, samplesForPercentile(p), {
    count: times.histogram.count,
    durationMs,
    noun: times.noun,
  })
  return {
    ...judged,
    ...expectedChange(what, other.label, tolerance),
    invalidities: withLack([...againstRun(run), ...against(other, plan)], tooFew ? [tooFew] : judged.invalidities),
    ...skippedWhereNew(other),
    evidence: run.evidenceLines,
    hint: run.hint,
  }
}

/** Means alone, as Vitest's own matcher of benchmark results does. */
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
    // The means of benchmark results are Vitest's own, whether or not it kept their samples.
    invalidities: isBenchResult(received)
      ? []
      : [...againstRun(run), ...against(other, { acrossEnvironments }), ...withoutMean(nowMs, other)],
    ...skippedWhereNew(other),
    evidence: run.evidenceLines,
    hint: run.hint,
  }
}

function runTimes(than: unknown): OtherTimes | undefined {
  const evidence = timedRun.read(than)
  if (evidence === undefined) return undefined
  const label = nameOf(than) ?? 'the other run'
  return {
    label,
    kind: evidence.kind,
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
    meanMs,
    invalidities: [],
    stored,
    percentile(p, confidence) {
      const found = percentiles.find((each) => each.p === p)
      const known = percentiles.map((each) => each.p).join(', ')
      if (found === undefined || confidence !== 0.95)
        throw new TypeError(
          `a baseline holds the percentiles ${known} with their 95% intervals; asked for ${p} with ${confidence}`,
        )
      const { ms, lowMs: low, highMs: high } = found
      return { ms, interval: { low, high, confidence, method: 'stored' } }
    },
  }
}

function timeAt(evidence: TimeEvidence, p: number, confidence: number): TimeAt {
  const times = judgedTimes(evidence)
  const interval = percentileIntervalMs(times.windows, p, { confidence })
  return { ms: percentileMs(times, p), interval: trusted(interval, times.windows.length) }
}

/**
 * MOVER on the logarithms: the ends of a ratio from the intervals of its two parts (Donner & Zou, Statistics in Medicine
 * 31, 2012). If one of the two is infinite, only its interval and that of the other bound the ratio.
 */
function joined(now: TimeAt, before: TimeAt, confidence: number): MeasuredRatio | undefined {
  const [up, down] = [now.interval, before.interval]
  if (up === undefined || down === undefined || !(up.low > 0 && down.low > 0)) return undefined
  if (!Number.isFinite(now.ms) && !Number.isFinite(before.ms)) return undefined
  if (!Number.isFinite(now.ms)) {
    const low = Number.isFinite(down.high) ? up.low / down.high : 0
    return { ratio: Number.POSITIVE_INFINITY, low, high: Number.POSITIVE_INFINITY, confidence }
  }
  if (!Number.isFinite(before.ms)) {
    const high = Number.isFinite(up.high) ? up.high / down.low : Number.POSITIVE_INFINITY
    return { ratio: 0, low: 0, high, confidence }
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

/** Infinite if a sample has no time. */
function meanMsOf(received: unknown, evidence: TimeEvidence): number {
  if (isBenchResult(received)) return received.latency.mean
  const { histogram } = judgedTimes(evidence)
  return histogram.infiniteCount > 0 ? Number.POSITIVE_INFINITY : histogram.meanUs / 1000
}

/** One sample without a time makes a mean infinite, which says nothing about the others. */
function withoutMean(nowMs: number, other: OtherTimes): readonly Invalidity[] {
  if (Number.isFinite(nowMs) && Number.isFinite(other.meanMs)) return []
  return [
    {
      reason: 'not-comparable',
      finding: `${Number.isFinite(nowMs) ? `of ${other.label}, ` : ''}some samples have no time, so their mean is infinite`,
      remedy: 'compare a percentile with toBeNoSlowerThan(), or the times of good responses alone: run.good',
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
      remedy: 'store a new one here with vitest -u, or compare all the same: { acrossEnvironments: true }',
    },
  ]
}

/** Times that were spent waiting for a VU compare with nothing. */
function againstRun({ invalidities, vuShortage }: TimeEvidence): readonly Invalidity[] {
  return vuShortage === undefined ? invalidities : [...invalidities, vuShortage.invalidity]
}

function skippedWhereNew({ stored }: OtherTimes): Pick<Judgement, 'skipped'> {
  return stored?.isNew
    ? { skipped: 'this run was stored as the baseline just now; the next one is held against it' }
    : {}
}

function unknown(what: string, now: TimeAt, before: TimeAt): Invalidity {
  if (!Number.isFinite(now.ms) && !Number.isFinite(before.ms))
    return {
      reason: 'not-comparable',
      finding: `the ${what} is infinite on both sides: too many requests got no good response`,
      remedy: 'see why they failed; to compare the times of good responses alone, compare run.good',
    }
  return {
    reason: 'too-few-samples',
    finding: `no interval can be given for the change of the ${what}: samples lie in fewer than two windows of time, or took no time`,
    remedy: 'lengthen the run; times of functions come in order of time from micro, not from bench',
  }
}

function isBaseline(value: unknown): value is BaselineSource {
  return typeof value === 'object' && value !== null && baselineOf in value
}

/** How the call line shows what a run is compared with: by name. */
export function showOther([than, ...rest]: readonly unknown[]): string {
  const first = isBaseline(than) ? 'baseline' : (nameOf(than) ?? inspected(than, 60))
  return [first, ...rest.map((each) => inspected(each, 60))].join(', ')
}
