import { fileURLToPath } from 'node:url'
import { pathToFileURL } from 'node:url'
import { configDefaults, type ViteUserConfig } from 'vitest/config'
import type { ExporterOptions } from '../metrics/exporter.ts'
import type { Service } from '../services/service.ts'
import type { Target } from '../services/target.ts'
import { besideThis } from './beside-this.ts'
import type { CapacityPlace, MetricsPlace } from './observation.ts'
import { sloPlugin } from './plugin.ts'
import { targetTriggers } from './watch.ts'

export interface PerfConfig {
  /** Files that hold scenarios. Default: `['perf/**\/*.perf.ts']`. */
  readonly include?: readonly string[]
  /**
   * How much of the written load is put on: `smoke`, `pr`, `full` or a factor such as `0.25`. `PERF_SCALE` and
   * `--mode` come before it. Default: `smoke` in watch mode, else `full`.
   */
  readonly scale?: string | number
  /** What the target needs. Started in parallel, before the target. */
  readonly services?: readonly Service[]
  /**
   * When services go back to the state after their start: Postgres truncated and seeded again, Redis flushed and seeded,
   * own services as their `reset` says. The target goes on and keeps what it holds itself. `'each-scenario'`: before
   * each; a scenario can also ask for it, with the fixture `reset`. Default: `'never'`.
   */
  readonly reset?: 'never' | 'each-scenario'
  /** The system under test; leave it out where scenarios give their own `baseUrl`. `PERF_TARGET_URL` comes before it. */
  readonly target?: Target
  /** Seeds every random choice. `PERF_SEED` comes before it. Default: 1, so that two runs put the same load on. */
  readonly seed?: number
  /** Where reports are written. `PERF_OUTPUT_DIR` comes before it. Default: `perf-report`. */
  readonly outputDir?: string
  /**
   * What evidence that cannot be judged does: `fail` the command, or `warn` and never count as passed: for a laptop in
   * watch mode, where the generator shares its cores with everything else. Default: `fail`.
   */
  readonly invalid?: 'fail' | 'warn'
  /**
   * Where the target's Prometheus metrics are: a path on every instance, or a place. `PERF_METRICS_URL` comes before it.
   * Default: `'/metrics'`; of a target that runs elsewhere, they are skipped where that is not there.
   */
  readonly metrics?: string | MetricsPlace
  /** What `capacity` samples beside the services: the target's container, its cores, pgBouncer. */
  readonly capacity?: CapacityPlace
  /** Exports how scenarios go to Prometheus, by a scrape endpoint or a Pushgateway. Default: nothing is exported. */
  readonly exporter?: ExporterOptions
  /** Vitest's own options, merged over ours. */
  readonly test?: ViteUserConfig['test']
}

/**
 * A Vitest config for scenarios: one file at a time in one process (two loads at once would measure each other), no
 * retries (a repeated measurement samples until it is lucky), no time-out but the load's own, services and target
 * started once for an invocation and put away at its end, the report beside Vitest's own reporter.
 *
 * ```ts
 * export default definePerfConfig({ target: target({ command: ['node', 'server.js'], ready: '/healthz' }) })
 * ```
 */
export function definePerfConfig(config: PerfConfig = {}): ViteUserConfig {
  const { include = ['perf/**/*.perf.ts'], test = {} } = config
  return {
    plugins: [sloPlugin(config)],
    test: {
      include: [include].flat(),
      pool: 'forks',
      maxWorkers: 1,
      fileParallelism: false,
      isolate: true,
      retry: 0,
      testTimeout: 0,
      hookTimeout: 120_000,
      teardownTimeout: 30_000,
      ...test,
      globalSetup: [besideThis('./global-setup'), ...[test.globalSetup ?? []].flat()],
      execArgv: ['--import', pathToFileURL(besideThis('./compile-cache')).href, ...(test.execArgv ?? [])],
      forceRerunTriggers: [
        ...(test.forceRerunTriggers ?? configDefaults.forceRerunTriggers),
        ...targetTriggers(config.target, process.env),
      ],
      server: { ...test.server, deps: { ...test.server?.deps, external: [OWN_CODE, ...externals(test)] } },
    },
  }
}

/** The generator runs as Node runs it: Vite's transformation would make every imported name a look-up on the hot path. */
const OWN_CODE = new RegExp(`^${fileURLToPath(new URL('..', import.meta.url)).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)

function externals(test: NonNullable<ViteUserConfig['test']>): (string | RegExp)[] {
  return test.server?.deps?.external ?? []
}
