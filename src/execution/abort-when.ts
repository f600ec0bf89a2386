import { checkDuration, checkKnownKeys, checkNumber, type Duration } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import type { RunSnapshot } from '../results/snapshot.ts'

/**
 * When to give up on the target before the load has ended. Whatever is then asserted of the run fails, with this reason;
 * it is invalid only where the generator was past its limits and may itself have caused the errors, such as time-outs.
 */
export type AbortWhen =
  | { readonly errorRateAbove: number; readonly duration: Duration }
  | ((snapshot: RunSnapshot) => boolean | string)

/** When a run gives up, with its duration in milliseconds. */
export type AbortRule =
  | { readonly errorRateAbove: number; readonly forMs: number }
  | Extract<AbortWhen, (...args: never[]) => unknown>

const DEFAULT_ABORT: AbortRule = { errorRateAbove: 0.9, forMs: 5_000 }

/** Reads `abortWhen`; mistakes are added to `problems`. Left out: 90% errors over 5 s. */
export function readAbort(problems: Problems, option: unknown): AbortRule | undefined {
  if (option === undefined) return DEFAULT_ABORT
  if (option === false) return undefined
  if (typeof option === 'function') return option as AbortRule
  const example = `abortWhen: { errorRateAbove: 0.5, duration: '5s' }`
  if (typeof option !== 'object' || option === null) {
    problems.add('abortWhen', option, 'must be an object, a function of the live snapshot, or false', example)
    return undefined
  }
  checkKnownKeys(problems, 'abortWhen', option, ['errorRateAbove', 'duration'])
  const { errorRateAbove, duration } = option as Record<string, unknown>
  return {
    errorRateAbove: checkNumber(problems, 'abortWhen.errorRateAbove', errorRateAbove, {
      min: 0,
      below: 1,
      example: 0.5,
    }),
    forMs: checkDuration(problems, 'abortWhen.duration', duration, { above: 0 }),
  }
}
