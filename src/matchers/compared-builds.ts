import type { ComparisonEvidence, SlicePair } from '../evidence/comparison-evidence.ts'
import { percentileName, samplesForPercentile, tooFewSamples } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import {
  comparedFigures,
  cpuPairs,
  errorDifference,
  figureTable,
  formatChange,
  latencyPairs,
  mergedLatency,
  requestsForPercentile,
  standingAgainst,
  wrongRatio,
} from '../results/compared-figures.ts'
import { pairedRatio, slicesNeeded } from '../stats/comparison.ts'
import type { Interval } from '../stats/intervals.ts'
import { formatCount, formatDuration, formatMs, formatRatio } from '../stats/units.ts'
import { expectedChange, judgeChange, unknownChange, type MeasuredRatio, type NoSlowerPlan } from './change.ts'
import type { Judgement } from './define.ts'
import { formatSpan, withMissingSamples } from './threshold.ts'

const ERRORS = 'find out in the logs of both builds why requests fail'
const SLOWER = 'profile head under this load, or bisect the commits since base'

/** Invalidity of `.not` if the errors of head decided the judgement. */
const FAILS_MORE: readonly Invalidity[] = [
  {
    reason: 'undecided',
    finding: 'head is worse than base only because of errors, which do not show that it is slower',
    fix: ERRORS,
  },
]

/** The judged change of one figure. */
type Changed = Pick<Judgement, 'holds' | 'received' | 'invalidities' | 'figure'>

/** Increase of the error rate that does not yet count as slower. */
const MORE_ERRORS = 0.01

/** Compares head's percentile with base's by their paired slices. */
export function judgeComparison(evidence: ComparisonEvidence, plan: NoSlowerPlan): Judgement {
  const { p, metric, tolerance, confidence } = plan
  const what = metric === 'cpu' ? 'CPU per request of head' : `${percentileName(p)} of head`
  const judged = judgePairs(evidence, plan, what)
  const errors = moreErrors(evidence, confidence)
  const failing = failuresDominate(evidence)
  const lines = [judged.received, ...errors, ...failing]
  const { figures, worst } = figuresWith(evidence, plan)
  const isSlower = judged.holds === false && Number.isFinite(valueMs(evidence.pairs, 'head', plan))
  const standing = standingAgainst(evidence.invalidities, judged.holds === false)
  return {
    ...judged,
    ...expectedChange(what, 'base', tolerance),
    holds: failing.length > 0 ? 'undecided' : errors.length > 0 ? false : judged.holds,
    received: lines.join('\n'),
    // If head fails more often, its times need not be decided.
    invalidities:
      errors.length + failing.length > 0
        ? standing
        : withMissingSamples(standing, missingSamplesOf(evidence, plan, what, judged.invalidities)),
    // Errors can be fast: they make head worse, but do not show that it is slower.
    ...(isSlower || failing.length > 0 || (judged.holds === true && errors.length === 0)
      ? {}
      : { againstNot: FAILS_MORE }),
    evidence: [...evidence.evidenceLines, ...figures],
    hint: worst,
    fix: errors.length + failing.length > 0 ? ERRORS : SLOWER,
  }
}

function judgePairs(evidence: ComparisonEvidence, plan: NoSlowerPlan, what: string): Changed {
  const { p, metric, tolerance, confidence } = plan
  const pairs = metric === 'cpu' ? cpuPairs(evidence.pairs) : latencyPairs(evidence.pairs, p)
  const infinite = metric === 'cpu' ? 0 : pairs.filter(({ base }) => Number.isNaN(base)).length
  if (infinite * 4 > pairs.length) return infiniteOnBothSides(what, infinite, pairs.length, tolerance)
  const found = pairedRatio(pairs, { confidence })
  if (found === undefined)
    return { holds: 'undecided', received: `${what} unknown`, invalidities: [], figure: unknownChange(tolerance) }
  const { ratio, interval } = found
  const at = (side: 'base' | 'head') => valueMs(evidence.pairs, side, plan)
  const needed = slicesNeeded(found, tolerance, { confidence })
  return judgeChange({
    what,
    than: 'base',
    tolerance,
    found: at('head') === Number.POSITIVE_INFINITY ? toInfinity(interval, tolerance) : { ratio, ...interval },
    values: formatSpan(at('base'), at('head'), formatMs).replace('–', ' → '),
    fix:
      needed === undefined
        ? 'the change is about as large as the tolerance, so more slices cannot decide it: choose another tolerance'
        : `about ${formatCount(needed)} slices of each build would decide it, there were ${found.pairs}: ` +
          `lengthen the load to ${formatDuration(needed * evidence.sliceMs)}, or compare on a quieter machine`,
  })
}

