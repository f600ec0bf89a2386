import { betaQuantile } from './distributions.ts'
import { Histogram } from './histogram.ts'
import { Random } from './random.ts'

/** Where a true value lies, with what confidence, and how that was worked out. In the unit of the value itself. */
export interface Interval {
  readonly low: number
  readonly high: number
  /** 0–1, e.g. 0.95. */
  readonly confidence: number
  /** `block bootstrap` or `exact binomial`. */
  readonly method: string
}

export interface IntervalOptions {
  /** Default: 0.95. */
  readonly confidence?: number
  /** Default: 1. The same seed and windows give the same interval. */
  readonly seed?: number
}

/** How many of a window's requests were hits: errors, answers of one status, … */
export interface HitWindow {
  readonly hits: number
  readonly total: number
}

const REPLICATES = 1_000
/** Below so many hits (or misses) the bootstrap has too little to draw from. */
const FEW = 10

/**
 * The interval of a percentile, in milliseconds, or `undefined` where there are no samples.
 *
 * @param windows the samples in scope by one-second windows, in order of time
 * @param p as a ratio: 0.95, not 95
 */
export function percentileIntervalMs(
  windows: readonly Histogram[],
  p: number,
  options: IntervalOptions = {},
): Interval | undefined {
  const all = Histogram.merged(windows)
  if (all.count === 0) return undefined
  const valueUs = all.percentileUs(p)
  const within = windows.map((window) => ({ hits: window.countAtMost(valueUs), total: window.count }))
  const ratio = ratioInterval(within, options)!
  // Woodruff, JASA 47 (1952): the interval of the share at most the percentile, read back through the distribution.
  return {
    ...ratio,
    low: all.percentileUs(p + (ratio.low - ratioOf(within))) / 1000,
    high: all.percentileUs(p + (ratio.high - ratioOf(within))) / 1000,
  }
}

/** The interval of a ratio such as the error ratio, or `undefined` where nothing was counted. */
export function ratioInterval(windows: readonly HitWindow[], options: IntervalOptions = {}): Interval | undefined {
  const { confidence = 0.95, seed = 1 } = options
  let [hits, total] = [0, 0]
  for (const window of windows) {
    hits += window.hits
    total += window.total
  }
  if (total === 0) return undefined
  if (hits < FEW || total - hits < FEW) return exactBinomial(hits, total, confidence)
  return blockBootstrap(windows, confidence, new Random(seed))
}

/** Clopper & Pearson, Biometrika 26 (1934). */
function exactBinomial(hits: number, total: number, confidence: number): Interval {
  const tail = (1 - confidence) / 2
  const low = hits === 0 ? 0 : betaQuantile(tail, hits, total - hits + 1)
  const high = hits === total ? 1 : betaQuantile(1 - tail, hits + 1, total - hits)
  return { low, high, confidence, method: 'exact binomial' }
}

/** Politis & Romano, A Circular Block-Resampling Procedure for Stationary Data (1992). */
function blockBootstrap(windows: readonly HitWindow[], confidence: number, random: Random): Interval {
  const length = Math.max(1, Math.round(windows.length ** (1 / 3)))
  const blocks = windows.map((_, start) => {
    const block = { hits: 0, total: 0 }
    for (let at = start; at < start + length; at++) {
      const window = windows[at % windows.length]!
      block.hits += window.hits
      block.total += window.total
    }
    return block
  })
  const ratios = Float64Array.from({ length: REPLICATES }, () => {
    let [hits, total] = [0, 0]
    for (let drawn = 0; drawn < windows.length || total === 0; drawn += length) {
      const block = random.pick(blocks)
      hits += block.hits
      total += block.total
    }
    return hits / total
  }).toSorted()
  const tail = Math.floor(((1 - confidence) / 2) * REPLICATES)
  return { low: ratios[tail]!, high: ratios[REPLICATES - 1 - tail]!, confidence, method: 'block bootstrap' }
}

function ratioOf(windows: readonly HitWindow[]): number {
  return windows.reduce((sum, { hits }) => sum + hits, 0) / windows.reduce((sum, { total }) => sum + total, 0)
}
