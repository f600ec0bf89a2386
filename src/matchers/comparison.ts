import type { Assertion, BenchResult } from 'vitest'
import type { BaselineSource } from '../evidence/baseline-evidence.ts'
import { comparisonOf, type ComparisonEvidence, type ComparisonSource } from '../evidence/comparison-evidence.ts'
import type { TimeEvidence } from '../evidence/evidence.ts'
import { object, optional, type ReadOf } from '../options/schema.ts'
import { any, flag, oneOf } from '../options/values.ts'
import { confidence, lastOptions, percentile, ratio, readArguments } from './arguments.ts'
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

const ACROSS_ENVIRONMENTS = { acrossEnvironments: optional(flag(true), false) }
const NO_SLOWER = lastOptions(
  object<NoSlowerOptions & NoSlowerThanBaselineOptions>()(
    {
      tolerance: optional(ratio('tolerance: 0.05', { isZeroLegal: true }), 0.05),
      percentile: optional(percentile('percentile: 0.95'), 0.5),
      metric: optional(oneOf(['latency', 'cpu'], 'cpu'), 'latency'),
      confidence: optional(confidence, 0.95),
      ...ACROSS_ENVIRONMENTS,
    },
    { example: '{ tolerance: 0.05 }' },
  ),
)

const toBeNoSlowerThan = defineMatcher<
  Compared,
  { readonly than: unknown; readonly options: ReadOf<typeof NO_SLOWER> }
>({
  name: 'toBeNoSlowerThan',
  subject: compared,
  showArguments: showOther,
  readArguments: readArguments(`toBeNoSlowerThan('base', { tolerance: 0.05 })`, { than: any(), options: NO_SLOWER }),
  judge(found, { than, options: { percentile: p, ...others } }) {
    const plan: NoSlowerPlan = { p, ...others }
    if ('run' in found) return judgeNoSlower(found.run, readOther(than, found.run, 'toBeNoSlowerThan'), plan)
    if (than !== 'base')
      throw new TypeError(
        `toBeNoSlowerThan() of a comparison takes the build to compare with, 'base'; it got ${describeReceived(than)}`,
      )
    return judgeComparison(found.builds, plan)
  },
})

const FASTER = lastOptions(
  object<FasterOptions>()(
    { delta: optional(ratio('delta: 0.1', { isZeroLegal: true }), 0), ...ACROSS_ENVIRONMENTS },
    { example: '{ delta: 0.1 }' },
  ),
)

const toBeFasterThan = defineMatcher<
  { readonly run: TimeEvidence; readonly received: unknown },
  { readonly than: unknown; readonly options: ReadOf<typeof FASTER> }
>({
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
  readArguments: readArguments('toBeFasterThan(other, { delta: 0.1 })', { than: any(), options: FASTER }),
  judge: ({ run, received }, { than, options }) =>
    judgeFaster({ run, received }, readOther(than, run, 'toBeFasterThan'), options),
})

/** Two builds, two runs, or a run and its baseline against each other. */
export const comparisonMatchers: Readonly<Record<string, ExtendMatcher>> = { toBeNoSlowerThan, toBeFasterThan }

function isComparison(received: unknown): received is ComparisonSource {
  return typeof received === 'object' && received !== null && comparisonOf in received
}
