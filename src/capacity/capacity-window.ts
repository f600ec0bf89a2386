import { capacityOf, type CapacityEvidence, type ShareEvidence } from '../run/share-evidence.ts'
import type { RunSeries } from '../run/result.ts'
import type { Invalidity } from '../run/verdict.ts'
import type { RunWindow } from '../run/window.ts'
import { formatBytes, formatRatio } from '../stats/units.ts'
import type { PostgresReading } from './postgres-sample.ts'
import type { RedisReading } from './redis-sample.ts'
import type { Reading, Sampler } from './sampler.ts'

/** What was sampled for a scenario; a reason in words stands where there is no sampler. */
export interface Sampled {
  /** CPU seconds used so far by the target. */
  readonly cpu: Sampler<number> | string
  /** Cores the target may use, over all its instances on this machine. */
  readonly cores: number
  readonly redis: Sampler<RedisReading> | string
  readonly postgres: Sampler<PostgresReading> | string
}

/**
 * Where the target and its stores stood over the counted part of a run, sampled each second: assert on it with
 * `toHaveCpuBelow`, `toHaveRedisMemoryBelow`, `toHaveEvictionPolicy` and `toHavePoolUsageBelow`.
 */
export class CapacityWindow {
  readonly window: RunWindow
  readonly #sampled: Sampled

  constructor(window: RunWindow, sampled: Sampled) {
    this.window = window
    this.#sampled = sampled
  }

  /** Name of the run it belongs to. */
  get name(): string {
    return this.window.run
  }

  [capacityOf](): CapacityEvidence {
    return {
      cpu: (cores) => this.#cpu(cores),
      redisMemory: () => this.#redisMemory(),
      postgresConnections: () => this.#postgresConnections(),
      evictionPolicy: this.#evictionPolicy(),
    }
  }

  /** All samples since the run's start, for the report's charts. */
  get series(): readonly RunSeries[] {
    const { cpu, cores, redis, postgres } = this.#sampled
    return [
      ...this.#seriesOf(cpu, 'target', 'CPU', 'ratio', (readings) => cpuShares(readings, cores)),
      ...this.#seriesOf(redis, 'redis', 'used memory', 'bytes', (all) => mapped(all, (r) => r.usedMemoryBytes)),
      ...this.#seriesOf(postgres, 'postgres', 'connections', 'count', (all) => mapped(all, (r) => r.connections)),
      ...this.#seriesOf(postgres, 'postgres', 'active', 'count', (all) => mapped(all, (r) => r.activeConnections)),
    ]
  }

