import type { LoopDelayStats } from '../evidence/generator-health.ts'
import { clearInterval, now, setInterval } from '../machine/clock.ts'
import { Histogram, highestOf } from '../stats/histogram.ts'

/** Milliseconds between looks at how late the event loop is. */
const RESOLUTION_MS = 10

/**
 * How long an event waits that comes at any instant, because the event loop is blocked:
 *
 *     ──────┬───────────┬────────  share of the time in which an event waits longer than L:
 *           │  blocked  │          sum of (d − L) over all blocks of length d > L, divided by the whole time
 *           │◄─── d ───►│
 *
 * Looks at the loop would weigh a block of 300 ms as much as a good look of 10 ms.
 */
export class LoopDelay {
  #blocks = new Histogram()
  #timer: NodeJS.Timeout | undefined
  #lookedMs = 0

  /** Begins, or begins again and forgets what was measured. */
  start(): void {
    this.stop()
    this.#blocks = new Histogram()
    this.#lookedMs = now()
    this.#timer = setInterval(() => this.#look(), RESOLUTION_MS)
  }

  stop(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    // A block that lasts until the end has had no look.
    this.#look()
  }

  get stats(): LoopDelayStats {
    const blocks = this.#blocks
    if (blocks.count === 0) return { p50Ms: 0, p95Ms: 0, p99Ms: 0, sustainedP99Ms: 0, maxMs: 0 }
    const spanUs = blocks.count * (RESOLUTION_MS * 1000 + blocks.meanUs)
    const at = (p: number, leaveOut = 0) => waitUs(blocks, spanUs * (1 - p), leaveOut) / 1000
    return {
      p50Ms: at(0.5),
      p95Ms: at(0.95),
      p99Ms: at(0.99),
      sustainedP99Ms: at(0.99, 1),
      maxMs: blocks.maxUs / 1000,
    }
  }

  #look(): void {
    const nowMs = now()
    this.#blocks.record(Math.max(0, nowMs - this.#lookedMs - RESOLUTION_MS) * 1000)
    this.#lookedMs = nowMs
  }
}

/**
 * The shortest wait that blocks exceed by no more than `allowedUs` in all.
 *
 * @param leaveOut so many of the longest blocks do not count
 */
function waitUs(blocks: Histogram, allowedUs: number, leaveOut: number): number {
  let [count, sumUs] = [-leaveOut, -leaveOut * blocks.maxUs]
  for (const [bucket, n] of Array.from(blocks.buckets()).toReversed()) {
    const us = Math.min(highestOf(bucket), blocks.maxUs)
    // Blocks longer than this one exceed it by so much.
    if (count > 0 && sumUs - count * us > allowedUs) break
    count += n
    sumUs += n * us
  }
  return count <= 0 ? 0 : Math.max(0, (sumUs - allowedUs) / count)
}
