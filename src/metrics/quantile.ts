/** A bucket of a Prometheus histogram: how many observations were at most `le`. */
export interface Bucket {
  readonly le: number
  readonly count: number
}

/**
 * A quantile from cumulative buckets, by linear interpolation within the bucket it falls into, as Prometheus'
 * `histogram_quantile` does (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
 * It misleads where buckets are wide: the true value can lie anywhere in its bucket, whose ends are returned too.
 * Beyond the last finite bucket the answer is that bucket's end, a lower bound.
 *
 * @param q as a ratio, 0.95
 * @returns `undefined` where the buckets hold nothing
 */
export function bucketQuantile(q: number, buckets: readonly Bucket[]): QuantileEstimate | undefined {
  const sorted = buckets.toSorted((a, b) => a.le - b.le)
  const total = sorted.at(-1)?.count ?? 0
  if (total <= 0) return undefined
  const rank = q * total
  const at = sorted.findIndex(({ count }) => count >= rank)
  const { le, count } = sorted[at]!
  const low = at === 0 ? Math.min(0, le) : sorted[at - 1]!.le
  if (le === Number.POSITIVE_INFINITY) return { value: low, low, high: le }
  const below = at === 0 ? 0 : sorted[at - 1]!.count
  return { value: low + (le - low) * ((rank - below) / (count - below)), low, high: le }
}

export interface QuantileEstimate {
  readonly value: number
  /** The ends of the bucket it fell into. */
  readonly low: number
  readonly high: number
}
