import { InvalidRunError } from '../evidence/verdict.ts'
import { Problems } from '../options/problems.ts'
import { significant } from '../stats/units.ts'

/** Cumulative bucket of a Prometheus histogram: the number of observations of at most `le`. */
export interface Bucket {
  readonly le: number
  readonly count: number
}

/** Quantile of a histogram, as the ends of its bucket. */
export interface QuantileEstimate {
  /**
   * Always throws: a histogram does not contain the exact value, and a value interpolated within a bucket could pass a
   * limit that the quantile exceeds. Use {@link isBelow} to compare it with a limit.
   *
   * @throws {InvalidRunError} always
   */
  readonly value: never
  /**
   * Lower end of the bucket: the quantile is above it. A limit up to this value is certainly exceeded, also beyond the last
   * finite bucket.
   */
  readonly low: number
  /** Upper end of the bucket; `Infinity` beyond the last finite bucket. */
  readonly high: number
  /**
   * Whether the quantile is at most a limit, without interpolation.
   *
   * @param limit in the histogram's own unit
   * @returns `true` if the whole bucket is up to the limit, `false` if all of it is above
   * @throws {InvalidRunError} if the limit is within the bucket, or beyond the last finite one
   *
   * @example
   * const window = await metrics.during(run)
   * expect(window.quantile('http_request_duration_seconds', 0.95).isBelow(0.15)).toBe(true)
   */
  isBelow(limit: number): boolean
}

/** Ends of a quantile's bucket, and the interpolated value; no value beyond the last finite bucket. */
export interface BucketQuantile {
  readonly value: number | undefined
  readonly low: number
  readonly high: number
}

/**
 * A quantile from cumulative buckets, by linear interpolation within the bucket it falls into, as Prometheus'
 * `histogram_quantile` does (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
 * It misleads if buckets are wide: the true value can be anywhere in its bucket, whose ends are also returned.
 *
 * @param q as a ratio: 0.95
 * @returns `undefined` if the buckets are empty
 */
export function bucketQuantile(q: number, buckets: readonly Bucket[]): BucketQuantile | undefined {
  const sorted = monotonic(buckets)
  const total = sorted.at(-1)?.count ?? 0
  if (total <= 0) return undefined
  const rank = q * total
  const at = sorted.findIndex(({ count }) => count >= rank)
  const { le, count } = sorted[at]!
  const low = at === 0 ? Math.min(0, le) : sorted[at - 1]!.le
  if (le === Number.POSITIVE_INFINITY) return { value: undefined, low, high: le }
  const below = at === 0 ? 0 : sorted[at - 1]!.count
  return { value: low + (le - low) * ((rank - below) / (count - below)), low, high: le }
}

/** Buckets in ascending order. A target that counts during a scrape may return less in a bucket than in the previous one. */
function monotonic(buckets: readonly Bucket[]): readonly Bucket[] {
  let most = 0
  return buckets.toSorted((a, b) => a.le - b.le).map(({ le, count }) => ({ le, count: (most = Math.max(most, count)) }))
}

/** @throws {OptionsError} unless it is a ratio above 0 and below 1 */
export function checkQuantile(call: string, q: unknown, example: string): void {
  if (typeof q === 'number' && q > 0 && q < 1) return
  const problems = new Problems()
  const isPercent = typeof q === 'number' && q > 1 && q < 100
  const rule = 'must be a ratio above 0 and below 1, not percent'
  problems.add('q', q, isPercent ? `${rule}; for ${q}% use ${Number((q / 100).toPrecision(6))}` : rule, example)
  problems.throwIfAny(call)
}

/** Makes figures with only known bounds throw when read: a limit between the bounds must not pass. */
export function boundedBelow<T extends object>(known: T, figures: readonly string[], what: string): T {
  for (const figure of figures)
    Object.defineProperty(known, figure, {
      // Not enumerable: the other figures can be printed and compared.
      enumerable: false,
      get(): never {
        throw new InvalidRunError(what, 'undecided')
      },
    })
  return known
}

/** Estimate with the known bounds of a quantile. */
export function quantileEstimate(q: number, what: string, { low, high }: BucketQuantile): QuantileEstimate {
  const known = { low, high }
  // Not enumerable: the figures can be printed and compared.
  Object.defineProperty(known, 'isBelow', {
    enumerable: false,
    configurable: true,
    value: (limit: number) => isBelow(q, what, known, limit),
  })
  const isBeyond = high === Number.POSITIVE_INFINITY
  return boundedBelow(
    known as QuantileEstimate,
    ['value'],
    isBeyond ? beyondBuckets(q, what, low) : withinBucket(q, what, known),
  )
}

/** Reason that a quantile within a bucket has no value. */
export function withinBucket(q: number, what: string, ends: Ends, names?: EndNames): string {
  const fix =
    names === undefined
      ? 'compare it with a limit by isBelow(limit)'
      : `assert on ${names.highName}, which it is at most, or ${names.lowName}, which it exceeds`
  return `${percentile(q)} of ${what} lies ${between(ends, names?.unit)}, and a histogram does not contain its exact value\nFix: ${fix}`
}

type Ends = Pick<QuantileEstimate, 'low' | 'high'>

interface EndNames {
  readonly lowName: string
  readonly highName: string
  readonly unit: string
}

function between({ low, high }: Ends, unit = ''): string {
  return `between ${significant(low, 6)}${unit} and ${significant(high, 6)}${unit}, the ends of its bucket`
}

function isBelow(
  q: number,
  what: string,
  { low, high }: Pick<QuantileEstimate, 'low' | 'high'>,
  limit: number,
): boolean {
  if (typeof limit !== 'number' || Number.isNaN(limit)) {
    const problems = new Problems()
    problems.add('limit', limit, 'must be a number in the unit of the histogram', 'isBelow(0.15)')
    problems.throwIfAny('isBelow()')
  }
  if (high <= limit && high !== Number.POSITIVE_INFINITY) return true
  if (low >= limit) return false
  if (high === Number.POSITIVE_INFINITY) throw new InvalidRunError(beyondBuckets(q, what, low), 'undecided')
  throw new InvalidRunError(
    `${percentile(q)} of ${what} lies ${between({ low, high })}, as does the limit ${significant(limit, 6)}\n` +
      `Fix: give the histogram a bucket that ends at the limit`,
    'undecided',
  )
}

function percentile(q: number): string {
  return `p${Number((q * 100).toPrecision(6))}`
}

/** Reason that a quantile beyond the last finite bucket has no value. */
export function beyondBuckets(q: number, what: string, low: number, { lowName = 'low', unit = '' } = {}): string {
  const bound = `${significant(low, 6)}${unit}`
  return (
    `${percentile(q)} of ${what} lies beyond its last finite bucket, ${bound}: ` +
    `it is above that by an unknown amount\n` +
    `Fix: give the histogram buckets beyond the limit; to fail at limits up to ${bound}, assert on ${lowName} first`
  )
}
