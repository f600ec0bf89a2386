import type { Random } from '../src/load/random.ts'
import { studentQuantile } from '../src/stats/distributions.ts'
import { Histogram } from '../src/stats/histogram.ts'
import type { HitWindow } from '../src/stats/intervals.ts'

/** A service whose latency distribution is known, and how its latencies hang together in time. */
export interface LatencyModel {
  readonly name: string
  readonly windows: (random: Random, seconds: number, perSec: number) => Histogram[]
  readonly trueMs: (p: number, perSec: number) => number
}

/** A service whose error ratio is known. */
export interface ErrorModel {
  readonly name: string
  readonly windows: (random: Random, seconds: number, perSec: number, ratio: number) => HitWindow[]
}

const MEDIAN_MS = 40
const OWN_SPREAD = 0.5

/**
 * Lognormal latencies around a level that wanders from second to second: a first-order autoregression in the logarithm,
 * started in its stationary state. Both parts are normal, so the whole is lognormal with the sum of the variances.
 */
export function wandering(name: string, levelSpread: number, persistence: number): LatencyModel {
  const spread = Math.hypot(OWN_SPREAD, levelSpread)
  return {
    name,
    windows(random, seconds, perSec) {
      const level = autoregression(random, persistence)
      return Array.from({ length: seconds }, () => {
        const median = MEDIAN_MS * Math.exp(levelSpread * level())
        return filled(perSec, () => median * Math.exp(OWN_SPREAD * normal(random)))
      })
    },
    trueMs: (p) => MEDIAN_MS * Math.exp(spread * studentQuantile(p, Number.POSITIVE_INFINITY)),
  }
}

/** 94% of answers after 10 ms and a little, 6% after 160 ms and a little, independent of one another. */
export const slowTail: LatencyModel = {
  name: '6% slow, independent',
  windows: (random, seconds, perSec) =>
    Array.from({ length: seconds }, () =>
      filled(perSec, () => (random.next() < 0.94 ? 10 + random.exponential(2) : 160 + random.exponential(10))),
    ),
  trueMs(p) {
    const above = (ms: number) => 0.94 * tail(ms - 10, 2) + 0.06 * tail(ms - 160, 10)
    let [low, high] = [0, 1000]
    for (let step = 0; step < 60; step++) {
      const middle = (low + high) / 2
      if (above(middle) > 1 - p) low = middle
      else high = middle
    }
    return high
  },
}

/**
 * One server, Poisson arrivals, exponential service, first come first served. Its time in system is exponential with
 * mean 1/(μ − λ) (Kleinrock, Queueing Systems I, 1975, eq. 5.119). Waits follow on waits, by Lindley's recursion.
 */
export function queue(utilization: number): LatencyModel {
  return {
    name: `queue at ${utilization * 100}%`,
    windows(random, seconds, perSec) {
      const serviceMs = (utilization * 1000) / perSec
      const gapMs = 1000 / perSec
      const windows = Array.from({ length: seconds }, () => new Histogram())
      let waitMs = random.next() < utilization ? random.exponential(serviceMs / (1 - utilization)) : 0
      for (let atMs = random.exponential(gapMs); atMs < seconds * 1000;) {
        const inSystemMs = waitMs + random.exponential(serviceMs)
        windows[Math.floor(atMs / 1000)]!.record(inSystemMs * 1000)
        const nextMs = random.exponential(gapMs)
        waitMs = Math.max(0, inSystemMs - nextMs)
        atMs += nextMs
      }
      return windows
    },
    trueMs: (p, perSec) => (-Math.log(1 - p) * 1000) / (perSec / utilization - perSec),
  }
}

/** Errors at a ratio that wanders from second to second, lognormal around its mean. */
export function wanderingErrors(name: string, spread: number, persistence: number): ErrorModel {
  return {
    name,
    windows(random, seconds, perSec, ratio) {
      const level = autoregression(random, persistence)
      return Array.from({ length: seconds }, () => {
        const now = ratio * Math.exp(spread * level() - spread ** 2 / 2)
        let hits = 0
        for (let sent = 0; sent < perSec; sent++) if (random.next() < now) hits++
        return { hits, total: perSec }
      })
    },
  }
}

function autoregression(random: Random, persistence: number): () => number {
  let value = normal(random)
  return () => {
    value = persistence * value + Math.sqrt(1 - persistence ** 2) * normal(random)
    return value
  }
}

function filled(count: number, latencyMs: () => number): Histogram {
  const histogram = new Histogram()
  for (let at = 0; at < count; at++) histogram.record(latencyMs() * 1000)
  return histogram
}

/** Box & Muller, Annals of Mathematical Statistics 29 (1958). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

function tail(ms: number, meanMs: number): number {
  return ms <= 0 ? 1 : Math.exp(-ms / meanMs)
}
