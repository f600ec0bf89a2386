import { checkDuration, checkKnownKeys, checkNumber, type Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'

/** How long a function is timed. */
export interface MeasureOptions {
  /** How long calls are timed at least. Default: `'1s'`. */
  readonly duration?: Duration
  /**
   * How many calls are timed at least, however long they take. Default: 200, which is what p95 needs; p99 needs 1,000.
   */
  readonly minCalls?: number
  /** How long the function is called before anything is timed, so that it is compiled. Default: `'250ms'`. */
  readonly warmup?: Duration
}

/** The options, checked. */
export interface MeasurePlan {
  readonly name: string | undefined
  readonly fn: () => unknown
  readonly durationMs: number
  readonly minCalls: number
  readonly warmupMs: number
}

/**
 * Reads the arguments of `micro.measure`.
 *
 * @throws {OptionsError} naming every mistake
 */
export function readMeasure(args: readonly unknown[]): MeasurePlan {
  const problems = new Problems()
  const [name, fn, options = {}] = typeof args[0] === 'function' ? [undefined, ...args] : args
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    problems.add('name', name, 'must be a string, or be left out', "micro.measure('parse', () => parse(text))")
  if (typeof fn !== 'function')
    problems.add('fn', fn, 'must be the function to time', 'micro.measure(() => parse(text))')
  const { duration = '1s', minCalls = 200, warmup = '250ms' } = readOptions(problems, options)
  const plan = {
    name: name as string | undefined,
    fn: fn as () => unknown,
    durationMs: checkDuration(problems, 'duration', duration, { min: 0 }),
    minCalls: checkNumber(problems, 'minCalls', minCalls, { min: 1, integer: true, example: 200 }),
    warmupMs: checkDuration(problems, 'warmup', warmup, { min: 0 }),
  }
  problems.throwIfAny('micro.measure()')
  return plan
}

function readOptions(problems: Problems, options: unknown): Record<string, unknown> {
  if (typeof options === 'object' && options !== null) {
    checkKnownKeys(problems, '', options, ['duration', 'minCalls', 'warmup'])
    return { ...options }
  }
  problems.add('options', options, 'must be an object', "{ duration: '1s' }")
  return {}
}
