import { studentQuantile } from './distributions.ts'

/** How many of a window's requests were hits: errors, answers of one status, latencies at most so long, … */
export interface HitWindow {
  readonly hits: number
  readonly total: number
}

/** The variance of a ratio of hits as the windows show it, beside what independent requests would have. */
export interface DesignEffect {
  readonly hits: number
  readonly total: number
  /** Variance over that of as many independent requests. 1 where nothing speaks for another value. */
  readonly ratio: number
  /** Degrees of freedom that the variance was estimated with. Infinite where it was taken for 1. */
  readonly degrees: number
}

/**
 * Requests of one second resemble one another and those of the next: a thousand requests tell as much as perhaps a
 * hundred independent ones. How much less is read from the windows, seen as a time series of the ratio's residuals:
 *
 * - its long-run variance by the equal-weighted periodogram of the lowest ν = 0.4·T^⅔ cosine frequencies, with ν degrees
 *   of freedom (Lazarus, Lewis, Stock & Watson, HAR Inference: Recommendations for Practice, Journal of Business &
 *   Economic Statistics 36, 2018), at least 4 so that short runs still have a usable interval;
 * - recoloured for what those frequencies miss of a first-order autoregression (Andrews & Monahan, Econometrica 60, 1992,
 *   with Kendall's bias correction, Biometrika 41, 1954), never below 1.
 *
 * Misleads where a run is not many times longer than the waves in it: three stalls are three observations.
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
  if (length < 2 || !(independent > 0)) return { hits, total, ratio: 1, degrees: Number.POSITIVE_INFINITY }
  const residuals = windows.map((window) => ((window.hits - share * window.total) * length) / total)
  const degrees = Math.min(length - 1, Math.max(4, Math.round(0.4 * length ** (2 / 3))))
  return { hits, total, ratio: longRunVariance(residuals, degrees) / length / independent, degrees }
}

/** Requests spread more evenly than chance would have them say more; beyond this, that is itself chance. */
const LEAST_EFFECT = 0.1

/**
 * How many independent requests say as much, reduced further for the uncertainty of the variance (Korn & Graubard,
 * Confidence Intervals for Proportions With Small Expected Number of Positive Counts Estimated From Survey Data, Survey
 * Methodology 24, 1998; without their cap at the number of requests, which would cover 98% for 95%).
 */
export function effectiveSample(effect: DesignEffect, confidence: number): number {
  const upper = (1 + confidence) / 2
  const shrink = (studentQuantile(upper, Number.POSITIVE_INFINITY) / studentQuantile(upper, effect.degrees)) ** 2
  return (effect.total / Math.max(LEAST_EFFECT, effect.ratio)) * shrink
}

function longRunVariance(residuals: readonly number[], frequencies: number): number {
  const length = residuals.length
  const persistence = firstOrderPersistence(residuals)
  let power = 0
  let seen = 0
  for (let j = 1; j <= frequencies; j++) {
    const angle = (Math.PI * j) / length
    const wave = residuals.reduce((sum, value, at) => sum + value * Math.cos(angle * (at + 0.5)), 0)
    power += (2 * wave * wave) / length
    seen += (1 - persistence) ** 2 / (1 - 2 * persistence * Math.cos(angle) + persistence ** 2)
  }
  return power / seen
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
