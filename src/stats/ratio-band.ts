import { betaQuantile } from './distributions.ts'
import { designEffect, effectiveSample } from './effective-sample.ts'
import type { Histogram } from './histogram.ts'

/** Distance in log odds of the ratios between which the band is interpolated: 0.47, 0.5, 0.53, … 0.95, 0.956, … */
const SPACING = 0.125

interface Knot {
  /** Ratio of samples within the time of the knot. */
  readonly share: number
  /** Interval of the true ratio. */
  readonly low: number
  readonly high: number
}

/** Knots before the shortest and after the longest time. */
const NONE: Knot = { share: 0, low: 0, high: 0 }
const ALL: Knot = { share: 1, low: 1, high: 1 }

/**
 * A confidence band around a distribution function: for every time, the interval of the true ratio of requests within that
 * time. Inverted, it gives the interval of every percentile: the times whose ratio may be p (Francisco & Fuller, Quantile
 * Estimation With a Complex Survey Design, Annals of Statistics 19, 1991).
 *
 *     ratio  1 ┤             ╭──────   upper bound
 *              │           ╭─╯╭─────   samples
 *            p ┼──────────╭╯─╭╯────    lower bound
 *              │        ╭─╯╭─╯
 *            0 ┼────────╰──┼──╰────
 *                        low high
 *
 * The variance is estimated separately at every time. That at the percentile alone is misleading if the level of the run
 * drifts: with a median between two narrow levels, half of the windows are completely below it and half completely above, as
 * if the run had a handful of requests, although 97% are within the upper level in every window.
 *
 * Because the band does not depend on p, both ends of the interval rise with p.
 */
export class RatioBand {
  readonly #totals: readonly number[]
  /** For each window, number of samples within the time of each knot. */
  readonly #hits: readonly (readonly number[])[]
  readonly #confidence: number
  /** Knots are numbered from −last to last; beyond them, no sample or every sample is within the time. */
  readonly #last: number
  readonly #knots: (Knot | undefined)[] = []

  /** @param all the merged windows, with at least one sample */
  constructor(windows: readonly Histogram[], all: Histogram, confidence: number) {
    this.#confidence = confidence
    this.#last = Math.ceil(Math.log(2 * all.count) / SPACING)
    const shares = Array.from({ length: 2 * this.#last + 1 }, (_, at) => logistic((at - this.#last) * SPACING))
    // Samples without a time are above every time.
    const timesUs = all.percentilesUs(shares).map((us) => Math.min(us, all.limit))
    this.#totals = windows.map(({ count }) => count)
    this.#hits = windows.map((window) => window.countsAtMost(timesUs))
  }

  /** The smallest ratio whose lower bound reaches `p`, at which the interval of the percentile ends. At least `p`. */
  highestShare(p: number): number {
    let at = this.#nearest(p)
    while (this.#knot(at - 1).low >= p) at--
    while (this.#knot(at).low < p) at++
    const [before, after] = [this.#knot(at - 1), this.#knot(at)]
    return between(before.share, after.share, (p - before.low) / (after.low - before.low))
  }

  /** The largest ratio whose upper bound does not exceed `p`, at which the interval of the percentile begins. At most `p`. */
  lowestShare(p: number): number {
    let at = this.#nearest(p)
    while (this.#knot(at + 1).high <= p) at++
    while (this.#knot(at).high > p) at--
    const [before, after] = [this.#knot(at), this.#knot(at + 1)]
    return between(before.share, after.share, (p - before.high) / (after.high - before.high))
  }

  /** A knot close to `p`, at which the search starts. Of several crossings, the one closest to the samples counts. */
  #nearest(p: number): number {
    return Math.max(-this.#last, Math.min(this.#last, Math.ceil(Math.log(p / (1 - p)) / SPACING)))
  }

  #knot(at: number): Knot {
    const index = at + this.#last
    if (index < 0) return NONE
    if (index > 2 * this.#last) return ALL
    return (this.#knots[index] ??= this.#measured(index))
  }

  #measured(index: number): Knot {
    const effect = designEffect(this.#totals.map((total, window) => ({ hits: this.#hits[window]![index]!, total })))
    const share = effect.hits / effect.total
    return { share, ...jeffreysInterval(share, effectiveSample(effect, this.#confidence), this.#confidence) }
  }
}

/**
 * Jeffreys' interval of a ratio (Brown, Cai & DasGupta, Interval Estimation for a Binomial Proportion, Statistical Science 16,
 * 2001). Unlike the exact interval, which never covers less than its confidence and mostly more, it covers its confidence on
 * average.
 *
 * @param sample need not be an integer
 */
function jeffreysInterval(share: number, sample: number, confidence: number): { low: number; high: number } {
  const tail = (1 - confidence) / 2
  const [hits, misses] = [share * sample, (1 - share) * sample]
  return {
    low: share > 0 ? betaQuantile(tail, hits + 0.5, misses + 0.5) : 0,
    high: share < 1 ? betaQuantile(1 - tail, hits + 0.5, misses + 0.5) : 1,
  }
}

function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

function between(from: number, to: number, ratio: number): number {
  return from + (to - from) * ratio
}
