/** Longest time of a histogram, 10 minutes. Longer times count as this; only infinite ones are longer. */
export const MAX_TRACKABLE_US = 600_000_000

const LINEAR_LIMIT = 2048
const BUCKETS_PER_OCTAVE = 1024
const PAGE_SHIFT = 7
const PAGE_SIZE = 1 << PAGE_SHIFT
const PAGE_MASK = PAGE_SIZE - 1
/** Above it, bitwise operators do not apply. */
const MAX_INT32 = 2 ** 31 - 1
const MAX_UINT32 = 2 ** 32 - 1

/**
 * A histogram as JSON: `buckets` alternates bucket index and count, in ascending order of index. Minimum, maximum and sum are
 * of the finite samples.
 */
export interface HistogramJson {
  readonly minUs: number
  readonly maxUs: number
  readonly sumUs: number
  readonly buckets: readonly number[]
  /** Number of infinite samples; absent if there are none. */
  readonly infinite?: number
}

/**
 * A histogram as the few numbers from which {@link Histogram.unpack} restores it exactly. `buckets` alternates bucket index and
 * count, in ascending order of index. Minimum and maximum are those recorded, infinite and 0 if nothing was.
 */
export interface PackedHistogram {
  readonly minUs: number
  readonly maxUs: number
  readonly sumUs: number
  readonly infinite: number
  readonly buckets: Uint32Array
}

/**
 * Counts of times in whole microseconds, from 0 to 10 minutes, kept to three significant digits: below 2,048 µs every
 * microsecond has its own bucket, above it every power of two has 1,024 buckets (the layout of HdrHistogram). Merging is
 * exact: a merged histogram equals one that recorded everything. Memory grows with the range of values, so that a window of
 * one second needs a few kilobytes.
 *
 * Values other than times have a larger limit and a unit of their own, see {@link Histogram.limit}. They need not be whole:
 * minimum, maximum and sum are those recorded, and a bucket contains the values above its own lowest one, up to and with the
 * lowest of the next bucket, so that the percentiles of small whole numbers are whole numbers.
 *
 * A sample without a time, such as a request that got no good response, is *infinite*: longer than every time. Infinite
 * samples are counted separately from the buckets. They are part of {@link count} and of every percentile, but not of the
 * minimum, mean and maximum.
 */
export class Histogram {
  /** Largest value. Larger ones count as this. */
  readonly limit: number
  readonly #pages: (Uint32Array | undefined)[]
  #finite = 0
  #infinite = 0
  #sumUs = 0
  #minUs = Number.POSITIVE_INFINITY
  #maxUs = 0

  readonly #isOfTimes: boolean

  /** @param limit largest value, below 2^96; only times have the default limit. Histograms with different limits cannot be merged */
  constructor(limit = MAX_TRACKABLE_US) {
    this.limit = limit
    this.#isOfTimes = limit === MAX_TRACKABLE_US
    this.#pages = Array.from({ length: pageCount(limit) })
  }

  /** Number of samples, infinite ones included. */
  get count(): number {
    return this.#finite + this.#infinite
  }

  /** Number of samples with a time. */
  get finiteCount(): number {
    return this.#finite
  }

  /** Number of samples without a time. */
  get infiniteCount(): number {
    return this.#infinite
  }

  /** The exact minimum of the finite values. NaN if there are none. */
  get minUs(): number {
    return this.#finite === 0 ? Number.NaN : this.#minUs
  }

  /** The maximum of the finite values, exact up to {@link limit}. NaN if there are none. */
  get maxUs(): number {
    return this.#finite === 0 ? Number.NaN : this.#maxUs
  }

  /** The exact mean of the finite values. NaN if there are none. */
  get meanUs(): number {
    return this.#finite === 0 ? Number.NaN : this.#sumUs / this.#finite
  }

