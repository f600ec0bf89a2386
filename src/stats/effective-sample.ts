import { studentQuantile } from './distributions.ts'

/** Number of hits among the requests of a window: errors, responses of one status, latencies below a limit, … */
export interface HitWindow {
  readonly hits: number
  readonly total: number
}

/** Variance of a ratio of hits, estimated from windows, relative to that of independent requests. */
export interface DesignEffect {
  readonly hits: number
  readonly total: number
  /** The variance, relative to that of as many independent requests. 1 if it cannot be estimated. */
  readonly ratio: number
  /** The part of {@link ratio} that is chance within the windows: 1 if all windows have the same true ratio. */
  readonly chance: number
  /** Degrees of freedom of the estimate. Infinite if the variance was not estimated. */
  readonly degrees: number
}

/** Minimum number of frequencies from which the variance is estimated. */
const MIN_DEGREES = 5

/**
 * Requests of one second resemble each other and those of the next: a thousand requests contain as much information as
 * perhaps a hundred independent ones. How much less is estimated from the windows, as a time series of residuals:
 *
 * - its long-run variance by the equal-weighted periodogram of the lowest ν = 0.4·T^⅔ cosine frequencies, with ν degrees
 *   of freedom (Lazarus, Lewis, Stock & Watson, HAR Inference: Recommendations for Practice, Journal of Business &
 *   Economic Statistics 36, 2018), at least 5 so that short runs still have a usable interval;
 * - recoloured for the part of a first-order autoregression that those frequencies miss (Andrews & Monahan, Econometrica 60,
 *   1992, with Kendall's bias correction, Biometrika 41, 1954). The autoregression is that of the true ratios of the windows:
 *   chance within the windows, which is known, is not correlated and would hide a part of it (the correction for attenuation
 *   of Spearman, The Proof and Measurement of Association between Two Things, American Journal of Psychology 15, 1904).
 *
 * Misleading if a run is not many times longer than its waves: three stalls are three observations. At about one request
 * per window, chance within the windows cannot be estimated, and the waves are underestimated.
 *
 * @param options.isChanceWithin whether the hits of a window vary by chance; not if they are on a schedule
 */
export function designEffect(windows: readonly HitWindow[], { isChanceWithin = true } = {}): DesignEffect {
  let [hits, total] = [0, 0]
  for (const window of windows) {
    hits += window.hits
    total += window.total
  }
  const length = windows.length
  const hitRatio = hits / total
  const independent = (hitRatio * (1 - hitRatio)) / total
  if (length < 2 || !(independent > 0)) return { hits, total, ratio: 1, chance: 1, degrees: Number.POSITIVE_INFINITY }
  const residuals = windows.map((window) => ((window.hits - hitRatio * window.total) * length) / total)
  const degrees = Math.min(length - 1, Math.max(MIN_DEGREES, Math.round(0.4 * length ** (2 / 3))))
  const chance = isChanceWithin ? chanceWithin(windows) / total / total : 0
  const ratio = longRunVariance(residuals, degrees, chance * length) / length / independent
  return { hits, total, ratio, chance: chance / independent, degrees }
}

/** Hits that are spread more evenly than by chance contain more information. Below this limit, that is chance itself. */
const MIN_EFFECT = 0.1

/**
 * The number of independent requests with as much information. The chance within windows is known from their ratios; only
 * the excess is estimated, and widened by Student's t for the uncertainty of that estimate (after Korn & Graubard, Confidence
 * Intervals for Proportions With Small Expected Number of Positive Counts Estimated From Survey Data, Survey Methodology 24,
 * 1998, who widen the whole variance, which makes intervals half as wide again as necessary if requests are independent). The
 * estimate varies by √(2/ν), and an underestimated excess is dangerous: hence the excess over chance less 1.2/√ν of it, with
 * half of that subtracted from chance. With this, 94.5–96.5% of intervals contain a normal mean for every true ratio of at
 * least 1 and at least 4 degrees of freedom.
 */
export function effectiveSample({ total, ratio, chance, degrees }: DesignEffect, confidence: number): number {
  const stretch = varianceStretch(degrees, confidence)
  const scatter = Math.min(1, 1.2 / Math.sqrt(degrees))
  const excess = Math.max(0, ratio - chance * (1 - scatter))
  return total / Math.max(MIN_EFFECT, chance * (1 - scatter / 2) + stretch * excess)
}

const stretches = new Map<string, number>()

/** Student's quantile over the normal one, squared. Cached, because it takes longer than everything else. */
function varianceStretch(degrees: number, confidence: number): number {
  const key = `${degrees} ${confidence}`
  const known = stretches.get(key)
  if (known !== undefined) return known
  const upper = (1 + confidence) / 2
  const stretch = (studentQuantile(upper, degrees) / studentQuantile(upper, Number.POSITIVE_INFINITY)) ** 2
  stretches.set(key, stretch)
  return stretch
}

/** The variance of the number of hits if every window had its own ratio and its requests were independent. */
function chanceWithin(windows: readonly HitWindow[]): number {
  let sum = 0
  for (const { hits, total } of windows) if (total > 1) sum += (hits * (total - hits)) / (total - 1)
  return sum
}

/** @param chance variance of a residual within its window */
function longRunVariance(residuals: readonly number[], frequencies: number, chance: number): number {
  const length = residuals.length
  const level = levelOf(residuals, chance)
  const atZero = chance + level.variance * spectrum(level.persistence, 0)
  if (atZero === 0) return 0
  let power = 0
  let expected = 0
  for (let j = 1; j <= frequencies; j++) {
    const angle = (Math.PI * j) / length
    const wave = cosineSum(residuals, angle)
    power += (2 * wave * wave) / length
    expected += (chance + level.variance * spectrum(level.persistence, angle)) / atZero
  }
  return power / expected
}

/** Spectrum of a first-order autoregression with variance 1. */
function spectrum(persistence: number, angle: number): number {
  return (1 - persistence ** 2) / (1 - 2 * persistence * Math.cos(angle) + persistence ** 2)
}

/** Σ value·cos(angle·(at + ½)), with each cosine computed from the previous two. */
function cosineSum(values: readonly number[], angle: number): number {
  const twice = 2 * Math.cos(angle)
  let before = Math.cos(angle / 2)
  let now = before
  let sum = 0
  for (const value of values) {
    sum += value * now
    const next = twice * now - before
    before = now
    now = next
  }
  return sum
}

/**
 * The true ratios of the windows as a first-order autoregression: their variance, and a persistence from 0 (none, or
 * alternating) to 0.9.
 */
function levelOf(residuals: readonly number[], chance: number): { variance: number; persistence: number } {
  let [squares, products] = [0, 0]
  for (const [at, value] of residuals.entries()) {
    squares += value * value
    if (at > 0) products += value * residuals[at - 1]!
  }
  const total = squares / residuals.length
  const variance = total - chance
  if (variance <= 0) return { variance: 0, persistence: 0 }
  const raw = products / squares
  const unbiased = Math.max(0, raw + (1 + 3 * raw) / residuals.length)
  return { variance, persistence: Math.min(0.9, (unbiased * total) / variance) }
}
