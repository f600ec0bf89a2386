import type { LoopBlocks, LoopDelayStats } from '../evidence/generator-health.ts'
import { clearInterval, now, setInterval } from '../machine/clock.ts'
import { Histogram, highestOf } from '../stats/histogram.ts'

/** Milliseconds between two measurements of the event loop's delay. */
const RESOLUTION_MS = 10

const NOTHING: LoopDelayStats = {
  p50Ms: 0,
  p95Ms: 0,
  p99Ms: 0,
  sustainedP99Ms: 0,
  maxMs: 0,
  blocks: { count: 0, totalMs: 0 },
}

/** Length from which a block may change a percentile. */
const BLOCK_US = 5_000

/**
 * Time that an event at a random instant waits because the event loop is blocked:
 *
 *     ──────┬───────────┬────────  ratio of the time in which an event waits longer than L:
 *           │  blocked  │          sum of (d − L) over all blocks of length d > L, divided by the whole time
 *           │◄─── d ───►│
 *
 * A percentile over the measurements would weight a block of 300 ms like a normal interval of 10 ms.
 */
export class LoopDelay {
  #blocks = new Histogram()
  #timer: NodeJS.Timeout | undefined
  #measuredMs = 0

  /** Starts, or restarts and discards what was measured. */
  start(): void {
    this.stop()
    this.#blocks = new Histogram()
    this.#measuredMs = now()
    this.#timer = setInterval(() => this.#measure(), RESOLUTION_MS)
  }

  stop(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    // A block that lasts until the end has not been measured yet.
    this.#measure()
  }

  get stats(): LoopDelayStats {
    const blocks = this.#blocks
    if (blocks.count === 0) return NOTHING
    const spanUs = blocks.count * (RESOLUTION_MS * 1000 + blocks.meanUs)
    const at = (p: number, ignoredCount = 0) => waitUs(blocks, spanUs * (1 - p), ignoredCount) / 1000
    return {
      p50Ms: at(0.5),
      p95Ms: at(0.95),
      p99Ms: at(0.99),
      sustainedP99Ms: at(0.99, 1),
      maxMs: blocks.maxUs / 1000,
      blocks: longBlocks(blocks),
    }
  }

  #measure(): void {
    const nowMs = now()
    this.#blocks.record(Math.max(0, nowMs - this.#measuredMs - RESOLUTION_MS) * 1000)
    this.#measuredMs = nowMs
  }
}

/**
 * Shortest wait that all blocks together exceed by at most `allowedUs`.
 *
 * @param ignoredCount number of the longest blocks to leave out
 */
function waitUs(blocks: Histogram, allowedUs: number, ignoredCount: number): number {
  let [count, sumUs] = [-ignoredCount, -ignoredCount * blocks.maxUs]
  for (const [bucket, n] of Array.from(blocks.buckets()).toReversed()) {
    const us = Math.min(highestOf(bucket), blocks.maxUs)
    // The sum by which longer blocks exceed this one.
    if (count > 0 && sumUs - count * us > allowedUs) break
    count += n
    sumUs += n * us
  }
  return count <= 0 ? 0 : Math.max(0, (sumUs - allowedUs) / count)
}

function longBlocks(blocks: Histogram): LoopBlocks {
  let [count, us] = [0, 0]
  for (const [bucket, n] of blocks.buckets()) {
    const longestUs = Math.min(highestOf(bucket), blocks.maxUs)
    if (longestUs <= BLOCK_US) continue
    count += n
    us += n * longestUs
  }
  return { count, totalMs: us / 1000 }
}
