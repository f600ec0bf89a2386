import type { Random } from '../src/load/random.ts'
import type { HitWindow } from '../src/stats/intervals.ts'

/**
 * Interval of a ratio by the usual method, for comparison: blocks of T^⅓ windows drawn with replacement from the circle of
 * windows (Politis & Romano, A Circular Block-Resampling Procedure for Stationary Data, 1992); the middle 95% of the
 * resulting ratios.
 */
export function bootstrapRatio(windows: readonly HitWindow[], random: Random): readonly [low: number, high: number] {
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
