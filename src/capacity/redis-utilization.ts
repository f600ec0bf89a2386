import type { RunWindow } from '../evidence/run-window.ts'
import type { PolicyEvidence, UtilizationEvidence } from '../evidence/utilization-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { formatBytes, formatCount, formatRatio } from '../stats/units.ts'
import type { RedisReading } from './redis-sample.ts'
import { grown, isSeen, mapped, within, type Observed, type Reading } from './samples.ts'
import { utilizationOf, unseenUtilization, withoutSamples, withoutUtilization } from './utilization.ts'

const WHAT = 'Redis memory'

export function redisMemory(observed: Observed<RedisReading>, window: RunWindow): UtilizationEvidence {
  if (!isSeen(observed)) return unseenUtilization(WHAT, 'of maxmemory', observed)
  const readings = within(observed.readings, window)
  const limit = readings.at(-1)?.value.maxMemoryBytes ?? 0
  if (readings.length > 0 && limit === 0) return withoutUtilization(WHAT, 'of maxmemory', [NO_LIMIT])
  if (readings.some(({ value }) => !Number.isFinite(value.usedMemoryBytes / value.maxMemoryBytes)))
    return withoutUtilization(WHAT, 'of maxmemory', [unreported('used_memory and maxmemory')])
  const evicted = grown(mapped(readings, ({ evictedKeys }) => evictedKeys))
  return utilizationOf({
    what: WHAT,
    of: `of maxmemory ${formatBytes(limit)}`,
    window,
    shares: mapped(readings, ({ usedMemoryBytes, maxMemoryBytes }) => usedMemoryBytes / maxMemoryBytes),
    failures: observed.failures,
    lines: [`${formatCount(evicted)} keys evicted   ${hitsText(readings)}`],
    hint:
      evicted > 0
        ? 'raise maxmemory, or store less: keys were evicted, so memory stays below its limit because data is deleted'
        : undefined,
  })
}

const NO_LIMIT = {
  reason: 'metric-missing',
  finding: 'Redis has no maxmemory to compare its memory with',
  fix: "set one: CONFIG SET maxmemory 256mb, or redis({ maxmemory: '256mb' }) in the config",
} as const

/** Some servers that speak Redis' protocol report less in INFO than Redis. */
function unreported(fields: string): Invalidity {
  return {
    reason: 'metric-missing',
    finding: `INFO of this Redis does not report ${fields}`,
    fix: 'remove the assertion, or point PERF_REDIS_URL at the server itself and not at a proxy',
  }
}

export function evictionPolicy(observed: Observed<RedisReading>, window: RunWindow): PolicyEvidence {
  const nothing = { policy: undefined, unavailable: undefined, invalidities: [], evidenceLines: [] }
  if (!isSeen(observed)) {
    const { unavailable, invalidities } = unseenUtilization(WHAT, '', observed)
    return { ...nothing, unavailable, invalidities }
  }
  const readings = within(observed.readings, window)
  const last = readings.at(-1)?.value
  if (last === undefined) return { ...nothing, invalidities: [withoutSamples(observed.failures)] }
  if (last.policy === undefined) return { ...nothing, invalidities: [unreported('maxmemory_policy')] }
  const memory = `${formatBytes(last.usedMemoryBytes)} of ${last.maxMemoryBytes === 0 ? 'no maxmemory' : formatBytes(last.maxMemoryBytes)}`
  const evicted = formatCount(grown(mapped(readings, ({ evictedKeys }) => evictedKeys)))
  return {
    ...nothing,
    policy: last.policy,
    evidenceLines: [`${memory} in use, ${evicted} keys evicted in the ${window.scope}`],
  }
}

/** Look-ups of the whole server, by all clients. */
function hitsText(readings: readonly Reading<RedisReading>[]): string {
  const hits = grown(mapped(readings, ({ keyspaceHits }) => keyspaceHits))
  const misses = grown(mapped(readings, ({ keyspaceMisses }) => keyspaceMisses))
  if (hits + misses === 0) return 'no key was looked up'
  return `${formatRatio(hits / (hits + misses))} of ${formatCount(hits + misses)} look-ups found their key`
}
