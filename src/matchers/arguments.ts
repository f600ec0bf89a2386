import { durationMs, type Duration } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import { object, optional, reading, type Reader, type ReadFields } from '../options/schema.ts'
import { flag } from '../options/values.ts'
import { MAX_TRACKABLE_US } from '../stats/histogram.ts'

export type { Duration }

/** Options of every threshold matcher. */
export interface ThresholdOptions {
  /**
   * Confidence of the interval that must be entirely on the good side of the limit; above 0.5 and below 1, usually 0.95.
   * If the interval straddles the limit, the assertion is inconclusive and fails in both polarities.
   *
   * @default only the value is judged, and the 95% interval is shown
   */
  readonly confidence?: number
}

/** Options of percentile matchers. */
export interface PercentileOptions extends ThresholdOptions {
  /**
   * Whether the assertion is skipped, with the reason, instead of invalid if the scale leaves a load of `http` fewer samples
   * than the percentile needs. An unscaled load must have the samples.
   *
   * @default `false`
   */
  readonly skipIfReduced?: boolean
}

/** Minimum ratio. */
export interface RatioOptions {
  /** 0–1, never percent: 0.99 is 99%. 1 requires all. */
  readonly ratio: number
}

/** Times are whole microseconds: below one, every time would be 0. */
const MIN_LIMIT_MS = 0.001
const MAX_LIMIT_MS = MAX_TRACKABLE_US / 1000

/**
 * Reader of the arguments of a matcher, in order. Rejects further arguments.
 *
 * @param example call as code
 */
export function readArguments<F extends Readonly<Record<string, Reader<unknown>>>>(example: string, fields: F) {
  const readers = Object.entries(fields)
  return (problems: Problems, args: readonly unknown[]): ReadFields<F> => {
    if (args.length > readers.length)
      problems.add(`argument ${readers.length + 1}`, args[readers.length], 'is one argument too many', example)
    const read = readers.map(([name, reader], at) => [name, reader.read(problems, name, args[at])] as const)
    return Object.fromEntries(read) as ReadFields<F>
  }
}

/** Reader of options as the optional last argument. */
export function lastOptions<T>(reader: Reader<T>): Reader<T> {
  return reading((problems, path, value) => reader.read(problems, path, value === undefined ? {} : value))
}

/** Reader of a limit in milliseconds or as a duration; within the range of histograms. */
export function limitMs(example: string): Reader<number> {
  return reading((problems, path, value) => {
    const ms = durationMs(value)
    if (ms !== undefined && ms >= MIN_LIMIT_MS && ms < MAX_LIMIT_MS) return ms
    const rule = "must be milliseconds, or a duration ('1.5s'), from 0.001 and below 10 minutes"
    problems.add(path, value, rule, example)
    return Number.NaN
  })
}

/** Reader of a percentile as a ratio; above 0 and below 1. */
export function percentile(example: string): Reader<number> {
  return reading((problems, path, value) => {
    if (isBetween(value, 0, 1)) return value
    const meant = isBetween(value, 1, 100) ? `; for p${value} write ${ratioOf(value)}` : ''
    problems.add(path, value, `must be a ratio above 0 and below 1${meant}`, example)
    return Number.NaN
  })
}

/** Ends of 0 to 1 that are valid. @default none */
interface Ends {
  readonly isOneLegal?: boolean
  readonly isZeroLegal?: boolean
}

/** Reader of a ratio; above 0 and below 1, unless the ends are valid. */
export function ratio(example: string, { isOneLegal = false, isZeroLegal = false }: Ends = {}): Reader<number> {
  return reading((problems, path, value) => {
    if (isBetween(value, 0, 1) || (isOneLegal && value === 1) || (isZeroLegal && value === 0)) return value
    const meant = isBetween(value, 1, 100) ? `, not percent; for ${value}% write ${ratioOf(value)}` : ''
    const end = isOneLegal ? 'at most 1' : 'below 1'
    const start = isZeroLegal ? 'must be a ratio, 0 or above,' : 'must be a ratio above 0'
    problems.add(path, value, `${start} and ${end}${meant}`, example)
    return Number.NaN
  })
}

/** Reader of a rate per second; above 0. */
export function ratePerSec(example: string): Reader<number> {
  return reading((problems, path, value) => {
    if (isBetween(value, 0, Number.POSITIVE_INFINITY)) return value
    problems.add(path, value, 'must be a number per second above 0', example)
    return Number.NaN
  })
}

/** Reader of a confidence; above 0.5 and below 1. */
export const confidence = reading((problems, path, value) => {
  if (isBetween(value, 0.5, 1)) return value
  const meant = isBetween(value, 50, 100) ? `, not percent; for ${value}% write ${ratioOf(value)}` : ''
  problems.add(path, value, `must be a ratio above 0.5 and below 1${meant}`, 'confidence: 0.95')
  return Number.NaN
})

/** Reader of {@link ThresholdOptions}. */
export const THRESHOLD = lastOptions(
  object<ThresholdOptions>()({ confidence: optional(confidence) }, { example: '{ confidence: 0.95 }' }),
)

/** Reader of {@link PercentileOptions}. */
export const PERCENTILE = lastOptions(
  object<PercentileOptions>()(
    { confidence: optional(confidence), skipIfReduced: optional(flag(true), false) },
    { example: '{ confidence: 0.95 }' },
  ),
)

/** Fields of a minimum ratio; 1 requires all. */
const SHARE = { ratio: ratio('ratio: 0.99', { isOneLegal: true }) }
const SHARE_EXAMPLE = { example: '{ ratio: 0.99 }' }

/** Reader of the options of "at least a ratio within a time": `(1000, { ratio: 0.99 })`. */
export const SHARE_OPTIONS = lastOptions(object<RatioOptions>()(SHARE, SHARE_EXAMPLE))

/** Reader of the same options with a confidence. */
export const SHARE_THRESHOLD = lastOptions(
  object<RatioOptions & ThresholdOptions>()({ ...SHARE, confidence: optional(confidence) }, SHARE_EXAMPLE),
)

/** Whether a value is between two numbers, both excluded. */
function isBetween(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && value > low && value < high
}

function ratioOf(percent: number): number {
  return Number((percent / 100).toPrecision(12))
}
