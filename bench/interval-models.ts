import type { Random } from '../src/load/random.ts'
import { studentQuantile } from '../src/stats/distributions.ts'
import { Histogram } from '../src/stats/histogram.ts'
import type { HitWindow } from '../src/stats/intervals.ts'
import { autoregression, filled, normal, solveMs, type LatencyModel } from './latency-model.ts'

/** A service with a known error rate. */
export interface ErrorModel {
  readonly name: string
  readonly windows: (random: Random, seconds: number, perSec: number, ratio: number) => HitWindow[]
}

const MEDIAN_MS = 40
const OWN_SPREAD = 0.5

/**
 * Lognormal latencies around a level that varies from second to second: a first-order autoregression of the logarithm,
 * started in its stationary state. Both parts are normal, so the result is lognormal with the sum of the variances.
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

/** Most responses after about 10 ms, some after about 160 ms, in a ratio that differs from second to second. */
function mixture(name: string, slowRatio: (random: Random) => number, meanRatio: number): LatencyModel {
  const above = (ms: number) => (1 - meanRatio) * tail(ms - 10, 2) + meanRatio * tail(ms - 160, 10)
  return {
    name,
    windows: (random, seconds, perSec) =>
      Array.from({ length: seconds }, () => {
        const slow = slowRatio(random)
        return filled(perSec, () => (random.next() < slow ? 160 + random.exponential(10) : 10 + random.exponential(2)))
      }),
    trueMs: (p) => solveMs(above, p),
  }
}

export const slowTail = mixture('6% slow, independent', () => 0.06, 0.06)

/** One second in five has 20% slow responses, the others 1%. */
export const bursts = mixture('slow responses in bursts', (random) => (random.next() < 0.2 ? 0.2 : 0.01), 0.048)

export const twoRoutes = mixture('half fast, half slow', () => 0.5, 0.5)

/** One second in ten is a stall: its requests wait for 20 to 500 ms. */
export const stalls: LatencyModel = {
  name: 'one second in ten stalls',
  windows: (random, seconds, perSec) =>
    Array.from({ length: seconds }, () =>
      random.next() < 0.1
        ? filled(perSec, () => 20 + 480 * random.next())
        : filled(perSec, () => 10 + random.exponential(2)),
    ),
  trueMs: (p) => solveMs((ms) => 0.9 * tail(ms - 10, 2) + 0.1 * Math.min(1, Math.max(0, (500 - ms) / 480)), p),
}

/** Pareto with exponent 1.5: no variance. */
export const heavyTail: LatencyModel = {
  name: 'heavy tail, independent',
  windows: (random, seconds, perSec) =>
    Array.from({ length: seconds }, () => filled(perSec, () => 5 * (1 - random.next()) ** (-1 / 1.5))),
  trueMs: (p) => 5 * (1 - p) ** (-1 / 1.5),
}

/**
 * An M/M/1 queue, first come first served. Its time in system is exponential with mean 1/(μ − λ) (Kleinrock, Queueing
 * Systems I, 1975, eq. 5.119). Successive waits are computed by Lindley's recursion.
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

/** Errors at a rate that varies from second to second, lognormal around its mean. */
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

function tail(ms: number, meanMs: number): number {
  return ms <= 0 ? 1 : Math.exp(-ms / meanMs)
}
