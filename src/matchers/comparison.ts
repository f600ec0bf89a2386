import type { Assertion, BenchResult } from 'vitest'
import type { BaselineSource } from '../evidence/baseline-evidence.ts'
import { comparisonOf, type ComparisonEvidence, type ComparisonSource } from '../evidence/comparison-evidence.ts'
import type { TimeEvidence } from '../evidence/evidence.ts'
import type { Problems } from '../options/problems.ts'
import { readFlag, readOptions, readPercentile, rejectExtraArgs } from './arguments.ts'
import type { NoSlowerPlan } from './change.ts'
import { judgeComparison } from './compared-builds.ts'
import { judgeFaster, judgeNoSlower, readOther, showOther } from './compared-runs.ts'
import { defineMatcher, type ExtendMatcher } from './define.ts'
import { describeReceived, timedRun, type Subject, type TimeSource } from './subject.ts'
import type { CannotJudge } from './typing.ts'

export interface NoSlowerOptions {
  /** By how much it may be slower, as a ratio: 0.05 allows 5%. 0 and above, below 1. Default: 0.05. */
  readonly tolerance?: number
  /**
   * The percentile compared, as a ratio. Default: 0.5, the median, which a busy machine moves least; ask for tails by
   * themselves: 0.95.
   */
  readonly percentile?: number
  /**
   * Of a comparison: what is compared. `cpu` is the CPU time per request, which a busy machine moves far less than
   * latency, and which says nothing of waiting: for builds whose processes are ours. Default: `latency`.
   */
  readonly metric?: 'latency' | 'cpu'
  /** Of the interval that must lie on one side of the tolerance; above 0.5 and below 1. Default: 0.95. */
  readonly confidence?: number
}

export interface NoSlowerThanBaselineOptions extends Omit<NoSlowerOptions, 'metric'> {
  /** Compare although machine, Node, scale or load are not those of the baseline. Default: false, that is invalid. */
  readonly acrossEnvironments?: boolean
}

export interface FasterOptions {
  /** By how much it must be faster at least, as a ratio. Default: 0. */
  readonly delta?: number
  /** As for {@link NoSlowerThanBaselineOptions}. */
  readonly acrossEnvironments?: boolean
}

type NoSlower<T, R> = unknown extends T
  ? (than: 'base' | TimeSource | BaselineSource, options?: NoSlowerOptions & NoSlowerThanBaselineOptions) => R
  : T extends ComparisonSource
    ? (than: 'base', options?: NoSlowerOptions) => R
    : T extends TimeSource
      ? (than: TimeSource | BaselineSource, options?: NoSlowerThanBaselineOptions) => R
      : CannotJudge<'judges a comparison of two builds, or a run with times'>

/** Vitest's own matcher, for runs and baselines too. */
interface ToBeFasterThan {
  (expected: BenchResult, options?: { delta?: number }): void
  /**
   * The mean time lies below that of another run or of a baseline by more than `delta`, as Vitest does it for benchmarks:
   * the means alone are held against each other. What {@link NoSlower} knows of chance and of tails it does not.
   */
  (expected: TimeSource | BaselineSource, options?: FasterOptions): void
}

/** What `expect(run)` offers beside everything else. */
export interface RunAssertion<T> extends Assertion<void, T> {
  readonly not: RunAssertion<T>
  toBeFasterThan: ToBeFasterThan
}

/** `expect()` has these; each belongs to what its first parameter `this` says. */
export interface ComparisonMatchers<R extends void | Promise<void>, T> {
  /**
   * Is no slower than something else, beyond a tolerance and beyond chance.
   *
   * - On a comparison, `toBeNoSlowerThan('base')`: head against base, from paired slices. It fails only where the whole
   *   interval of the change lies beyond the tolerance, passes only where none of it does, and is invalid where the
   *   slices do not say; the message then says how many would. It fails as well where head's error rate is higher by
   *   more than a percentage point, beyond chance: failures can be quick.
   * - On a run, `toBeNoSlowerThan(other)`: against another run of the same kind or a baseline. The interval knows how
   *   much either run varied in itself, not what changed on the machine between them: compare builds in one run.
   *
   * Times are counted as by {@link LatencyMatchers.toHaveP50Below}. Needs `10 / (1 - percentile)` samples on each side.
   */
  toBeNoSlowerThan: NoSlower<T, R>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends ComparisonMatchers<
    R,
    T
  > {}

