import { availableParallelism } from 'node:os'
import { windowOf, type TimedRun } from '../run/window.ts'
import { CapacityWindow } from './capacity-window.ts'
import type { Sampled } from './sampled.ts'
import type { Connected } from './connected.ts'
import { containerCpu } from './container-cpu.ts'
import type { Cores, CpuReading } from './cpu-share.ts'
import { connectPgBouncer } from './pgbouncer-sample.ts'
import { connectPostgres } from './postgres-sample.ts'
import { coresOf, ProcessTrees } from './process-cpu.ts'
import { connectRedis } from './redis-sample.ts'
import { Sampler } from './sampler.ts'
import { isSeen, type Observed, type Reading, type Unseen } from './samples.ts'

export interface CapacityContext {
  /** Processes of the target, one for each instance; empty where it runs elsewhere. */
  readonly pids: readonly number[]
  /** Says which processes those are now, once one has ended. Default: no others. */
  readonly pidsNow?: () => Promise<readonly number[]>
  /** Names or ids of the containers the target runs in; they come before `pids`. */
  readonly containers?: readonly string[]
  /** CPU seconds a target that runs elsewhere has used, as its own metrics have it at each scrape. */
  readonly cpuOfMetrics?: () => readonly Reading<number>[]
  /** How many cores the target may use. Default: by affinity or the container's limits; unknown for one elsewhere. */
  readonly cores?: number
  readonly databaseUrl?: string
  readonly redisUrl?: string
  /** URL of pgBouncer's console: its database is `pgbouncer`, its user one of `stats_users` or `admin_users`. */
  readonly pgBouncerUrl?: string
  /** What is not named of a target that runs elsewhere is skipped; of our own it was forgotten. */
  readonly isElsewhere?: boolean
  /** Gets each window that is asked for, for the report. */
  readonly onWindow?: (window: CapacityWindow) => void
  /** Time between samples. Default: 1,000 ms. */
  readonly intervalMs?: number
}

/** Samples the target's CPU, Redis, Postgres and pgBouncer from the moment a scenario asks until it ends. */
export interface Capacity extends AsyncDisposable {
  /** Where they stood over the counted part of a run. Samples once more first. */
  during(run: TimedRun): Promise<CapacityWindow>
}

/**
 * Starts sampling. What is not there (no database named, a target elsewhere without metrics) is no error here: asserting
 * on it is invalid, or skipped where it belongs to a target elsewhere.
 *
 * @throws {CapacityError} where a named database, Redis, pgBouncer or container cannot be read
 */
export async function createCapacity(context: CapacityContext): Promise<Capacity> {
  const { databaseUrl, redisUrl, pgBouncerUrl, isElsewhere = false } = context
  const sampling = new Sampling(context.intervalMs ?? 1_000)
  const named = <T>(url: string | undefined, connect: (url: string) => Promise<Connected<T>>, unseen: Named) =>
    url === undefined ? { ...unseen, isElsewhere } : sampling.of(connect(url))
  try {
    const { cpu, cores } = await cpuOf(context, sampling)
    const [redis, postgres, pgBouncer] = await Promise.all([
      named(redisUrl, connectRedis, NO_REDIS),
      named(databaseUrl, connectPostgres, NO_DATABASE),
      named(pgBouncerUrl, connectPgBouncer, NO_PGBOUNCER),
    ])
    const sampled: Sampled = { cpu, cores: context.cores ?? cores, redis, postgres, pgBouncer }
    return {
      async during(run) {
        const scope = run[windowOf]()
        const all: readonly Observed<unknown>[] = [cpu, redis, postgres, pgBouncer]
        await Promise.all(all.map(async (observed) => isSeen(observed) && observed.sample()))
        const window = new CapacityWindow(scope, sampled)
        context.onWindow?.(window)
        return window
      },
      [Symbol.asyncDispose]: () => sampling.stop(),
    }
  } catch (error) {
    await sampling.stop()
    throw error
  }
}

type Named = Omit<Unseen, 'isElsewhere'>

const NO_REDIS: Named = {
  reason: 'no Redis is known to this run',
  remedy: 'name it, definePerfConfig({ services: [redis()] }), and where it runs already set PERF_REDIS_URL',
}
const NO_DATABASE: Named = {
  reason: 'no Postgres is known to this run',
  remedy: 'name it, definePerfConfig({ services: [postgres()] }), and where it runs already set PERF_DATABASE_URL',
}
const NO_PGBOUNCER: Named = {
  reason: 'no pgBouncer is known to this run',
  remedy: 'set PERF_PGBOUNCER_URL to its console: postgres://user:password@127.0.0.1:6432/pgbouncer',
}
const NO_CPU: Named = {
  reason: 'no process of the target is known to this run',
  remedy: 'have it started by target({ command }), or name its container in PERF_TARGET_CONTAINER',
}
const NO_CPU_ELSEWHERE: Named = {
  reason: 'the target runs elsewhere, and its metrics offer no process_cpu_seconds_total',
  remedy: 'where its container runs on this machine, set PERF_TARGET_CONTAINER',
}

async function cpuOf(
  { pids, pidsNow, containers = [], cpuOfMetrics, isElsewhere = false }: CapacityContext,
  sampling: Sampling,
): Promise<{ readonly cpu: Observed<CpuReading>; readonly cores: Cores }> {
  if (containers.length > 0) {
    const { cores, read } = await containerCpu(containers)
    return { cpu: sampling.each(read), cores }
  }
  if (pids.length > 0) {
    const trees = new ProcessTrees(pids, pidsNow)
    return { cpu: sampling.each(() => trees.read()), cores: await coresOf(pids, availableParallelism()) }
  }
  if (cpuOfMetrics !== undefined && cpuOfMetrics().length > 0) return { cpu: scraped(cpuOfMetrics), cores: undefined }
  return { cpu: { ...(isElsewhere ? NO_CPU_ELSEWHERE : NO_CPU), isElsewhere }, cores: undefined }
}

/** What the target's metrics say is sampled where they are scraped. */
function scraped(cpuOfMetrics: () => readonly Reading<number>[]): Observed<CpuReading> {
  return {
    get readings() {
      return cpuOfMetrics().map(({ atMs, value }) => ({ atMs, value: { totalSec: value, instancesSec: [] } }))
    },
    failures: [],
    async sample() {},
  }
}

/** Everything that is read each second, and how it is put away. */
class Sampling {
  readonly #stack = new AsyncDisposableStack()
  readonly #intervalMs: number

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  each<T>(read: () => Promise<T>): Sampler<T> {
    const sampler = new Sampler(read, this.#intervalMs)
    this.#stack.defer(() => sampler.stop())
    return sampler
  }

  async of<T>(connecting: Promise<Connected<T>>): Promise<Sampler<T>> {
    const { read, close } = await connecting
    this.#stack.defer(close)
    return this.each(read)
  }

  async stop(): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
