import { offeredIterations } from '../load/describe.ts'
import type { Load } from '../load/load.ts'
import type { Duration } from '../options/checks.ts'
import { choose, map, object, optional, reading, type Broken, type Reader } from '../options/schema.ts'
import { any, array, constant, duration, number } from '../options/values.ts'
import type { RunSnapshot } from '../results/snapshot.ts'

/** Aborts if too many requests end in errors. */
export interface AbortOnErrors {
  /** Error rate above which the run aborts, 0–1. */
  readonly errorRateAbove: number
  /** Time for which the error rate must be above it. */
  readonly duration: Duration
  /** Time from the start of the load, after the warm-up, whose requests do not count. @default all count, those of the warm-up too */
  readonly delay?: Duration
}

/** Aborts if requests take too long. */
export interface AbortOnLatency {
  /** Latency above which the run aborts. Errors and dropped requests count as infinitely slow. */
  readonly latencyAbove: Duration
  /** Percentile of the latency, as a ratio. It is compared only if its seconds have `10 / (1 - percentile)` requests. @default 0.95 */
  readonly percentile?: number
  /** Length of the last whole seconds whose requests count, rounded up to seconds. */
  readonly duration: Duration
  /** Time from the start of the load, after the warm-up, whose requests do not count. @default 0 */
  readonly delay?: Duration
}

/** Aborts if objectives cannot be met any more, even if all remaining requests are good and fast. */
export interface AbortOnUnreachable {
  /**
   * Objectives of the whole run, as the matchers have them; one that is unreachable is enough. Needs a load with a known
   * number of requests: an open model or `sharedIterations`, without `flow` and `retryAfter`. Only the time from the send counts here, and no
   * dropped request, so that too few VUs do not abort the run.
   */
  readonly unreachable: {
    /** As `toHaveErrorRateBelow()`. */
    readonly errorRateBelow?: number
    /** As `toHaveP50Below()`. */
    readonly p50Below?: Duration
    /** As `toHaveP95Below()`. */
    readonly p95Below?: Duration
    /** As `toHaveP99Below()`. */
    readonly p99Below?: Duration
  }
  /** Time from the start of the load, after the warm-up, before which the run does not abort. @default 0 */
  readonly delay?: Duration
}

/** A condition that aborts a run. */
export type AbortCondition = AbortOnErrors | AbortOnLatency | AbortOnUnreachable

/**
 * When to abort a run before its load has ended: a condition, several of which one is enough, or a function of the live
 * figures. Assertions on the run then fail with this reason. They are invalid only if the generator exceeded its limits, or
 * had too few VUs, and may have caused the errors itself, such as time-outs.
 */
export type AbortWhen = AbortCondition | readonly AbortCondition[] | ((snapshot: RunSnapshot) => boolean | string)

/** A limit that a percentile or, without one, the error rate must be below. */
export interface Objective {
  /** As a ratio; absent for the error rate. */
  readonly percentile?: number
  /** Milliseconds, or a ratio for the error rate. */
  readonly limit: number
}

/** A condition with durations in milliseconds. `delayMs` is `undefined` if the warm-up counts. */
export type AbortRule =
  | { readonly errorRateAbove: number; readonly forMs: number; readonly delayMs: number | undefined }
  | { readonly latencyAboveMs: number; readonly percentile: number; readonly forMs: number; readonly delayMs: number }
  | { readonly objectives: readonly Objective[]; readonly delayMs: number }

/** When a run aborts. */
export type AbortRules = readonly AbortRule[] | Extract<AbortWhen, (...args: never[]) => unknown>

const DEFAULT_ABORT: AbortRules = [{ errorRateAbove: 0.9, forMs: 5_000, delayMs: undefined }]

const TEXTS = {
  rule: 'must be a condition, an array of conditions, a function of the live snapshot, or false',
  example: "abortWhen: { errorRateAbove: 0.5, duration: '5s' }",
}
const DELAY = optional(duration({ min: 0 }))

