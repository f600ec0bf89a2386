import { InvalidRunError } from '../evidence/verdict.ts'
import { Problems } from '../options/problems.ts'
import { significant } from '../stats/units.ts'

/** A bucket of a Prometheus histogram: how many observations were at most `le`. */
export interface Bucket {
  readonly le: number
  readonly count: number
}

/** What the buckets of a histogram say of one of its quantiles: the ends of the bucket that it lies in. */
export interface QuantileEstimate {
  /**
   * No number: a histogram does not hold it, and one interpolated within a bucket could pass a limit that the quantile
   * exceeds. {@link isBelow} compares it with a limit.
   *
   * @throws {InvalidRunError} always
   */
  readonly value: never
  /**
   * Where the bucket it fell into begins: the quantile is more than that. A limit up to here is certainly exceeded,
   * also beyond the last finite bucket.
   */
  readonly low: number
  /** Where that bucket ends: `Infinity` beyond the last finite bucket. */
  readonly high: number
  /**
   * Whether the quantile is at most a limit, as far as the buckets decide it: without interpolation.
   *
   * @param limit in the histogram's own unit
   * @returns `true` if all of its bucket lies up to the limit, `false` if all of it lies beyond
   * @throws {InvalidRunError} if the limit lies within its bucket, or beyond the last finite one
   *
   * @example
   * expect(window.quantile('http_request_duration_seconds', 0.95).isBelow(0.15)).toBe(true)
   */
  isBelow(limit: number): boolean
}

/** Ends of the bucket that a quantile fell into, and what interpolation gives; no value beyond the last finite bucket. */
export interface BucketQuantile {
  readonly value: number | undefined
  readonly low: number
  readonly high: number
}

/**
 * A quantile from cumulative buckets, by linear interpolation within the bucket it falls into, as Prometheus'
 * `histogram_quantile` does (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
 * It misleads where buckets are wide: the true value can lie anywhere in its bucket, whose ends are returned too.
 *
 * @param q as a ratio, 0.95
 * @returns `undefined` if the buckets hold nothing
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

/** Ascending. A target that counts while it is read may show less in a bucket than in the one before it. */
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

/** Reading a figure of which only bounds are known throws, so that no limit between them can pass. */
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

/** What is known of a quantile, and no more. */
export function quantileEstimate(q: number, what: string, { low, high }: BucketQuantile): QuantileEstimate {
  const known = { low, high }
  // Not enumerable: the figures can be printed and compared.
  Object.defineProperty(known, 'isBelow', {
    enumerable: false,
    value: (limit: number) => isBelow(q, what, known, limit),
  })
  const isBeyond = high === Number.POSITIVE_INFINITY
  return boundedBelow(
    known as QuantileEstimate,
    ['value'],
    isBeyond ? beyondBuckets(q, what, low) : withinBucket(q, what, known),
  )
}

/** Why a quantile within a bucket has no value. */
export function withinBucket(q: number, what: string, ends: Ends, names?: EndNames): string {
  const fix =
    names === undefined
      ? 'compare it with a limit by isBelow(limit)'
      : `assert on ${names.highName}, which it is at most, or ${names.lowName}, which it exceeds`
  return `${percentile(q)} of ${what} lies ${between(ends, names?.unit)}, and a histogram does not say where in it\nFix: ${fix}`
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
    `${percentile(q)} of ${what} lies ${between({ low, high })}, and so does the limit ${significant(limit, 6)}\n` +
      `Fix: give the histogram a bucket that ends at the limit`,
    'undecided',
  )
}

function percentile(q: number): string {
  return `p${Number((q * 100).toPrecision(6))}`
}

/** Why a quantile beyond the last finite bucket has no value. */
export function beyondBuckets(q: number, what: string, low: number, { lowName = 'low', unit = '' } = {}): string {
  const bound = `${significant(low, 6)}${unit}`
  return (
    `${percentile(q)} of ${what} lies beyond its last finite bucket, ${bound}: ` +
    `it is more than that, and nobody can say how much\n` +
    `Fix: give the histogram buckets beyond the limit; to fail at limits up to ${bound}, assert on ${lowName} first`
  )
}
