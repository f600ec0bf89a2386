import { availableParallelism } from 'node:os'
import { AsyncDisposableStack } from '@whatwg-node/disposablestack'
import { evidenceOf, type RequestEvidence, type TimeEvidence } from '../evidence/evidence.ts'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { findStore, type Store, type StoreKind } from '../machine/store-kinds.ts'
import { object, optional, readOptions } from '../options/schema.ts'
import { text } from '../options/values.ts'
import { CapacityWindow } from './capacity-window.ts'
import { type Connected } from './connected.ts'
import { containerCpu } from './container-cpu.ts'
import type { Cores, CpuReading } from './cpu-utilization.ts'
import { HiddenError } from './errors.ts'
import { connectPgBouncer } from './pgbouncer-sample.ts'
import { connectPostgres } from './postgres-sample.ts'
import { coresOf, ProcessTrees } from './process-cpu.ts'
import { connectRedis } from './redis-sample.ts'
import type { Sampled } from './sampled.ts'
import { Sampler } from './sampler.ts'
import { isSeen, type Failure, type Observed, type Unseen } from './samples.ts'

export interface CapacityContext {
  /** Processes of the target, one for each instance; empty if it is external. */
  readonly pids: readonly number[]
  /** Port of each instance, whose CPU is that of the processes that listen there and of `pids`. @default none */
  readonly ports?: readonly number[]
  /** Reads the current processes after one of `pids` has exited. @default none */
  readonly pidsNow?: () => Promise<readonly number[]>
  /** Names or ids of the target's containers, which take precedence over `pids`. */
  readonly containers?: readonly string[]
  /** CPU seconds used by an external target, from its metrics at each scrape. */
  readonly cpuOfMetrics?: () => CpuOfMetrics
  /** Cores the target may use. @default by its affinity or its container's limits; unknown for an external target */
  readonly cores?: number
  /** Postgres and Redis services of the run, all of which are sampled. @default none */
  readonly stores?: readonly Store[]
  /** URL of pgBouncer's console: its database is `pgbouncer`, its user one of `stats_users` or `admin_users`. */
  readonly pgBouncerUrl?: string
  /** Whether the target is external. Assertions on an unnamed source are then skipped, otherwise invalid. @default false */
  readonly isExternal?: boolean
  /** Called with each requested window, for the report. */
  readonly onWindow?: (window: CapacityWindow) => void
  /** Time between samples. @default 1,000 ms */
  readonly intervalMs?: number
}

/** CPU time of an external target, from its metrics. */
export interface CpuOfMetrics {
  /** Only readings of the same generation of processes can be compared. */
  readonly readings: readonly { readonly atMs: number; readonly totalSec: number; readonly generation: number }[]
  readonly failures: readonly Failure[]
  /** Reason that they are not those of the whole target. */
  readonly doubt: string | undefined
}

/** Samples of the target's CPU, Redis, Postgres and pgBouncer, taken until the scenario ends. */
export interface Capacity extends AsyncDisposable {
  /**
   * Capacity over the judged phases of a run. Takes one more sample first.
   * @throws {OptionsError}
   */
  during(run: TimedRun, options?: DuringOptions): Promise<CapacityWindow>
}

/** Services to judge if there are several of a kind. */
export interface DuringOptions {
  /** Name of a Postgres service of the config. @default the only one */
  readonly postgres?: string
  /** Name of a Redis service of the config. @default the only one */
  readonly redis?: string
}

/**
 * Starts sampling. A missing source (no database named, an external target without metrics) is not an error yet: an
 * assertion on it is invalid, or skipped if the target is external. An assertion on a Redis whose user may not run INFO
 * is invalid.
 *
 * @throws {CapacityError} if a named database, Redis, pgBouncer or container cannot be read
 */
