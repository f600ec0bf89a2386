import { AsyncDisposableStack } from '@whatwg-node/disposablestack'
import { availableParallelism } from 'node:os'
import { windowOf, type TimedRun } from '../run/window.ts'
import { CapacityWindow, type Sampled } from './capacity-window.ts'
import { postgresSampler } from './postgres-sample.ts'
import { coresOf, cpuSecondsOf } from './process-cpu.ts'
import { redisSampler } from './redis-sample.ts'
import { Sampler } from './sampler.ts'

export interface CapacityContext {
  /** Processes of the target; empty where it runs elsewhere. */
  readonly pids: readonly number[]
  /** CPU seconds used by a target that runs elsewhere, from its metrics. Default: unknown. */
  readonly readCpuSec?: () => Promise<number>
  readonly databaseUrl?: string
  readonly redisUrl?: string
  /** Gets each window that is asked for, for the report. */
  readonly onWindow?: (window: CapacityWindow) => void
  /** Time between samples. Default: 1,000 ms. */
  readonly intervalMs?: number
}

/** Samples the target's CPU, Redis and Postgres from the moment a scenario asks until it ends. */
export interface Capacity extends AsyncDisposable {
  /** Where they stood over the counted part of a run. Samples once more first. */
  during(run: TimedRun): Promise<CapacityWindow>
}

/**
 * Starts sampling. What is not there (no database named, a target elsewhere without metrics) is no error here: asserting
 * on it is invalid.
 *
 * @throws {Error} where a named database or Redis cannot be connected to
 */
export async function createCapacity(context: CapacityContext): Promise<Capacity> {
  const { pids, readCpuSec, databaseUrl, redisUrl, intervalMs = 1_000 } = context
  const stack = new AsyncDisposableStack()
  const sample = <T>(read: () => Promise<T>): Sampler<T> => {
    const sampler = new Sampler(read, intervalMs)
    stack.defer(() => sampler.stop())
    return sampler
  }
  const connected = async <T>(connecting: Promise<{ read(): Promise<T>; close(): Promise<void> }>) => {
    const { read, close } = await connecting
    stack.defer(close)
    return sample(read)
  }
  try {
    const sampled: Sampled = {
      cpu: pids.length > 0 ? sample(() => cpuSecondsOf(pids)) : readCpuSec ? sample(readCpuSec) : NO_CPU,
      cores: await coresOf(pids[0], availableParallelism()),
      redis: redisUrl === undefined ? 'no Redis is known to this run' : await connected(redisSampler(redisUrl)),
      postgres:
        databaseUrl === undefined ? 'no database is known to this run' : await connected(postgresSampler(databaseUrl)),
    }
    return {
      async during(run) {
        const samplers = [sampled.cpu, sampled.redis, sampled.postgres].filter((sampler) => typeof sampler !== 'string')
        await Promise.all(samplers.map((sampler) => sampler.sample()))
        const window = new CapacityWindow(run[windowOf](), sampled)
        context.onWindow?.(window)
        return window
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const NO_CPU = 'the target runs elsewhere and its metrics offer no process_cpu_seconds_total'
