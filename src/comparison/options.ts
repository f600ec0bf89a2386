import { readRunOptions } from '../http/options.ts'
import type { HttpLoadOptions, HttpRunOptions, IterationOption } from '../http/types.ts'
import type { Load } from '../load/load.ts'
import type { Duration } from '../options/checks.ts'
import { Problems, OptionsError } from '../options/problems.ts'
import { object, optional } from '../options/schema.ts'
import { duration, integer } from '../options/values.ts'
import { FEWEST_SLICES, MOST_SLICES } from './slice-plan.ts'

/** Options of `compare()`. As for `http.run()`, one of `request`, `steps` and `flow` is sent to both builds. */
export type CompareOptions<D = undefined> = CompareLoadOptions<D> & IterationOption<D>

/** Options of `compare()` except `request`, `steps` and `flow`. */
export interface CompareLoadOptions<D = undefined> extends Omit<
  HttpLoadOptions<D>,
  'baseUrl' | 'connectTo' | 'record' | 'abortWhen' | 'startAfter'
> {
  /**
   * Load of each of the two builds, cut into slices that alternate between them: the comparison takes slightly more than
   * twice as long. Scaled as other loads. A ramp is held at the segment with most iterations; VUs with think time become the
   * rate at which they would send. Not `sharedIterations`.
   */
  readonly load: Load
  /** Name in messages and reports. @default `comparison 1`, … */
  readonly name?: string
  /** Slices of each build, 6 to 200. @default as many as give slices of 1.5 s (for a short load 0.75 s), or of 20 iterations */
  readonly slices?: number
  /** Length of the uncounted load on each build before its first slice. @default `'3s'` */
  readonly warmup?: Duration
}

/** Validated options, with durations in milliseconds and defaults filled in. */
export interface CompareRequest<D> {
  readonly name: string | undefined
  readonly load: Exclude<Load, { kind: 'sharedIterations' }>
  readonly slices: number | undefined
  readonly warmupMs: number
  /** Options that are passed to `http.run()` of every slice. */
  readonly run: Omit<HttpLoadOptions<D>, 'load' | 'name' | 'warmup' | 'baseUrl' | 'record' | 'abortWhen' | 'data'> &
    IterationOption<D>
  readonly data: HttpRunOptions<D>['data']
}

const SLICES = object<Pick<CompareOptions, 'slices' | 'warmup'>>()({
  slices: optional(integer({ min: FEWEST_SLICES, max: MOST_SLICES, example: 20 })),
  warmup: optional(duration({ min: 0 }), 3_000),
})

/** @throws {OptionsError} naming every invalid option */
export function readCompareOptions<D>(options: CompareOptions<D>): CompareRequest<D> {
  const problems = new Problems()
  const { slices, warmup, ...rest } = options
  for (const key of ['baseUrl', 'connectTo', 'record', 'abortWhen', 'startAfter'] as const)
    if (key in rest)
      problems.add(
        key,
        (rest as Record<string, unknown>)[key],
        'cannot be used with two builds',
        `compare({ base, head }, { load, request })`,
      )
  const read = SLICES.read(problems, '', { slices, warmup })
  problems.merge('', problemsOfRun(rest))
  if (options.load?.kind === 'sharedIterations') {
    const rule = 'must be a load with a duration: shared iterations are a fixed amount of work'
    problems.add('load', options.load, rule, `load: constantArrivalRate({ rate: 100, vus: 100, duration: '30s' })`)
  }
  problems.throwIfAny('compare()')
  const { load, name, data, ...run } = rest
  return { name, load: load as CompareRequest<D>['load'], ...read, run, data }
}

/** Number of requests of one iteration. Adjacent alternatives count as one. */
export function requestsPerIteration<D>({ run: { steps } }: CompareRequest<D>): number {
  if (steps === undefined) return 1
  return steps.filter(({ weight }, at) => weight === undefined || steps[at - 1]?.weight === undefined).length
}

function problemsOfRun<D>(options: HttpRunOptions<D>) {
  try {
    readRunOptions(options, { baseUrl: 'http://127.0.0.1' })
    return []
  } catch (error) {
    if (error instanceof OptionsError) return error.problems
    throw error
  }
}
