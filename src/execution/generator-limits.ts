import type { DelayStats, GeneratorHealth } from '../evidence/generator-health.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { significant, formatRatio } from '../stats/units.ts'

/**
 * Limits beyond which the generator counts as saturated and the run as invalid. The defaults are between the figures that
 * `npm run bench:limits` prints for a generator that measures correctly (idle, a third busy, paused once, beside one or two
 * busy processes: schedule delay p99 and event-loop delay p99 up to 3 ms; 1,000 VUs without think time: 7 ms) and for one
 * that does not (beside eight busy processes: both from 7 ms, while the target's 20 ms are measured as 60 ms and more).
 */
export interface GeneratorLimits {
  /**
   * 99th percentile of actual send minus intended start while a VU was free, without the worst second. Exceeded only if
   * that is 95% certain: of 200 requests, two late ones do not exceed it, eight do.
   *
   * @default 5 ms
   */
  readonly scheduleDelayP99Ms: number
  /**
   * Longest wait of an event, in 99% of the time, because the event loop was blocked. The longest block is left out if,
   * including it, events waited longer than this in less than 5% of the time.
   *
   * @default 8 ms
   */
  readonly eventLoopDelayP99Ms: number
  /**
   * Ratio of the median service time up to which delays are accepted even beyond the limits: they are too small to change a
   * verdict. The median, because a starved generator would raise its own limit through the tail.
   *
   * @default 0.1
   */
  readonly serviceTimeRatio: number
  /** Ratio of due requests that a constantly busy generator must have sent. @default 0.99 */
  readonly sentRatio: number
  /** Event-loop utilization from which unsent requests are attributed to the generator. @default 0.95 */
  readonly busyUtilization: number
}

export const DEFAULT_LIMITS: GeneratorLimits = {
  scheduleDelayP99Ms: 5,
  eventLoopDelayP99Ms: 8,
  serviceTimeRatio: 0.1,
  sentRatio: 0.99,
  busyUtilization: 0.95,
}

/** Limits for a run with a given median service time. */
export function limitsForServiceTime(serviceP50Ms: number, limits: GeneratorLimits): GeneratorLimits {
  const allowedMs = Number.isNaN(serviceP50Ms) ? 0 : serviceP50Ms * limits.serviceTimeRatio
  return {
    ...limits,
    scheduleDelayP99Ms: Math.max(limits.scheduleDelayP99Ms, allowedMs),
    eventLoopDelayP99Ms: Math.max(limits.eventLoopDelayP99Ms, allowedMs),
  }
}

/** Reasons why a run is invalid because of its generator's health. */
export function generatorInvalidities(health: GeneratorHealth, limits: GeneratorLimits): readonly Invalidity[] {
  const { eventLoopDelay } = health
  const scheduleDelay = health.sustainedScheduleDelay ?? health.scheduleDelay
  const findings: string[] = []
  if (scheduleDelay !== undefined && certainP99Ms(scheduleDelay) > limits.scheduleDelayP99Ms)
    findings.push(
      `schedule delay p99 ${ms(scheduleDelay.p99Ms)}${scheduleDelay.p99Ms === health.scheduleDelay?.p99Ms ? '' : ' without its worst second'}, limit ${ms(limits.scheduleDelayP99Ms)}`,
    )
  const { p95Ms = 0, p99Ms, sustainedP99Ms = p99Ms } = eventLoopDelay
  if (Math.max(p95Ms, sustainedP99Ms) > limits.eventLoopDelayP99Ms)
    findings.push(`event-loop delay p99 ${ms(p99Ms)}, limit ${ms(limits.eventLoopDelayP99Ms)}`)
  if (findings.length === 0) return []
  return [
    {
      reason: 'generator-saturated',
      finding: `${findings.join('; ')} (event loop busy ${formatRatio(health.eventLoopUtilization)}, CPU ${formatRatio(health.cpuRatio)} of a core)`,
      fix:
        health.cpuRatio > 0.8
          ? 'use several generators, definePerfConfig({ generators: 4 }), reduce the load, do less work in request and check functions, or run it on a faster core'
          : 'the process did not get the CPU it needed: stop other programs on this machine, or run the target on another one',
    },
  ]
}

/** Invalidity of a scope in which a constantly busy generator left due requests unsent. */
export function missedRate(
  { offered, sent }: { offered: number; sent: number },
  health: GeneratorHealth,
  limits: GeneratorLimits,
): readonly Invalidity[] {
  if (offered === 0 || sent >= offered * limits.sentRatio || health.eventLoopUtilization < limits.busyUtilization)
    return []
  return [
    {
      reason: 'offered-rate-missed',
      finding: `${formatRatio(sent / offered)} of the requests due were sent, with the generator's event loop busy ${formatRatio(health.eventLoopUtilization)} of the time`,
      fix: 'lower the rate to what this machine can send, or use several generators: definePerfConfig({ generators: 4 })',
    },
  ]
}

function certainP99Ms({ p99Ms, p99AtLeastMs = p99Ms }: DelayStats): number {
  return p99AtLeastMs
}

function ms(value: number): string {
  return `${significant(value, 3)} ms`
}
