import type { Duration } from '../options/checks.ts'
import { choose, map, object, optional } from '../options/schema.ts'
import { any, constant, duration, number } from '../options/values.ts'
import type { RunSnapshot } from '../results/snapshot.ts'

/**
 * When to abort a run before its load has ended. Assertions on the run then fail with this reason. They are invalid only if
 * the generator exceeded its limits and may have caused the errors itself, such as time-outs.
 */
export type AbortWhen =
  | {
      /** Error rate above which the run aborts, 0–1. */
      readonly errorRateAbove: number
      /** Time for which the error rate must be above it. */
      readonly duration: Duration
    }
  | ((snapshot: RunSnapshot) => boolean | string)

/** When a run aborts, with the duration in milliseconds. */
export type AbortRule =
  | { readonly errorRateAbove: number; readonly forMs: number }
  | Extract<AbortWhen, (...args: never[]) => unknown>

const DEFAULT_ABORT: AbortRule = { errorRateAbove: 0.9, forMs: 5_000 }

const ERROR_RATE = map(
  object<Extract<AbortWhen, { readonly duration: Duration }>>()(
    { errorRateAbove: number({ min: 0, below: 1, example: 0.5 }), duration: duration() },
    {
      rule: 'must be an object, a function of the live snapshot, or false',
      example: "abortWhen: { errorRateAbove: 0.5, duration: '5s' }",
    },
  ),
  ({ errorRateAbove, durationMs }): AbortRule => ({ errorRateAbove, forMs: durationMs }),
)

/** Reader of the option `abortWhen`. `false` means never, and is read as `undefined`. */
export const ABORT_WHEN = optional(
  choose<AbortRule | undefined>((value) =>
    value === false ? constant(undefined) : typeof value === 'function' ? any<AbortRule>() : ERROR_RATE,
  ),
  DEFAULT_ABORT,
)
