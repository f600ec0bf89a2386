import type { Random } from '../src/load/random.ts'
import { Histogram } from '../src/stats/histogram.ts'

/** A service whose latency distribution is known, and how its latencies depend on each other in time. */
export interface LatencyModel {
  readonly name: string
  readonly windows: (random: Random, seconds: number, perSec: number) => Histogram[]
  readonly trueMs: (p: number, perSec: number) => number
  /**
   * For a service that drifts in the same way in every run: the same service with a drift that is drawn anew in every
   * run. One run cannot show the difference, so that the spread of the percentiles over these runs is what an interval
   * should be as wide as.
   */
  readonly drawn?: (random: Random, seconds: number, perSec: number) => Histogram[]
}

export function filled(count: number, latencyMs: () => number): Histogram {
  const histogram = new Histogram()
  for (let at = 0; at < count; at++) histogram.record(latencyMs() * 1000)
  return histogram
}

/** The time that a share `p` of requests does not exceed. @param shareAbove falls as the time rises */
export function solveMs(shareAbove: (ms: number) => number, p: number): number {
  let [low, high] = [0, 100_000]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (shareAbove(middle) > 1 - p) low = middle
    else high = middle
  }
  return high
}

/** A first-order autoregression of variance 1, started in its stationary state. */
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