  /** Counts one value. Fractions of times are rounded, negative values count as 0, values over the limit as the limit. */
  record(us: number): void {
    const value = this.#trackable(us)
    this.#add(this.#bucketWith(value), 1)
    this.#finite++
    this.#sumUs += value
    if (value < this.#minUs) this.#minUs = value
    if (value > this.#maxUs) this.#maxUs = value
  }

  /** Removes one recorded value. Minimum and maximum do not change. */
  takeBack(us: number): void {
    const value = this.#trackable(us)
    this.#add(this.#bucketWith(value), -1)
    this.#finite--
    this.#sumUs -= value
  }

  /** Counts samples without a time. */
  recordInfinite(count = 1): void {
    this.#infinite += count
  }

  /** A histogram with the same samples and `count` more infinite ones; this histogram itself if `count` is 0. */
  withInfinite(count: number): Histogram {
    if (count <= 0) return this
    const all = Histogram.merged([this])
    all.recordInfinite(count)
    return all
  }

  #trackable(us: number): number {
    if (us <= 0) return 0
    if (us >= this.limit) return this.limit
    return this.#isOfTimes ? Math.round(us) : us
  }

  /** The bucket of a value. */
  #bucketWith(us: number): number {
    const value = Math.min(us, this.limit)
    return this.#isOfTimes ? bucketOf(Math.floor(value)) : bucketOf(Math.max(0, wholeBelow(value)))
  }

  /** The largest value that counts in a bucket. */
  #highestOf(bucket: number): number {
    if (this.#isOfTimes) return highestOf(bucket)
    return bucket === 0 ? 0 : lowestOf(bucket + 1)
  }