const ERRORS = map(
  object<AbortOnErrors>()(
    { errorRateAbove: number({ min: 0, below: 1, example: 0.5 }), duration: duration(), delay: DELAY },
    TEXTS,
  ),
  ({ errorRateAbove, durationMs, delayMs }): AbortRule => ({ errorRateAbove, forMs: durationMs, delayMs }),
)

const LATENCY = map(
  object<AbortOnLatency>()(
    {
      latencyAbove: duration(),
      percentile: optional(number({ above: 0, below: 1, example: 0.95 }), 0.95),
      duration: duration(),
      delay: DELAY,
    },
    TEXTS,
  ),
  ({ latencyAboveMs, percentile, durationMs, delayMs = 0 }): AbortRule => {
    return { latencyAboveMs, percentile, forMs: Math.ceil(durationMs / 1000) * 1000, delayMs }
  },
)

const OBJECTIVES = object<AbortOnUnreachable['unreachable']>()(
  {
    errorRateBelow: optional(number({ min: 0, below: 1, example: 0.01 })),
    p50Below: optional(duration()),
    p95Below: optional(duration()),
    p99Below: optional(duration()),
  },
  { example: "unreachable: { p95Below: '200ms' }" },
).rule([], (_, given) =>
  Object.values(given).some((limit) => limit !== undefined)
    ? undefined
    : { rule: 'must have at least one objective', example: "unreachable: { p95Below: '200ms' }" },
)

const UNREACHABLE = map(
  object<AbortOnUnreachable>()({ unreachable: OBJECTIVES, delay: DELAY }, TEXTS),
  ({ unreachable: { errorRateBelow, ...percentiles }, delayMs = 0 }): AbortRule => {
    const { p50BelowMs, p95BelowMs, p99BelowMs } = percentiles
    const limits = [
      [0.5, p50BelowMs],
      [0.95, p95BelowMs],
      [0.99, p99BelowMs],
    ] as const
    const objectives = limits.flatMap(([percentile, limit]) => (limit === undefined ? [] : [{ percentile, limit }]))
    return {
      objectives: [...(errorRateBelow === undefined ? [] : [{ limit: errorRateBelow }]), ...objectives],
      delayMs,
    }
  },
)

const CONDITION = choose<AbortRule>((value) => {
  if (typeof value !== 'object' || value === null) return ERRORS
  return 'unreachable' in value ? UNREACHABLE : 'latencyAbove' in value ? LATENCY : ERRORS
})

const CONDITIONS = array(CONDITION, 'must have at least one condition', "[{ errorRateAbove: 0.5, duration: '5s' }]")

/** Reader of the option `abortWhen`. `false` means never, and is read as `undefined`. */
export const ABORT_WHEN: Reader<AbortRules | undefined> = optional(
  choose<AbortRules | undefined>((value) => {
    if (value === false) return constant(undefined)
    if (typeof value === 'function') return any<AbortRules>()
    if (Array.isArray(value)) return CONDITIONS
    return reading<AbortRules>((problems, path, one) => [CONDITION.read(problems, path, one)])
  }),
  DEFAULT_ABORT,
)

/**
 * Rule over the load: whether objectives are unreachable is only known if the number of requests is.
 *
 * @param sender option that sends any number of requests
 */
export function unreachableOf(
  { abortWhen, load }: { readonly abortWhen: AbortRules | undefined; readonly load: Load },
  sender: string | undefined,
): Broken<{ readonly abortWhen: unknown }> | undefined {
  if (typeof abortWhen !== 'object' || !abortWhen.some((rule) => 'objectives' in rule)) return undefined
  if (sender === undefined && offeredIterations(load) !== undefined) return undefined
  const reason = `the number of requests depends on ${sender === undefined ? 'the responses' : `\`${sender}\``}`
  return {
    option: 'abortWhen',
    rule: `must not have unreachable, because ${reason}: it needs an open model or sharedIterations, without flow and retryAfter`,
    example: "abortWhen: { latencyAbove: '500ms', duration: '10s' }",
  }
}
