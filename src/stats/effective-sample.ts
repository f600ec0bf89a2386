import { studentQuantile } from './distributions.ts'

/** How many of a window's requests were hits: errors, responses of one status, latencies at most so long, … */
export interface HitWindow {
  readonly hits: number
  readonly total: number
}

/** The variance of a share of hits as the windows show it, relative to that of independent requests. */
export interface DesignEffect {
  readonly hits: number
  readonly total: number
  /** The variance, relative to that of as many independent requests. 1 if the windows cannot show it. */
  readonly ratio: number
  /** The part of {@link ratio} that is chance within the windows: 1 if all windows have the same true share. */
  readonly chance: number
  /** Degrees of freedom that the variance was estimated with. Infinite if it was not estimated. */
  readonly degrees: number
}

/** Frequencies that the variance is estimated from, at least; fewer are too few to estimate anything. */
const LEAST_DEGREES = 5

/**
 * Requests of one second resemble each other and those of the next: a thousand requests carry as much information as
 * perhaps a hundred independent ones. The windows show how much less, as a time series of the share's residuals:
 *
 * - its long-run variance by the equal-weighted periodogram of the lowest ν = 0.4·T^⅔ cosine frequencies, with ν degrees
 *   of freedom (Lazarus, Lewis, Stock & Watson, HAR Inference: Recommendations for Practice, Journal of Business &
 *   Economic Statistics 36, 2018), at least 5 so that short runs still have a usable interval;
 * - recoloured for what those frequencies miss of a first-order autoregression (Andrews & Monahan, Econometrica 60, 1992,
 *   with Kendall's bias correction, Biometrika 41, 1954), never below 1.
 *
 * Misleads if a run is not many times longer than the waves in it: three stalls are three observations.
 */
export function designEffect(windows: readonly HitWindow[]): DesignEffect {
  let [hits, total] = [0, 0]
  for (const window of windows) {
    hits += window.hits
    total += window.total
  }
  const length = windows.length
  const share = hits / total
  const independent = (share * (1 - share)) / total
  if (length < 2 || !(independent > 0)) return { hits, total, ratio: 1, chance: 1, degrees: Number.POSITIVE_INFINITY }
  const residuals = windows.map((window) => ((window.hits - share * window.total) * length) / total)
  const degrees = Math.min(length - 1, Math.max(LEAST_DEGREES, Math.round(0.4 * length ** (2 / 3))))
  const ratio = longRunVariance(residuals, degrees) / length / independent
  return { hits, total, ratio, chance: chanceWithin(windows) / total / total / independent, degrees }
}

/** Requests spread more evenly than chance would have them say more; beyond this, that is itself chance. */
const LEAST_EFFECT = 0.1

/**
 * The number of independent requests that carry as much information. The chance within windows is known from their
 * shares; only what comes on top of it is estimated, and pays for the uncertainty of that estimate with Student's t
 * (after Korn & Graubard, Confidence Intervals for Proportions With Small Expected Number of Positive Counts Estimated
 * From Survey Data, Survey Methodology 24, 1998, who let the whole variance pay, which is half as wide again as need be if
 * requests are independent). The estimate scatters by √(2/ν), and an excess that does not show is the dangerous one: hence
 * the excess over chance less 1.2/√ν of it, with half of that taken off chance. So 94.5–96.5% of intervals hold a normal mean
 * for every true ratio from 1 up and from 4 degrees of freedom up.
 */
export function effectiveSample({ total, ratio, chance, degrees }: DesignEffect, confidence: number): number {
  const stretch = varianceStretch(degrees, confidence)
  const scatter = Math.min(1, 1.2 / Math.sqrt(degrees))
  const excess = Math.max(0, ratio - chance * (1 - scatter))
  return total / Math.max(LEAST_EFFECT, chance * (1 - scatter / 2) + stretch * excess)
}

const stretches = new Map<string, number>()

/** Student's quantile over the normal one, squared. Kept, as it takes longer than all the rest. */
function varianceStretch(degrees: number, confidence: number): number {
  const key = `${degrees} ${confidence}`
  const known = stretches.get(key)
  if (known !== undefined) return known
  const upper = (1 + confidence) / 2
  const stretch = (studentQuantile(upper, degrees) / studentQuantile(upper, Number.POSITIVE_INFINITY)) ** 2
  stretches.set(key, stretch)
  return stretch
}

/** The variance of the number of hits if every window had its own share and its requests were independent. */
function chanceWithin(windows: readonly HitWindow[]): number {
  let sum = 0
  for (const { hits, total } of windows) if (total > 1) sum += (hits * (total - hits)) / (total - 1)
  return sum
}

function longRunVariance(residuals: readonly number[], frequencies: number): number {
  const length = residuals.length
  const persistence = firstOrderPersistence(residuals)
  let power = 0
  let seen = 0
  for (let j = 1; j <= frequencies; j++) {
    const angle = (Math.PI * j) / length
    const wave = cosineSum(residuals, angle)
    power += (2 * wave * wave) / length
    seen += (1 - persistence) ** 2 / (1 - 2 * persistence * Math.cos(angle) + persistence ** 2)
  }
  return power / seen
}

/** Σ value·cos(angle·(at + ½)), each cosine from the two before it. */
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

/** The autoregression of neighbouring windows, 0 (none, or alternating) to 0.9. */
function firstOrderPersistence(residuals: readonly number[]): number {
  let [own, shared] = [0, 0]
  for (const [at, value] of residuals.entries()) {
    own += value * value
    if (at > 0) shared += value * residuals[at - 1]!
  }
  const raw = own === 0 ? 0 : shared / own
  return Math.min(0.9, Math.max(0, raw + (1 + 3 * raw) / residuals.length))
}
