import type { Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { object, optional } from '../options/schema.ts'
import { argument, duration, integer, isText } from '../options/values.ts'

/** Length of a measurement. */
export interface MeasureOptions {
  /** Minimum time for which calls are timed. @default `'1s'` */
  readonly duration?: Duration
  /** Minimum number of timed calls. @default 200, as p95 requires; p99 requires 1,000 */
  readonly minCalls?: number
  /** Time for which the function is called before calls are timed, so that it is compiled. @default `'250ms'` */
  readonly warmup?: Duration
}

/** Validated arguments of `micro.measure`. */
export interface MeasurePlan {
  readonly name: string | undefined
  readonly fn: () => unknown
  readonly durationMs: number
  readonly minCalls: number
  readonly warmupMs: number
}

const NAME = optional(
  argument<string>(isText, 'must be a string, or be left out', "micro.measure('parse', () => parse(text))"),
)
const FUNCTION = argument<() => unknown>(
  (value) => typeof value === 'function',
  'must be the function to time',
  'micro.measure(() => parse(text))',
)
const OPTIONS = object<MeasureOptions>()(
  {
    duration: optional(duration({ min: 0 }), 1_000),
    minCalls: optional(integer({ min: 1, example: 200 }), 200),
    warmup: optional(duration({ min: 0 }), 250),
  },
  { example: "{ duration: '1s' }" },
)

/**
 * Reads the arguments of `micro.measure`.
 *
 * @throws {OptionsError} naming every invalid argument
 */
export function readMeasure(args: readonly unknown[]): MeasurePlan {
  const problems = new Problems()
  const [name, fn, options = {}] = typeof args[0] === 'function' ? [undefined, ...args] : args
  const plan = {
    name: NAME.read(problems, 'name', name),
    fn: FUNCTION.read(problems, 'fn', fn),
    ...OPTIONS.read(problems, '', options),
  }
  problems.throwIfAny('micro.measure()')
  return plan
}
