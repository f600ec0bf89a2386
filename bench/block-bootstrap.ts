import type { Random } from '../src/load/random.ts'
import { Histogram } from '../src/stats/histogram.ts'
import type { HitWindow } from '../src/stats/intervals.ts'

type Ends = readonly [low: number, high: number]

/**
 * The usual remedy, to compare with: blocks of T^⅓ windows drawn with replacement from the circle of windows (Politis &
 * Romano, A Circular Block-Resampling Procedure for Stationary Data, 1992), the middle 95% of the ratios they give.
 */
export function bootstrapRatio(windows: readonly HitWindow[], random: Random): Ends {
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
  const ratios = Float64Array.from({ length: 399 }, () => {
    let [hits, total] = [0, 0]
    for (let drawn = 0; drawn < windows.length; drawn += length) {
      const block = random.pick(blocks)
      hits += block.hits
      total += block.total
    }
    return hits / total
  }).toSorted()
  return [ratios[9]!, ratios[389]!]
}

/** The bootstrap of the share below the percentile, read back through the distribution. */
export function bootstrapPercentileMs(windows: readonly Histogram[], p: number, random: Random): Ends {
  const all = Histogram.merged(windows)
  const valueUs = all.percentileUs(p)
  const [low, high] = bootstrapRatio(
    windows.map((window) => ({ hits: window.countAtMost(valueUs), total: window.count })),
    random,
  )
  return [all.percentileUs(low) / 1000, all.percentileUs(high) / 1000]
}
