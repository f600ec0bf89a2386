import type { DelayStats, GeneratorHealth } from '../evidence/generator-health.ts'
import { clearInterval, cpuUsage, loopIdleMs, now, setInterval } from '../machine/clock.ts'
import { descriptorLimit } from '../machine/descriptors.ts'
import type { Histogram } from '../stats/histogram.ts'
import { percentileIntervalMs } from '../stats/intervals.ts'
import { LoopDelay } from './loop-delay.ts'
import { ScheduleDelay } from './schedule-delay.ts'

/** Monitors of the loads in progress in this process. */
const running = new Set<GeneratorMonitor>()

/**
 * Health of the generator's process from {@link start}, at the beginning of the counted phases, to {@link stop}. All
 * figures are of the whole process, so they include a test's other work during the load: of several loads at once, each
 * is judged by the delays and the sockets of all.
 */
export class GeneratorMonitor {
  readonly countSockets: () => number
  /** Read once: it takes reading a file or running a command. */
  readonly #descriptorLimit = descriptorLimit()
  readonly #loopDelay = new LoopDelay()
  #scheduleDelay = new ScheduleDelay()
  #sampler: NodeJS.Timeout | undefined
  #startedMs = 0
  #cpuAtStart = cpuUsage()
  #idleAtStartMs = loopIdleMs()
  #ratios: { utilization: number; cpu: number } | undefined
  #maxRssBytes = 0
  #maxSockets = 0

  /** @param countSockets returns the number of sockets that the engine has open */
  constructor(countSockets: () => number) {
    this.countSockets = countSockets
  }

  /** Starts, or restarts and discards what was measured. */
  start(): void {
    this.#startedMs = now()
    this.#cpuAtStart = cpuUsage()
    this.#idleAtStartMs = loopIdleMs()
    this.#ratios = undefined
    this.#scheduleDelay = new ScheduleDelay()
    this.#loopDelay.start()
    running.add(this)
    this.#sample()
    clearInterval(this.#sampler)
    this.#sampler = setInterval(() => this.#sample(), 1000)
  }

  /** Records actual send minus intended start of a request for which a VU was free. */
  recordScheduleDelay(ms: number): void {
    const nowMs = now()
    this.#scheduleDelay.record(ms, nowMs - this.#startedMs)
    if (running.size < 2) return
    for (const other of running) if (other !== this) other.#scheduleDelay.record(ms, nowMs - other.#startedMs)
  }

  stop(): void {
    if (this.#sampler === undefined) return
    this.#ratios = this.#ratiosNow()
    this.#sample()
    clearInterval(this.#sampler)
    this.#sampler = undefined
    running.delete(this)
    this.#loopDelay.stop()
  }

  /** Figures so far; after {@link stop} the final ones. */
  health(): GeneratorHealth {
    const { utilization, cpu } = this.#ratios ?? this.#ratiosNow()
    const sustained = delayStats(this.#scheduleDelay.sustained)
    return {
      scheduleDelay: delayStats(this.#scheduleDelay.all),
      ...(sustained === undefined ? {} : { sustainedScheduleDelay: sustained }),
      eventLoopDelay: this.#loopDelay.stats,
      eventLoopUtilization: utilization,
      cpuRatio: cpu,
      maxRssBytes: this.#maxRssBytes,
      openSockets: this.#maxSockets,
      descriptorLimit: this.#descriptorLimit,
    }
  }

  #ratiosNow(): { utilization: number; cpu: number } {
    const { user, system } = cpuUsage(this.#cpuAtStart)
    const wallMs = Math.max(1, now() - this.#startedMs)
    // Idle time is known only until the loop last woke, and the two clocks are not read at the same instant.
    const busyMs = Math.min(wallMs, Math.max(0, wallMs - (loopIdleMs() - this.#idleAtStartMs)))
    return { utilization: busyMs / wallMs, cpu: (user + system) / 1000 / wallMs }
  }

  #sample(): void {
    this.#maxRssBytes = Math.max(this.#maxRssBytes, process.memoryUsage.rss())
    let sockets = 0
    for (const { countSockets } of running) sockets += countSockets()
    this.#maxSockets = Math.max(this.#maxSockets, sockets)
  }
}

function delayStats(histogram: Histogram): DelayStats | undefined {
  if (histogram.count === 0) return undefined
  return {
    p50Ms: histogram.percentileUs(0.5) / 1000,
    p99Ms: histogram.percentileUs(0.99) / 1000,
    p99AtLeastMs: percentileIntervalMs([histogram], 0.99)!.low,
    maxMs: histogram.maxUs / 1000,
  }
}
