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
  /** Allowed slowdown as a ratio, 0 or above and below 1: 0.05 allows 5%. @default 0.05 */
  readonly tolerance?: number
  /**
   * Percentile to compare, as a ratio.
   *
   * @default 0.5, the median, which a busy machine affects least; compare tails explicitly: 0.95
   */
  readonly percentile?: number
  /**
   * Metric of a comparison of builds. `cpu` is the CPU time per request: a busy machine affects it far less than latency,
   * but it does not include waiting. Requires builds whose processes the framework started.
   *
   * @default `latency`
   */
  readonly metric?: 'latency' | 'cpu'
  /** Confidence of the interval that must be on one side of the tolerance; above 0.5 and below 1. @default 0.95 */
  readonly confidence?: number
}

export interface NoSlowerThanBaselineOptions extends Omit<NoSlowerOptions, 'metric'> {
  /** Whether to compare even if machine, Node, scale or load differ from the baseline's. @default `false`: invalid then */
  readonly acrossEnvironments?: boolean
}

export interface FasterOptions {
  /** Minimum speedup as a ratio. @default 0 */
  readonly delta?: number
  /** See {@link NoSlowerThanBaselineOptions}. */
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
   * The mean time is below that of another run or a baseline by more than `delta`. Only means are compared, as Vitest does
   * for benchmarks: unlike {@link NoSlower}, it ignores chance and tails.
   */
  (expected: TimeSource | BaselineSource, options?: FasterOptions): void
}

/** Matchers that `expect(run)` adds to Vitest's own. */
export interface RunAssertion<T> extends Assertion<void, T> {
  readonly not: RunAssertion<T>
  toBeFasterThan: ToBeFasterThan
}

/** Matchers of `expect()` for comparisons. */
export interface ComparisonMatchers<R extends void | Promise<void>, T> {
  /**
   * Not slower than a reference, beyond a tolerance and beyond chance.
   *
   * - On a comparison, `toBeNoSlowerThan('base')`: head against base, from paired slices. It passes if the whole interval
   *   of the change is within the tolerance, fails if all of it is outside, and is invalid if it straddles the tolerance;
   *   the message then recommends a number of slices. It also fails if head's error rate is higher by more than a
   *   percentage point, beyond chance: failures can be fast.
   * - On a run, `toBeNoSlowerThan(other)`: against another run of the same kind or a baseline. The interval includes the
   *   variation within each run, but not changes of the machine between them: to compare builds, use one run.
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

/** Evidence of a comparison of builds or of a run. */
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
        `toBeNoSlowerThan() compares the builds of a comparison, so its argument must be 'base'; received ${describeReceived(than)}\nFix: expect(comparison).toBeNoSlowerThan('base')`,
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

/** Matchers that compare two builds, two runs, or a run and its baseline. */
export const comparisonMatchers: Readonly<Record<string, ExtendMatcher>> = { toBeNoSlowerThan, toBeFasterThan }

function isComparison(received: unknown): received is ComparisonSource {
  return typeof received === 'object' && received !== null && comparisonOf in received
}