  /** The lower end of a value's bucket, whose values the histogram does not distinguish. */
  lowestWith(us: number): number {
    return lowestOf(this.#bucketWith(us))
  }

  #add(bucket: number, count: number): void {
    const page = (this.#pages[bucket >> PAGE_SHIFT] ??= new Uint32Array(PAGE_SIZE))
    page[bucket & PAGE_MASK]! += count
  }

  /** Adds all samples of `other`. */
  merge(other: Histogram): void {
    for (let at = 0; at < this.#pages.length; at++) {
      const theirs = other.#pages[at]
      if (theirs === undefined) continue
      const ours = (this.#pages[at] ??= new Uint32Array(PAGE_SIZE))
      for (let i = 0; i < PAGE_SIZE; i++) ours[i]! += theirs[i]!
    }
    this.#finite += other.#finite
    this.#infinite += other.#infinite
    this.#sumUs += other.#sumUs
    if (other.#minUs < this.#minUs) this.#minUs = other.#minUs
    if (other.#maxUs > this.#maxUs) this.#maxUs = other.#maxUs
  }

  static merged(histograms: Iterable<Histogram>): Histogram {
    let all: Histogram | undefined
    for (const histogram of histograms) {
      all ??= new Histogram(histogram.limit)
      all.merge(histogram)
    }
    return all ?? new Histogram()
  }

  /**
   * The value at a percentile by nearest rank: the smallest recorded value that at least `p` of all values do not exceed, as
   * the upper end of its bucket (at most 0.1% above the exact value, never below it).
   *
   * @param p ratio: 0.95, not 95
   * @returns NaN if there are no samples, infinity if the percentile is among the infinite samples
   */
  percentileUs(p: number): number {
    const { count } = this
    if (count === 0) return Number.NaN
    const rank = this.#rankOf(p)
    if (rank > this.#finite) return Number.POSITIVE_INFINITY
    let seen = 0
    for (const [bucket, count] of this.buckets()) {
      seen += count
      if (seen >= rank) return Math.min(this.#highestOf(bucket), this.#maxUs)
    }
    return this.#maxUs
  }

  #rankOf(p: number): number {
    return Math.min(this.count, Math.max(1, Math.ceil(p * this.count * (1 - 1e-12))))
  }

  /**
   * Number of values that are at most `us`, to the resolution of the buckets: all values in its bucket count. Infinite values
   * count only if `us` is infinity.
   */
  countAtMost(us: number): number {
    if (us < 0) return 0
    if (us === Number.POSITIVE_INFINITY) return this.count
    const last = this.#bucketWith(us)
    let seen = 0
    for (let at = 0; at <= last >> PAGE_SHIFT; at++) {
      const page = this.#pages[at]
      if (page === undefined) continue
      const end = at === last >> PAGE_SHIFT ? (last & PAGE_MASK) + 1 : PAGE_SIZE
      for (let i = 0; i < end; i++) seen += page[i]!
    }
    return seen
  }

  /** {@link percentileUs} of several percentiles in ascending order, in one pass. */
  percentilesUs(percentiles: readonly number[]): number[] {
    const values: number[] = []
    let seen = 0
    const buckets = this.buckets()
    let us = Number.NaN
    for (const p of percentiles) {
      const rank = this.#rankOf(p)
      while (seen < rank) {
        const next = buckets.next()
        if (next.done === true) break
        const [bucket, count] = next.value
        seen += count
        us = Math.min(this.#highestOf(bucket), this.#maxUs)
      }
      values.push(seen < rank ? this.percentileUs(p) : us)
    }
    return values
  }

  /** {@link countAtMost} of several times in ascending order, in one pass. */
  countsAtMost(times: readonly number[]): number[] {
    const counts: number[] = []
    let [seen, next] = [0, 0]
    for (const us of times) {
      const end = us < 0 ? 0 : this.#bucketWith(us) + 1
      while (next < end) {
        const page = this.#pages[next >> PAGE_SHIFT]
        const pageEnd = Math.min(end, (next | PAGE_MASK) + 1)
        if (page !== undefined) for (let at = next; at < pageEnd; at++) seen += page[at & PAGE_MASK]!
        next = pageEnd
      }
      counts.push(seen)
    }
    return counts
  }

  /** Non-empty buckets in ascending order: `[bucket, count]`. See {@link lowestOf} and {@link highestOf} for their ends. */
  *buckets(): Generator<readonly [bucket: number, count: number]> {
    for (let at = 0; at < this.#pages.length; at++) {
      const page = this.#pages[at]
      if (page === undefined) continue
      for (let i = 0; i < PAGE_SIZE; i++) {
        const count = page[i]!
        if (count > 0) yield [(at << PAGE_SHIFT) | i, count]
      }
    }
  }

  pack(): PackedHistogram {
    const used = this.#pages.reduce((sum, page) => sum + (page === undefined ? 0 : usedIn(page)), 0)
    const buckets = new Uint32Array(2 * used)
    let next = 0
    for (const [at, page] of this.#pages.entries()) {
      if (page === undefined) continue
      for (let i = 0; i < PAGE_SIZE; i++) {
        const count = page[i]!
        if (count === 0) continue
        buckets[next++] = (at << PAGE_SHIFT) | i
        buckets[next++] = count
      }
    }
    return { minUs: this.#minUs, maxUs: this.#maxUs, sumUs: this.#sumUs, infinite: this.#infinite, buckets }
  }

  /** Adds all samples of a packed histogram. */
  addPacked({ minUs, maxUs, sumUs, infinite, buckets }: PackedHistogram): void {
    for (let at = 0; at < buckets.length; at += 2) {
      this.#add(buckets[at]!, buckets[at + 1]!)
      this.#finite += buckets[at + 1]!
    }
    this.#infinite += infinite
    this.#sumUs += sumUs
    if (minUs < this.#minUs) this.#minUs = minUs
    if (maxUs > this.#maxUs) this.#maxUs = maxUs
  }

  /** @param packed the result of {@link pack} */
  static unpack(packed: PackedHistogram): Histogram {
    const histogram = new Histogram()
    histogram.addPacked(packed)
    return histogram
  }

  toJSON(): HistogramJson {
    const buckets = Array.from(this.buckets()).flat()
    const [minUs, maxUs, sumUs] = [this.#finite === 0 ? 0 : this.#minUs, this.#maxUs, this.#sumUs]
    return { minUs, maxUs, sumUs, buckets, ...(this.#infinite === 0 ? {} : { infinite: this.#infinite }) }
  }

  /** @throws {TypeError} if the value was not written by {@link toJSON} */
  static fromJSON(json: HistogramJson): Histogram {
    const histogram = new Histogram()
    const { buckets, minUs, maxUs, sumUs, infinite = 0 } = json
    if (!isNumbers(buckets) || buckets.length % 2 !== 0) throw new TypeError('not a histogram: buckets missing')
    if (!isNumbers([minUs, maxUs, sumUs])) throw new TypeError('not a histogram: minUs, maxUs or sumUs missing')
    if (infinite !== 0 && !isCount(infinite)) throw new TypeError(`not a histogram: infinite is ${infinite}`)
    histogram.#infinite = infinite
    let last = -1
    for (let i = 0; i < buckets.length; i += 2) {
      const bucket = buckets[i]!
      const count = buckets[i + 1]!
      const isBucket = Number.isInteger(bucket) && bucket > last && bucket <= bucketOf(histogram.limit)
      if (!isBucket || !isCount(count)) throw new TypeError(`not a histogram: bucket ${bucket} with count ${count}`)
      last = bucket
      histogram.#add(bucket, count)
      histogram.#finite += count
    }
    if (histogram.#finite === 0) return histogram
    histogram.#sumUs = sumUs
    histogram.#minUs = minUs
    histogram.#maxUs = maxUs
    const isInBuckets =
      minUs >= 0 && minUs <= highestOf(buckets[0]!) && maxUs >= lowestOf(last) && maxUs <= histogram.limit
    if (!isInBuckets || sumUs < minUs * histogram.#finite || sumUs > maxUs * histogram.#finite)
      throw new TypeError(`not a histogram: minUs ${minUs}, maxUs ${maxUs} or sumUs ${sumUs} contradicts the buckets`)
    return histogram
  }
}

function usedIn(page: Uint32Array): number {
  let count = 0
  for (let i = 0; i < PAGE_SIZE; i++) if (page[i]! !== 0) count++
  return count
}

/** Whether a value is a count that a bucket can hold. */
function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= MAX_UINT32
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number')
}

function pageCount(limit: number): number {
  return (bucketOf(limit) >> PAGE_SHIFT) + 1
}

/** The largest whole number below a value; beyond 2^53, where 1 is less than the distance of two numbers, the number before it. */
function wholeBelow(value: number): number {
  return value <= Number.MAX_SAFE_INTEGER ? Math.ceil(value) - 1 : value * (1 - Number.EPSILON / 2)
}

/** The bucket of a whole number of microseconds. */
export function bucketOf(us: number): number {
  if (us < LINEAR_LIMIT) return us
  if (us > MAX_INT32) return wideBucketOf(us)
  const octave = 21 - Math.clz32(us)
  return LINEAR_LIMIT + (octave - 1) * BUCKETS_PER_OCTAVE + ((us >> octave) - BUCKETS_PER_OCTAVE)
}

function wideBucketOf(value: number): number {
  const octave = value < 2 ** 64 ? 53 - Math.clz32(value / 2 ** 32) : 85 - Math.clz32(value / 2 ** 64)
  return LINEAR_LIMIT + (octave - 1) * BUCKETS_PER_OCTAVE + (Math.floor(value / 2 ** octave) - BUCKETS_PER_OCTAVE)
}

/** The smallest value of a bucket in microseconds. */
export function lowestOf(bucket: number): number {
  if (bucket < LINEAR_LIMIT) return bucket
  const octave = ((bucket - LINEAR_LIMIT) >> 10) + 1
  return (((bucket - LINEAR_LIMIT) & (BUCKETS_PER_OCTAVE - 1)) + BUCKETS_PER_OCTAVE) * 2 ** octave
}

/** The largest value of a bucket in microseconds. */
export function highestOf(bucket: number): number {
  if (bucket < LINEAR_LIMIT) return bucket
  const octave = ((bucket - LINEAR_LIMIT) >> 10) + 1
  return lowestOf(bucket) + 2 ** octave - 1
}