/** Restores an infinite time, which the statistics replaced with the longest finite one. */
function toInfinity({ low, confidence }: Interval, tolerance: number): MeasuredRatio {
  const isSlower = low > 1 + tolerance
  return {
    ratio: Number.POSITIVE_INFINITY,
    low: isSlower ? Number.POSITIVE_INFINITY : low,
    high: Number.POSITIVE_INFINITY,
    confidence,
  }
}

function infiniteOnBothSides(what: string, infinite: number, pairs: number, tolerance: number): Changed {
  const finding = `the ${what} is infinite, like that of base, in ${formatCount(infinite)} of ${formatCount(pairs)} pairs of slices: too many requests got no good response`
  const fix = 'see why they failed, or compare a percentile that both builds reach'
  return {
    holds: 'undecided',
    received: finding,
    invalidities: [{ reason: 'not-comparable', finding, fix }],
    figure: unknownChange(tolerance),
  }
}

/** Value over all slices of a build, as the table shows it. */
function valueMs(pairs: readonly SlicePair[], side: 'base' | 'head', { p, metric }: NoSlowerPlan): number {
  if (metric === 'latency') return mergedLatency(pairs, side).percentileUs(p) / 1000
  return cpuPairs(pairs).reduce((sum, pair) => sum + pair[side], 0) / pairs.length
}

function missingSamplesOf(
  { pairs, sliceMs }: ComparisonEvidence,
  { p, metric }: NoSlowerPlan,
  what: string,
  undecided: readonly Invalidity[],
): readonly Invalidity[] {
  const count = Math.min(mergedLatency(pairs, 'base').count, mergedLatency(pairs, 'head').count)
  const scope = { count, durationMs: pairs.length * sliceMs, noun: 'requests to each build' }
  const tooFew = tooFewSamples(what, samplesForPercentile(p), scope)
  if (tooFew !== undefined) return [tooFew]
  if (metric === 'cpu') return pairedRatio(cpuPairs(pairs)) === undefined ? [UNKNOWN_CPU] : undecided
  return latencyPairs(pairs, p).length < 2 ? [emptySlices(p)] : undecided
}

const UNKNOWN_CPU: Invalidity = {
  reason: 'metric-missing',
  finding: 'the CPU time of the builds is unknown: it is only read for processes that the comparison started',
  fix: 'give the builds as commands or folders, and slices long enough to use CPU time: the system counts in hundredths of a second',
}

function emptySlices(p: number): Invalidity {
  const needed = requestsForPercentile(p)
  return {
    reason: 'too-few-samples',
    finding: `slices are too short for their ${percentileName(p)}: each needs ${formatCount(needed)} requests`,
    fix: 'raise the rate, or configure fewer, and thus longer, slices: compare(…, { slices })',
  }
}

function moreErrors({ pairs }: ComparisonEvidence, confidence: number): string[] {
  const found = errorDifference(pairs, { confidence })
  if (found === undefined || found.interval.low <= MORE_ERRORS) return []
  const { low, high } = found.interval
  return [
    `head fails more often: ${formatRatio(wrongRatio(pairs, 'base'))} → ${formatRatio(wrongRatio(pairs, 'head'))} of its requests, ` +
      `${formatRatio(confidence)} interval ${formatChange(low, true)} to ${formatChange(high, true)}`,
  ]
}

/** Lines about builds whose requests mostly failed: a closed port, for instance, fails fast. */
function failuresDominate({ pairs }: ComparisonEvidence): string[] {
  return (['base', 'head'] as const)
    .filter((side) => wrongRatio(pairs, side) > 0.5)
    .map(
      (side) =>
        `${formatRatio(wrongRatio(pairs, side))} of ${side}'s requests failed: these times describe the failures`,
    )
}

/** The table, and a hint about other figures that moved beyond the tolerance. */
function figuresWith(
  { pairs }: ComparisonEvidence,
  { p, metric, tolerance, confidence }: NoSlowerPlan,
): { figures: readonly string[]; worst: string | undefined } {
  if (pairs.length === 0) return { figures: [], worst: undefined }
  const figures = comparedFigures(pairs, { confidence })
  const judged = metric === 'cpu' ? CPU : percentileName(p)
  const beyond = figures.filter(({ name, unit, change }) => {
    return unit === 'ms' && name !== judged && change !== undefined && change.low > tolerance
  })
  const names = beyond.map(({ name }) => name)
  const options = names.every((name) => name === CPU) ? "{ metric: 'cpu' }" : '{ percentile }'
  return {
    figures: figureTable(figures),
    worst:
      names.length === 0
        ? undefined
        : `profile head under this load: ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} also beyond the tolerance; assert on ${names.length === 1 ? 'it' : 'them'} with ${options}`,
  }
}

const CPU = 'CPU per request'
