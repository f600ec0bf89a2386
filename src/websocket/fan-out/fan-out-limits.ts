import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { Invalidity } from '../../evidence/verdict.ts'
import { DEFAULT_LIMITS, generatorInvalidities, type GeneratorLimits } from '../../execution/generator-limits.ts'
import { formatRatio } from '../../stats/units.ts'

/** Share of `lateAfter` that the generator's own delays may take before they decide what is late. */
const SCHEDULE_SHARE = 0.1
const EVENT_LOOP_SHARE = 0.25
/** Handshakes come in bursts too, and are judged by seconds. */
const OPENING_DELAY_P99_MS = 250

/**
 * The limits for a fan-out. Thousands of deliveries arrive in one burst, which keeps the event loop busy for as long as
 * reading them takes: that is in the lag, and harmless as long as it is small beside the lag that is judged. So the
 * delays are held against `lateAfter`, where that allows more than the general limits.
 */
export function limitsFor(lateAfterMs: number, limits: GeneratorLimits): GeneratorLimits {
  return {
    ...limits,
    scheduleDelayP99Ms: Math.max(limits.scheduleDelayP99Ms, lateAfterMs * SCHEDULE_SHARE),
    eventLoopDelayP99Ms: Math.max(limits.eventLoopDelayP99Ms, lateAfterMs * EVENT_LOOP_SHARE),
  }
}

/** Reasons not to use connect times: handshakes got a response, and the generator did not look. */
export function openingSaturation(health: GeneratorHealth | undefined): readonly Invalidity[] {
  const unlimited = Number.POSITIVE_INFINITY
  const limits = { eventLoopDelayP99Ms: OPENING_DELAY_P99_MS, scheduleDelayP99Ms: unlimited }
  return health === undefined ? [] : generatorInvalidities(health, { ...DEFAULT_LIMITS, ...limits })
}

/** Reasons not to use a fan-out's figures because of how its generator processes fared. */
export function fanOutSaturation(health: GeneratorHealth, limits: GeneratorLimits): Invalidity[] {
  const found = [...generatorInvalidities(health, limits)]
  if (health.eventLoopUtilization >= limits.busyUtilization)
    found.push({
      reason: 'generator-saturated',
      finding: `the event loop of the generator was busy ${formatRatio(health.eventLoopUtilization)} of the time, limit ${formatRatio(limits.busyUtilization)}`,
      remedy: 'messages waited to be read: hold the sockets in more processes, or ask for fewer of them',
    })
  return found
}