export async function createCapacity(context: CapacityContext): Promise<Capacity> {
  const { stores = [], pgBouncerUrl, isExternal = false } = context
  const sampling = new Sampling(context.intervalMs ?? 1_000)
  const sampleAll = <T>(kind: StoreKind, connect: (url: string) => Promise<Connected<T>>) =>
    sampling.all(stores, kind, connect)
  try {
    const { cpu, cores, doubt } = await cpuOf(context, sampling)
    const [redis, postgres, pgBouncer] = await Promise.all([
      sampleAll('redis', connectRedis),
      sampleAll('postgres', connectPostgres),
      pgBouncerUrl === undefined ? { ...NO_PGBOUNCER, isExternal } : sampling.of(connectPgBouncer(pgBouncerUrl)),
    ])
    const find = <T>(kind: StoreKind, samplers: ReadonlyMap<string, Observed<T>>, name: string | undefined) => {
      const choose = (example: string) => `capacity.during(run, { ${kind}: '${example}' })`
      const found = findStore(stores, { kind, name, choose, isExternal })
      return 'reason' in found ? found : samplers.get(found.url)!
    }
    return {
      async during(run, options = {}) {
        const services = readOptions('capacity.during()', DURING, options)
        const scope = run[windowOf]()
        const sampled: Sampled = {
          ...{ cpu, cores: context.cores ?? cores, pgBouncer },
          redis: find('redis', redis, services.redis),
          postgres: find('postgres', postgres, services.postgres),
        }
        const all: readonly Observed<unknown>[] = [cpu, sampled.redis, sampled.postgres, pgBouncer]
        await Promise.all(all.map(async (observed) => isSeen(observed) && observed.sample()))
        const cpuDoubt = await doubt?.()
        const responses = responsesOf(run)
        const window = new CapacityWindow(scope, { ...sampled, responses, ...(cpuDoubt && { cpuDoubt }) })
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

type MissingSource = Omit<Unseen, 'isExternal'>

const NO_PGBOUNCER: MissingSource = {
  reason: 'this run has no pgBouncer',
  fix: 'set PERF_PGBOUNCER_URL to its console: postgres://user:password@127.0.0.1:6432/pgbouncer',
}
const NO_CPU: MissingSource = {
  reason: 'this run knows no process of the target',
  fix: 'start the target with target({ command }), or name its container in PERF_TARGET_CONTAINER',
}
const NO_EXTERNAL_CPU: MissingSource = {
  reason: 'the target is external, and its metrics do not contain process_cpu_seconds_total',
  fix: 'export that metric, or set PERF_TARGET_CONTAINER if the target runs in a container on this machine',
}

async function cpuOf(
  { pids, ports, pidsNow, containers = [], cpuOfMetrics, isExternal = false }: CapacityContext,
  sampling: Sampling,
): Promise<{
  readonly cpu: Observed<CpuReading>
  readonly cores: Cores
  readonly doubt?: () => Promise<Invalidity | undefined>
}> {
  if (containers.length > 0) {
    const { cores, read } = await containerCpu(containers)
    return { cpu: sampling.each(read), cores }
  }
  if (pids.length > 0) {
    const trees = new ProcessTrees(pids, pidsNow, ports)
    const cores = await coresOf(pids, availableParallelism())
    return { cpu: sampling.each(() => trees.read()), cores, doubt: () => trees.doubt() }
  }
  if (cpuOfMetrics !== undefined && cpuOfMetrics().readings.length > 0)
    return { cpu: scrapedCpu(cpuOfMetrics), cores: undefined, doubt: async () => doubtOf(cpuOfMetrics()) }
  return { cpu: { ...(isExternal ? NO_EXTERNAL_CPU : NO_CPU), isExternal }, cores: undefined }
}

/** Number of responses in the scope of a run of requests; 0 for other runs. */
function responsesOf(run: TimedRun): number {
  if (!(evidenceOf in run) || typeof run[evidenceOf] !== 'function') return 0
  const { kind, statuses, completed = 0 } = run[evidenceOf]() as TimeEvidence & Partial<RequestEvidence>
  if (kind !== 'http') return kind === 'conversation' ? completed : 0
  return [...(statuses?.values() ?? [])].reduce((sum, count) => sum + count, 0)
}

/** CPU readings from the target's metrics. They are taken when the metrics are scraped. */
function scrapedCpu(cpuOfMetrics: () => CpuOfMetrics): Observed<CpuReading> {
  return {
    get readings() {
      return cpuOfMetrics().readings.map(({ atMs, totalSec, generation }) => {
        return { atMs, value: { totalSec, instancesSec: [], pids: [generation] } }
      })
    },
    get failures() {
      return cpuOfMetrics().failures
    },
    async sample() {},
  }
}

function doubtOf({ doubt }: CpuOfMetrics): Invalidity | undefined {
  if (doubt === undefined) return undefined
  return {
    reason: 'metric-unreliable',
    finding: `the CPU time of the target is unknown: ${doubt}`,
    fix: 'list the metrics route of each process (metrics: { url: [first, second] }), or aggregate all processes in one route',
  }
}

/** All samplers of a scenario, and the connections to close at its end. */
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

  /** Samplers of all services of a kind, by URL. */
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
      return { reason: error.message, fix: error.fix, isExternal: false }
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
