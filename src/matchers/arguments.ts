import { checkKnownKeys, durationMs, type Duration } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import { MAX_TRACKABLE_US } from '../stats/histogram.ts'

export type { Duration }

/** What every threshold matcher takes after its limit. */
export interface ThresholdOptions {
  /**
   * Demands that the whole confidence interval of the value, not the value alone, lies on the good side of the limit;
   * above 0.5 and below 1, usually 0.95. Where the interval reaches over the limit the assertion fails in both
   * polarities: the run does not say. Left out, the value alone is judged and the interval only shown.
   */
  readonly confidence?: number
}

/** What percentile matchers take after their limit. */
export interface PercentileOptions extends ThresholdOptions {
  /**
   * Where the scale left a load of `http` fewer samples than the percentile needs, the assertion is recorded as skipped,
   * with that reason, and not as invalid. A load as written must have the samples. Default: `false`.
   */
  readonly skipIfReduced?: boolean
}

const MAX_LIMIT_MS = MAX_TRACKABLE_US / 1000

/** A limit in milliseconds or as a duration; above 0 and within what histograms tell apart. */
export function readLimitMs(problems: Problems, value: unknown, example: string): number {
  const ms = durationMs(value)
  if (ms !== undefined && ms > 0 && ms < MAX_LIMIT_MS) return ms
  const rule = "must be milliseconds, or a duration ('1.5s'), above 0 and below 10 minutes, the longest time told apart"
  problems.add('limitMs', value, rule, example)
  return Number.NaN
}

/** A percentile as a ratio; above 0 and below 1. */
export function readPercentile(problems: Problems, value: unknown, example: string): number {
  if (isBetween(value, 0, 1)) return value
  const meant = isBetween(value, 1, 100) ? `; for p${value} write ${ratioOf(value)}` : ''
  problems.add('percentile', value, `must be a ratio above 0 and below 1${meant}`, example)
  return Number.NaN
}

interface RatioRule {
  readonly path: string
  readonly example: string
  /** Whether 1 itself is a sensible limit. */
  readonly one?: boolean
  /** Whether 0 itself is a sensible limit. */
  readonly zero?: boolean
}

/** A ratio; above 0 and below 1, unless the rule allows the ends. */
export function readRatio(problems: Problems, value: unknown, { path, example, one, zero }: RatioRule): number {
  if (isBetween(value, 0, 1) || (one && value === 1) || (zero && value === 0)) return value
  const meant = isBetween(value, 1, 100) ? `, not percent; for ${value}% write ${ratioOf(value)}` : ''
  const end = one ? 'at most 1' : 'below 1'
  const start = zero ? 'must be a ratio, 0 or above,' : 'must be a ratio above 0'
  problems.add(path, value, `${start} and ${end}${meant}`, example)
  return Number.NaN
}

/** The limit of a rate, 0 if the event must never occur, and the confidence required. */
export function readRateLimit(
  problems: Problems,
  value: unknown,
  options: unknown,
  example: string,
): { readonly limit: number; readonly confidence: number | undefined } {
  const limit = readRatio(problems, value, { path: 'ratio', example, zero: true })
  const confidence = readConfidence(problems, options)
  if (limit === 0 && confidence !== undefined)
    problems.add('options.confidence', confidence, 'must be left out if the limit is 0', example)
  return { limit, confidence }
}

/** A rate per second; above 0. */
export function readRatePerSec(problems: Problems, value: unknown, example: string): number {
  if (isBetween(value, 0, Number.POSITIVE_INFINITY)) return value
  problems.add('perSec', value, 'must be a number per second above 0', example)
  return Number.NaN
}

/** The options object that ends a matcher's arguments; `known` are the keys it may hold. */
export function readOptions<Key extends string>(
  problems: Problems,
  value: unknown,
  known: readonly Key[],
  example: string,
): { readonly [K in Key]?: unknown } & ThresholdOptions {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null) {
    problems.add('options', value, 'must be an object', example)
    return {}
  }
  checkKnownKeys(problems, 'options', value, known)
  const { confidence }: { confidence?: unknown } = value
  if (confidence !== undefined && !isBetween(confidence, 0.5, 1)) {
    const meant = isBetween(confidence, 50, 100) ? `, not percent; for ${confidence}% write ${ratioOf(confidence)}` : ''
    problems.add('options.confidence', confidence, `must be a ratio above 0.5 and below 1${meant}`, 'confidence: 0.95')
  }
  return value
}

/** The options of a matcher that takes none but `confidence`. */
export function readConfidence(problems: Problems, value: unknown): number | undefined {
  return readOptions(problems, value, ['confidence'], '{ confidence: 0.95 }').confidence
}

/** The options of a percentile matcher. */
export function readPercentileOptions(
  problems: Problems,
  value: unknown,
): { readonly confidence: number | undefined; readonly skipIfReduced: boolean } {
  const example = '{ confidence: 0.95 }'
  const { confidence, skipIfReduced } = readOptions(problems, value, ['confidence', 'skipIfReduced'], example)
  return { confidence, skipIfReduced: readFlag(problems, 'skipIfReduced', skipIfReduced) }
}

/** An option that is either on or off; off where it is left out. */
export function readFlag(problems: Problems, name: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    problems.add(`options.${name}`, value, 'must be true or false', `${name}: true`)
  return value === true
}

/** How many of them must make it. */
export interface ShareOptions {
  /** 0–1, never percent: 0.99 is 99%. 1 asks for all of them. */
  readonly ratio: number
}

export interface SharePlan {
  readonly limitMs: number
  readonly ratio: number
  readonly confidence: number | undefined
}

/** The arguments of "at least a share within a time": `(1000, { ratio: 0.99 })`. */
export function readShare(
  problems: Problems,
  args: readonly unknown[],
  name: string,
  options: readonly 'confidence'[],
): SharePlan {
  const example = `${name}(1000, { ratio: 0.99 })`
  rejectExtraArgs(problems, args, 2, example)
  const limitMs = readLimitMs(problems, args[0], example)
  const { ratio, confidence } = readOptions(problems, args[1] ?? {}, ['ratio', ...options], '{ ratio: 0.99 }')
  const rule = { path: 'options.ratio', example: 'ratio: 0.99', one: true }
  return { limitMs, ratio: readRatio(problems, ratio, rule), confidence }
}

/** A call with more arguments than the matcher knows is a misunderstanding, not something to pass over. */
export function rejectExtraArgs(problems: Problems, args: readonly unknown[], known: number, example: string): void {
  if (args.length > known) problems.add(`argument ${known + 1}`, args[known], 'is one argument too many', example)
}

/** Both ends excluded. */
function isBetween(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && value > low && value < high
}

function ratioOf(percent: number): number {
  return Number((percent / 100).toPrecision(12))
}
