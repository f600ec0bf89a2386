import { availableParallelism } from 'node:os'
import { AsyncDisposableStack } from '@whatwg-node/disposablestack'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import { findStore, type Store, type StoreKind } from '../machine/store-kinds.ts'
import { object, optional, readOptions } from '../options/schema.ts'
import { text } from '../options/values.ts'
import { CapacityWindow } from './capacity-window.ts'
import { type Connected } from './connected.ts'
import { containerCpu } from './container-cpu.ts'
import type { Cores, CpuReading } from './cpu-share.ts'
import { HiddenError } from './errors.ts'
import { connectPgBouncer } from './pgbouncer-sample.ts'
import { connectPostgres } from './postgres-sample.ts'
import { coresOf, ProcessTrees } from './process-cpu.ts'
import { connectRedis } from './redis-sample.ts'
import type { Sampled } from './sampled.ts'
import { Sampler } from './sampler.ts'
import { isSeen, type Observed, type Reading, type Unseen } from './samples.ts'

export interface CapacityContext {
  /** Processes of the target, one for each instance; empty if it is external. */
  readonly pids: readonly number[]
  /** Says which processes those are now, once one has ended. Default: no others. */
  readonly pidsNow?: () => Promise<readonly number[]>
  /** Names or ids of the containers the target runs in; they come before `pids`. */
  readonly containers?: readonly string[]
  /** CPU seconds an external target has used, as its own metrics have it at each scrape. */
  readonly cpuOfMetrics?: () => readonly Reading<number>[]
  /** How many cores the target may use. Default: by affinity or the container's limits; unknown for one elsewhere. */
  readonly cores?: number
  /** Postgres and Redis services of the run: all are sampled. Default: none. */
  readonly stores?: readonly Store[]
  /** URL of pgBouncer's console: its database is `pgbouncer`, its user one of `stats_users` or `admin_users`. */
  readonly pgBouncerUrl?: string
  /** What is not named of an external target is skipped; of our own it was forgotten. */
  readonly isElsewhere?: boolean
  /** Gets each window that is asked for, for the report. */
  readonly onWindow?: (window: CapacityWindow) => void
  /** Time between samples. Default: 1,000 ms. */
  readonly intervalMs?: number
}

/** Samples the target's CPU, Redis, Postgres and pgBouncer from the moment a scenario asks until it ends. */
export interface Capacity extends AsyncDisposable {
  /**
   * Where they stood over the counted part of a run. Samples once more first.
   * @throws {OptionsError}
   */
  during(run: TimedRun, options?: DuringOptions): Promise<CapacityWindow>
}

/** Which services are meant if there are several of a kind. */
export interface DuringOptions {
  /** Name of a Postgres service of the config. Default: the only one. */
  readonly postgres?: string
  /** Name of a Redis service of the config. Default: the only one. */
  readonly redis?: string
}

/**
 * Starts sampling. What is not there (no database named, an external target without metrics) is not an error here: asserting
 * on it is invalid, or skipped where it belongs to an external target. Nor is a Redis whose user may not run INFO:
 * asserting on it is invalid.
 *
 * @throws {CapacityError} if a named database, Redis, pgBouncer or container cannot be read
 */
export async function createCapacity(context: CapacityContext): Promise<Capacity> {
  const { stores = [], pgBouncerUrl, isElsewhere = false } = context
  const sampling = new Sampling(context.intervalMs ?? 1_000)
  const sampled = <T>(kind: StoreKind, connect: (url: string) => Promise<Connected<T>>) =>
    sampling.all(stores, kind, connect)
  try {
    const { cpu, cores } = await cpuOf(context, sampling)
    const [redis, postgres, pgBouncer] = await Promise.all([
      sampled('redis', connectRedis),
      sampled('postgres', connectPostgres),
      pgBouncerUrl === undefined ? { ...NO_PGBOUNCER, isElsewhere } : sampling.of(connectPgBouncer(pgBouncerUrl)),
    ])
    const find = <T>(kind: StoreKind, samplers: ReadonlyMap<string, Observed<T>>, name: string | undefined) => {
      const choose = (example: string) => `capacity.during(run, { ${kind}: '${example}' })`
      const found = findStore(stores, { kind, name, choose, isElsewhere })
      return 'reason' in found ? found : samplers.get(found.url)!
    }
    return {
      async during(run, options = {}) {
        const services = readOptions('capacity.during()', DURING, options)
        const scope = run[windowOf]()
        const meant: Sampled = {
          ...{ cpu, cores: context.cores ?? cores, pgBouncer },
          redis: find('redis', redis, services.redis),
          postgres: find('postgres', postgres, services.postgres),
        }
        const all: readonly Observed<unknown>[] = [cpu, meant.redis, meant.postgres, pgBouncer]
        await Promise.all(all.map(async (observed) => isSeen(observed) && observed.sample()))
        const window = new CapacityWindow(scope, meant)
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

const SERVICE = text("'orders'", 'must be the name of a service of the config')
const DURING = object<DuringOptions>()({ postgres: optional(SERVICE), redis: optional(SERVICE) })

type Named = Omit<Unseen, 'isElsewhere'>

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

/** Everything that is read each second, and how it is cleaned up. */
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

  /** A sampler for each service of a kind, by its URL. */
  async all<T>(
    stores: readonly Store[],
    kind: StoreKind,
    connect: (url: string) => Promise<Connected<T>>,
  ): Promise<ReadonlyMap<string, Observed<T>>> {
    const urls = stores.flatMap((store) => (store.kind === kind && store.url ? [store.url] : []))
    return new Map(
      await Promise.all([...new Set(urls)].map(async (url) => [url, await this.unlessHidden(connect(url))] as const)),
    )
  }

  async unlessHidden<T>(connecting: Promise<Connected<T>>): Promise<Observed<T>> {
    try {
      return await this.of(connecting)
    } catch (error) {
      if (!(error instanceof HiddenError)) throw error
      return { reason: error.message, remedy: error.remedy, isElsewhere: false }
    }
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
