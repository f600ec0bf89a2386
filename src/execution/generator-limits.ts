import type { DelayStats, GeneratorHealth } from '../evidence/generator-health.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { significant, formatRatio } from '../stats/units.ts'

/**
 * Limits beyond which the load generator counts as saturated and the run as invalid. The defaults lie between what `npm run bench:limits`
 * finds of a generator that measures (idle, a third busy, paused once, one or two busy neighbours: schedule delay p99 up
 * to 3 ms, event-loop delay p99 up to 3 ms; 1,000 VUs as fast as they can: 7 ms) and of one that does not (eight
 * neighbours that take all the CPU they get: both from 7 ms on, while the target's 20 ms are measured as 60 and more).
 */
export interface GeneratorLimits {
  /**
   * 99th percentile of actual send minus intended start while a VU was free, the worst second left out. Passed where
   * that is 95% certain: of 200 requests, two late ones are no finding, eight are. Default: 5 ms.
   */
  readonly scheduleDelayP99Ms: number
  /**
   * How long an event waited at most, in 99% of the time, because the event loop was blocked; the longest block left out,
   * if the loop was blocked for longer than this in less than 5% of the time with it. Default: 8 ms.
   */
  readonly eventLoopDelayP99Ms: number
  /**
   * Delays up to this share of the median service time are within the limits too: so little beside what the target
   * takes turns no verdict. The median, because a starved generator would raise its own limit by the tail. Default: 0.1.
   */
  readonly serviceTimeShare: number
  /** Share of due requests that a generator that was busy all the time must have sent. Default: 0.99. */
  readonly sentRatio: number
  /** From this event-loop utilisation on, requests that were not sent are the generator's doing. Default: 0.95. */
  readonly busyUtilization: number
}

export const DEFAULT_LIMITS: GeneratorLimits = {
  scheduleDelayP99Ms: 5,
  eventLoopDelayP99Ms: 8,
  serviceTimeShare: 0.1,
  sentRatio: 0.99,
  busyUtilization: 0.95,
}

/** The limits for a run whose median service time was such. */
export function limitsBeside(serviceP50Ms: number, limits: GeneratorLimits): GeneratorLimits {
  const allowedMs = Number.isNaN(serviceP50Ms) ? 0 : serviceP50Ms * limits.serviceTimeShare
  return {
    ...limits,
    scheduleDelayP99Ms: Math.max(limits.scheduleDelayP99Ms, allowedMs),
    eventLoopDelayP99Ms: Math.max(limits.eventLoopDelayP99Ms, allowedMs),
  }
}

/** Reasons not to use a run's figures because of how its generator performed. */
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
      remedy:
        health.cpuRatio > 0.8
          ? 'ask for less load from this process, do less in request and check functions, or give the generator a faster core'
          : 'the process did not get the CPU it needed: stop what else runs on this machine, or run the target elsewhere',
    },
  ]
}

/** Speaks against a scope in which a generator that was busy all the time left due requests unsent. */
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
      remedy: 'lower the rate to what this machine can send, or split the load over several machines',
    },
  ]
}

function certainP99Ms({ p99Ms, p99AtLeastMs = p99Ms }: DelayStats): number {
  return p99AtLeastMs
}

function ms(value: number): string {
  return `${significant(value, 3)} ms`
}
