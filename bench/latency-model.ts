import type { Random } from '../src/load/random.ts'
import { Histogram } from '../src/stats/histogram.ts'

/** A service with a known latency distribution and a known dependence of its latencies in time. */
export interface LatencyModel {
  readonly name: string
  readonly windows: (random: Random, seconds: number, perSec: number) => Histogram[]
  readonly trueMs: (p: number, perSec: number) => number
  /**
   * For a service that drifts in the same way in every run: the same service with a newly drawn drift in every run. A single
   * run cannot show the difference, so the spread of the percentiles over these runs is the ideal width of an interval.
   */
  readonly drawn?: (random: Random, seconds: number, perSec: number) => Histogram[]
}

export function filled(count: number, latencyMs: () => number): Histogram {
  const histogram = new Histogram()
  for (let at = 0; at < count; at++) histogram.record(latencyMs() * 1000)
  return histogram
}

/** Time that a ratio `p` of the requests does not exceed. @param ratioAbove decreases with the time */
export function solveMs(ratioAbove: (ms: number) => number, p: number): number {
  let [low, high] = [0, 100_000]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (ratioAbove(middle) > 1 - p) low = middle
    else high = middle
  }
  return high
}

/** First-order autoregression with variance 1, started in its stationary state. */
export function autoregression(random: Random, persistence: number): () => number {
  let value = normal(random)
  return () => {
    value = persistence * value + Math.sqrt(1 - persistence ** 2) * normal(random)
    return value
  }
}

/** Box & Muller, Annals of Mathematical Statistics 29 (1958). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}
