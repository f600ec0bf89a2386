import { monitorEventLoopDelay, type EventLoopUtilization } from 'node:perf_hooks'
import { clearInterval, eventLoopUtilization, now, setInterval } from '../machine/clock.ts'
import type { Histogram } from '../stats/histogram.ts'
import { percentileIntervalMs } from '../stats/intervals.ts'
import { descriptorLimit } from './descriptor-limit.ts'
import type { DelayStats, GeneratorHealth } from './generator.ts'
import { ScheduleDelay } from './schedule-delay.ts'

/** Milliseconds between looks at how late the event loop is. */
const RESOLUTION_MS = 10

/**
 * Measures how the generator's own process fares: from {@link start}, at the beginning of the counted phases, to
 * {@link stop}. All figures are of the whole process, so that a test's own work beside the load shows too.
 */
export class GeneratorWatch {
  readonly #countSockets: () => number
  readonly #loopDelay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
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
    this.#loopDelay.enable()
    this.#loopDelay.reset()
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
    this.#loopDelay.disable()
  }

  /** The figures so far, or those of the whole watch once it is stopped. */
  health(): GeneratorHealth {
    const { utilization, cpu } = this.#ratios ?? this.#ratiosNow()
    const sustained = delayStats(this.#scheduleDelay.sustained)
    return {
      scheduleDelay: delayStats(this.#scheduleDelay.all),
      ...(sustained === undefined ? {} : { sustainedScheduleDelay: sustained }),
      eventLoopDelay: this.#loopStats(),
      eventLoopUtilization: utilization,
      cpuRatio: cpu,
      maxRssBytes: this.#maxRssBytes,
      openSockets: this.#maxSockets,
      descriptorLimit: descriptorLimit(),
    }
  }

  #ratiosNow(): { utilization: number; cpu: number } {
    const { user, system } = process.cpuUsage(this.#cpuAtStart)
    const wallMs = Math.max(1, now() - this.#startedMs)
    const { utilization } = eventLoopUtilization(this.#loopAtStart)
    return { utilization, cpu: (user + system) / 1000 / wallMs }
  }

  #loopStats(): DelayStats {
    // The histogram counts from one look to the next, the wait asked for included.
    const late = (ns: number) => Math.max(0, ns / 1e6 - RESOLUTION_MS)
    if (this.#loopDelay.count === 0) return { p50Ms: 0, p99Ms: 0, maxMs: 0 }
    return {
      p50Ms: late(this.#loopDelay.percentile(50)),
      p99Ms: late(this.#loopDelay.percentile(99)),
      maxMs: late(this.#loopDelay.max),
    }
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