  interface ExpectStatic {
    <T extends TimeSource>(actual: T, message?: string): RunAssertion<T>
  }
}

/** Evidence of one of the two things that can be slower. */
type Compared = { readonly builds: ComparisonEvidence } | { readonly run: TimeEvidence }

const compared: Subject<Compared> = {
  variable: 'run',
  noun: 'a comparison, as compare() gives, or the times of a run',
  variableFor: (received) => (isComparison(received) ? 'comparison' : 'run'),
  read(received) {
    if (isComparison(received)) return { builds: received[comparisonOf]() }
    const run = timedRun.read(received)
    return run && { run }
  },
}

const toBeNoSlowerThan = defineMatcher<Compared, NoSlowerPlan & { readonly than: unknown }>({
  name: 'toBeNoSlowerThan',
  subject: compared,
  showArguments: showOther,
  readArguments(problems, args) {
    const example = `toBeNoSlowerThan('base', { tolerance: 0.05 })`
    rejectExtraArgs(problems, args, 2, example)
    const known = ['tolerance', 'percentile', 'metric', 'confidence', 'acrossEnvironments'] as const
    const options = readOptions(problems, args[1], known, '{ tolerance: 0.05 }')
    const { tolerance, percentile = 0.5, metric = 'latency', confidence = 0.95, acrossEnvironments } = options
    if (metric !== 'latency' && metric !== 'cpu')
      problems.add('options.metric', metric, "must be 'latency' or 'cpu'", "metric: 'cpu'")
    return {
      than: args[0],
      p: readPercentile(problems, percentile, 'percentile: 0.95'),
      metric: metric === 'cpu' ? 'cpu' : 'latency',
      tolerance: readTolerance(problems, 'options.tolerance', tolerance ?? 0.05, 'tolerance: 0.05'),
      confidence,
      acrossEnvironments: readFlag(problems, 'acrossEnvironments', acrossEnvironments),
    }
  },
  judge(found, { than, ...plan }) {
    if ('run' in found) return judgeNoSlower(found.run, readOther(than, found.run, 'toBeNoSlowerThan'), plan)
    if (than !== 'base')
      throw new TypeError(
        `toBeNoSlowerThan() of a comparison takes the build to compare with, 'base'; it got ${describeReceived(than)}`,
      )
    return judgeComparison(found.builds, plan)
  },
})

const toBeFasterThan = defineMatcher<{ readonly run: TimeEvidence; readonly received: unknown }, FasterPlan>({
  name: 'toBeFasterThan',
  subject: {
    variable: 'run',
    noun: 'the times of a run, or a benchmark result',
    read(received) {
      const run = timedRun.read(received)
      return run && { run, received }
    },
  },
  showArguments: showOther,
  readArguments(problems, args) {
    rejectExtraArgs(problems, args, 2, 'toBeFasterThan(other, { delta: 0.1 })')
    const options = readOptions(problems, args[1], ['delta', 'acrossEnvironments'], '{ delta: 0.1 }')
    const delta = readTolerance(problems, 'options.delta', options.delta ?? 0, 'delta: 0.1')
    const acrossEnvironments = readFlag(problems, 'acrossEnvironments', options.acrossEnvironments)
    return { than: args[0], delta, acrossEnvironments }
  },
  judge: ({ run, received }, { than, ...plan }) =>
    judgeFaster({ run, received }, readOther(than, run, 'toBeFasterThan'), plan),
})

interface FasterPlan {
  readonly than: unknown
  readonly delta: number
  readonly acrossEnvironments: boolean
}

/** Two builds, two runs, or a run and its baseline against each other. */
export const comparisonMatchers: Readonly<Record<string, ExtendMatcher>> = { toBeNoSlowerThan, toBeFasterThan }

function readTolerance(problems: Problems, path: string, value: unknown, example: string): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value
  const meant =
    typeof value === 'number' && value >= 1 && value < 100 ? `, not percent; for ${value}% write ${value / 100}` : ''
  problems.add(path, value, `must be a ratio, 0 or above and below 1${meant}`, example)
  return Number.NaN
}

function isComparison(received: unknown): received is ComparisonSource {
  return typeof received === 'object' && received !== null && comparisonOf in received
}