  #cpu(wanted: number | undefined): ShareEvidence {
    const { cpu, cores } = this.#sampled
    const whole = wanted ?? cores
    const of = `of ${whole} ${whole === 1 ? 'core' : 'cores'}`
    if (typeof cpu === 'string') return absent('CPU of the target', of, cpu)
    return this.#share('CPU of the target', of, cpuShares(cpu.during(this.window), whole), cpu.failures)
  }

  #redisMemory(): ShareEvidence {
    const { redis } = this.#sampled
    if (typeof redis === 'string') return absent('Redis memory', 'of maxmemory', redis)
    const readings = redis.during(this.window)
    const limit = readings.at(-1)?.value.maxMemoryBytes ?? 0
    const of = `of maxmemory ${formatBytes(limit)}`
    if (readings.length > 0 && limit === 0)
      return absent('Redis memory', 'of maxmemory', 'Redis has no maxmemory, so there is no share of it', SET_MAXMEMORY)
    const shares = mapped(readings, ({ usedMemoryBytes, maxMemoryBytes }) => usedMemoryBytes / maxMemoryBytes)
    const evicted = (readings.at(-1)?.value.evictedKeys ?? 0) - (readings[0]?.value.evictedKeys ?? 0)
    const share = this.#share('Redis memory', of, shares, redis.failures)
    return { ...share, evidenceLines: [...share.evidenceLines, `evicted keys ${evicted}`] }
  }

  #postgresConnections(): ShareEvidence {
    const { postgres } = this.#sampled
    if (typeof postgres === 'string') return absent('Postgres connections', 'of max_connections', postgres)
    const readings = postgres.during(this.window)
    const of = `of ${readings.at(-1)?.value.maxConnections ?? 0} that Postgres allows`
    return this.#share(
      'Postgres connections',
      of,
      mapped(readings, ({ connections, maxConnections }) => connections / maxConnections),
      postgres.failures,
    )
  }

  #evictionPolicy(): CapacityEvidence['evictionPolicy'] {
    const { redis } = this.#sampled
    if (typeof redis === 'string') return { policy: undefined, invalidities: [missing(redis)] }
    const policy = redis.during(this.window).at(-1)?.value.policy
    return { policy, invalidities: policy === undefined ? [missing(noSamples(redis.failures))] : [] }
  }

  #share(what: string, of: string, shares: readonly Reading<number>[], failures: readonly string[]): ShareEvidence {
    const worst = shares.reduce<Reading<number> | undefined>(
      (max, share) => (max === undefined || share.value > max.value ? share : max),
      undefined,
    )
    if (worst === undefined) return absent(what, of, noSamples(failures))
    const mean = shares.reduce((sum, { value }) => sum + value, 0) / shares.length
    const maxAtMs = Math.max(0, worst.atMs - (this.window.spans[0]?.startMs ?? 0))
    const failed = failures.length === 0 ? '' : `, ${failures.length} failed (${failures[0]})`
    return {
      ...{ what, of, mean, max: worst.value, maxAtMs, sampleCount: shares.length, invalidities: [] },
      evidenceLines: [
        `${this.window.scope}, ${shares.length} samples${failed}`,
        `mean ${formatRatio(mean)}   max ${formatRatio(worst.value)} at ${(maxAtMs / 1000).toFixed(0)} s   ${of}`,
      ],
    }
  }

  #seriesOf<T>(
    sampler: Sampler<T> | string,
    group: string,
    label: string,
    unit: RunSeries['unit'],
    values: (readings: readonly Reading<T>[]) => readonly Reading<number>[],
  ): RunSeries[] {
    if (typeof sampler === 'string') return []
    const { runStartMs, spans } = this.window
    const endMs = spans.at(-1)?.endMs ?? Number.POSITIVE_INFINITY
    const shown = values(sampler.readings).filter(({ atMs }) => atMs >= runStartMs && atMs <= endMs + 1_000)
    return [
      { group, label, unit, atSec: shown.map(({ atMs }) => seconds(atMs - runStartMs)), values: shown.map(rounded) },
    ]
  }
}

const SET_MAXMEMORY = "set one: CONFIG SET maxmemory 256mb, or redis({ maxmemory: '256mb' }) in the config"

/** CPU time between neighbouring readings over wall time and cores, at the later one's instant. */
function cpuShares(readings: readonly Reading<number>[], cores: number): Reading<number>[] {
  return readings.slice(1).flatMap((reading, index) => {
    const before = readings[index]!
    const wallSec = (reading.atMs - before.atMs) / 1000
    // A restart begins at zero again; a reading too soon after the last one has too coarse a clock.
    if (reading.value < before.value || wallSec < 0.2) return []
    return [{ atMs: reading.atMs, value: (reading.value - before.value) / wallSec / cores }]
  })
}

function mapped<T>(readings: readonly Reading<T>[], value: (from: T) => number): Reading<number>[] {
  return readings.map((reading) => ({ atMs: reading.atMs, value: value(reading.value) }))
}

function absent(what: string, of: string, finding: string, remedy?: string): ShareEvidence {
  const figures = { mean: Number.NaN, max: Number.NaN, maxAtMs: 0, sampleCount: 0 }
  return { what, of, ...figures, invalidities: [missing(finding, remedy)], evidenceLines: [] }
}

function missing(
  finding: string,
  remedy = 'name the service in definePerfConfig(), or leave the assertion out',
): Invalidity {
  return { reason: 'metric-missing', finding, remedy }
}

function noSamples(failures: readonly string[]): string {
  return failures[0] === undefined
    ? 'no sample lies in the scope: it is shorter than a second'
    : `no sample succeeded: ${failures[0]}`
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000
}

function rounded({ value }: Reading<number>): number {
  return Number(value.toPrecision(4))
}
