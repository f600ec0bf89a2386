/** Lanczos' approximation with g = 7 and nine terms (Press et al., Numerical Recipes, 3rd ed., §6.1); x above 0. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

/** The natural logarithm of the gamma function. @param x above 0 */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const shifted = x - 1
  const t = shifted + 7.5
  const series = LANCZOS.reduce((sum, term, at) => (at === 0 ? term : sum + term / (shifted + at)), 0)
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series)
}

/**
 * The regularised incomplete beta function Iₓ(a, b), which is the distribution function of the beta distribution, by Lentz's
 * continued fraction (Numerical Recipes, 3rd ed., §6.4).
 */
export function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a
  return 1 - (front * betaFraction(1 - x, b, a)) / b
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  const awayFromZero = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1))
  let result = d
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / awayFromZero(1 + even * d)
    c = awayFromZero(1 + even / c)
    result *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / awayFromZero(1 + odd * d)
    c = awayFromZero(1 + odd / c)
    result *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return result
}

/** The quantile of the beta distribution, by Newton's method within a bisection. */
export function betaQuantile(probability: number, a: number, b: number): number {
  const logScale = logGamma(a + b) - logGamma(a) - logGamma(b)
  let [low, high] = [0, 1]
  let x = a / (a + b)
  for (let step = 0; step < 200 && high - low > low * 1e-14; step++) {
    const over = betaCdf(x, a, b) - probability
    if (over < 0) low = x
    else high = x
    const density = Math.exp(logScale + (a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x))
    const next = x - over / density
    if (Math.abs(next - x) <= x * 1e-15) return x
    // Every fourth step halves the bracket, so that steps cannot keep creeping towards one end.
    x = next > low && next < high && step % 4 < 3 ? next : (low + high) / 2
  }
  return x
}

/**
 * The quantile of Student's t distribution, from the beta quantile (Abramowitz & Stegun, Handbook of Mathematical Functions,
 * 26.7.1).
 *
 * @param degrees degrees of freedom, above 0; infinity gives the normal distribution
 */
export function studentQuantile(probability: number, degrees: number): number {
  if (probability < 0.5) return -studentQuantile(1 - probability, degrees)
  const df = Math.min(degrees, 1e7)
  const x = betaQuantile(2 * (1 - probability), df / 2, 0.5)
  return Math.sqrt((df * (1 - x)) / x)
}
