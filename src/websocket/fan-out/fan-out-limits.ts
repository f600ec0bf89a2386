import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { Invalidity } from '../../evidence/verdict.ts'
import { DEFAULT_LIMITS, generatorInvalidities, type GeneratorLimits } from '../../execution/generator-limits.ts'
import { formatRatio } from '../../stats/units.ts'

/** Ratios of `lateThreshold` up to which delays of the generator hardly affect which deliveries are late. */
const SCHEDULE_RATIO = 0.1
const EVENT_LOOP_RATIO = 0.25
/** Handshakes arrive in bursts too, and take up to seconds. */
const OPENING_DELAY_P99_MS = 250

/**
 * Limits of the generator for a fan-out. Thousands of deliveries arrive in one burst, and reading them blocks the event
 * loop. This time is part of the lag, and harmless if it is small compared with `lateThreshold`. The delays are therefore
 * limited by `lateThreshold` if that allows more than the general limits.
 */
export function limitsFor(lateThresholdMs: number, limits: GeneratorLimits): GeneratorLimits {
  return {
    ...limits,
    scheduleDelayP99Ms: Math.max(limits.scheduleDelayP99Ms, lateThresholdMs * SCHEDULE_RATIO),
    eventLoopDelayP99Ms: Math.max(limits.eventLoopDelayP99Ms, lateThresholdMs * EVENT_LOOP_RATIO),
  }
}

/** Reasons why connect times are invalid: the generator was too busy to read the responses in time. */
export function openingSaturation(health: GeneratorHealth | undefined): readonly Invalidity[] {
  const unlimited = Number.POSITIVE_INFINITY
  const limits = { eventLoopDelayP99Ms: OPENING_DELAY_P99_MS, scheduleDelayP99Ms: unlimited }
  return health === undefined ? [] : generatorInvalidities(health, { ...DEFAULT_LIMITS, ...limits })
}

/** Reasons why the health of its generator processes makes a fan-out invalid. */
export function fanOutSaturation(health: GeneratorHealth, limits: GeneratorLimits): Invalidity[] {
  const found = [...generatorInvalidities(health, limits)]
  if (health.eventLoopUtilization >= limits.busyUtilization)
    found.push({
      reason: 'generator-saturated',
      finding: `the event loop of the generator was busy ${formatRatio(health.eventLoopUtilization)} of the time, limit ${formatRatio(limits.busyUtilization)}`,
      fix: 'messages waited to be read: raise processes, or request fewer connections',
    })
  return found
}
