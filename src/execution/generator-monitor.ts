import type { EventLoopUtilization } from 'node:perf_hooks'
import type { DelayStats, GeneratorHealth } from '../evidence/generator-health.ts'
import { clearInterval, eventLoopUtilization, now, setInterval } from '../machine/clock.ts'
import { descriptorLimit } from '../machine/descriptor-limit.ts'
import type { Histogram } from '../stats/histogram.ts'
import { percentileIntervalMs } from '../stats/intervals.ts'
import { LoopDelay } from './loop-delay.ts'
import { ScheduleDelay } from './schedule-delay.ts'

/**
 * Measures how the generator's own process performs: from {@link start}, at the beginning of the counted phases, to
 * {@link stop}. All figures are of the whole process, so that a test's own work beside the load shows too.
 */
export class GeneratorMonitor {
  readonly #countSockets: () => number
  /** Read once: that is a file, or a command. */
  readonly #descriptorLimit = descriptorLimit()
  readonly #loopDelay = new LoopDelay()
  #scheduleDelay = new ScheduleDelay()
  #sampler: NodeJS.Timeout | undefined
  #startedMs = 0
  #cpuAtStart = process.cpuUsage()
  #loopAtStart: EventLoopUtilization = eventLoopUtilization()
  #ratios: { utilization: number; cpu: number } | undefined
  #maxRssBytes = 0
  #maxSockets = 0

  /** @param countSockets how many sockets the engine has open now */
  constructor(countSockets: () => number) {
    this.#countSockets = countSockets
  }

  /** Begins, or begins again and forgets what was measured. */
  start(): void {
    this.#startedMs = now()
    this.#cpuAtStart = process.cpuUsage()
    this.#loopAtStart = eventLoopUtilization()
    this.#ratios = undefined
    this.#scheduleDelay = new ScheduleDelay()
    this.#loopDelay.start()
    this.#sample()
    clearInterval(this.#sampler)
    this.#sampler = setInterval(() => this.#sample(), 1000)
  }

  /** Actual send minus intended start of a request for which a VU was free. */
  recordScheduleDelay(ms: number): void {
    this.#scheduleDelay.record(ms, now() - this.#startedMs)
  }

  stop(): void {
    if (this.#sampler === undefined) return
    this.#ratios = this.#ratiosNow()
    this.#sample()
    clearInterval(this.#sampler)
    this.#sampler = undefined
    this.#loopDelay.stop()
  }

  /** The figures so far, or those of the whole watch once it is stopped. */
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
    const { user, system } = process.cpuUsage(this.#cpuAtStart)
    const wallMs = Math.max(1, now() - this.#startedMs)
    const { utilization } = eventLoopUtilization(this.#loopAtStart)
    return { utilization, cpu: (user + system) / 1000 / wallMs }
  }

  #sample(): void {
    this.#maxRssBytes = Math.max(this.#maxRssBytes, process.memoryUsage.rss())
    this.#maxSockets = Math.max(this.#maxSockets, this.#countSockets())
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
