import type { ViteUserConfig } from 'vitest/config'
import type { ExporterOptions } from '../metrics/exporter-options.ts'
import { HOSTS } from '../options/base-url.ts'
import { MIN_SECRET_LENGTH } from '../options/known-secrets.ts'
import { OptionsError, type Problems } from '../options/problems.ts'
import { isRecord, object, optional, reading, readVariable } from '../options/schema.ts'
import { any, integer, isText, listOf, matching, numeric, oneOf, text } from '../options/values.ts'
import type { Service } from '../services/service.ts'
import type { Target } from '../services/target/target.ts'
import { GENERATORS } from './generators-option.ts'
import type { CapacityOptions, MetricsOptions } from './observation.ts'

/** Options of `definePerfConfig()`. */
export interface PerfConfig {
  /** Globs of files with scenarios. @default `'perf/**\/*.perf.{js,mjs,cjs,jsx,ts,mts,cts,tsx}'` */
  readonly include?: readonly string[]
  /**
   * Scale of the load: `smoke`, `pr`, `full` or a factor such as `0.25`. `PERF_SCALE` and `--mode` override it. Default:
   * `smoke` in watch mode, else `full`.
   */
  readonly scale?: string | number
  /** Services of the target, started in parallel before it. */
  readonly services?: readonly Service[]
  /**
   * When services are reset to the state after their start: Postgres is truncated and seeded again, Redis flushed and seeded,
   * custom services by their `reset`. The target keeps running and keeps its own state. `'each-scenario'`: before each
   * scenario; a scenario can also use the fixture `reset`.
   *
   * @default `'never'`
   */
  readonly reset?: 'never' | 'each-scenario'
  /** The system under test; not needed if scenarios set `baseUrl`. `PERF_TARGET_URL` overrides it. */
  readonly target?: Target
  /**
   * Names of hosts other than this machine that may be reached: for load, databases, metrics and a Pushgateway. Full load
   * requires the host in `PERF_ALLOW_FULL_LOAD_ON` as well. `target()`, `postgres()` and `redis()` have their own option.
   *
   * @default none
   */
  readonly allowRemote?: readonly string[]
  /**
   * Number of processes on this machine that put on the load together, 1 to 64. `'auto'`: one for each core, without one if
   * the run starts the target here. Each runs the same scenarios with an exact share of the load and may use as many
   * descriptors as one process; every run has one result, merged from all of them. Processes on several machines are
   * started with `PERF_GENERATOR` instead.
   *
   * @default 1
   */
  readonly generators?: number | 'auto'
  /** Seed of every random choice. `PERF_SEED` overrides it. @default 1, so that two runs apply the same load */
  readonly seed?: number
  /** Folder of the reports. `PERF_OUTPUT_DIR` overrides it. @default `perf-report` */
  readonly outputDir?: string
  /**
   * Effect of an invalid run: `fail` the command, or `warn` without counting as passed, e.g. on a laptop in watch mode, where
   * the generator shares its cores with other programs.
   *
   * @default `fail`
   */
  readonly onInvalid?: 'fail' | 'warn'
  /**
   * Location of the target's Prometheus metrics: a path on every instance, or options. `PERF_METRICS_URL` overrides it.
   *
   * @default `'/metrics'`; an external target may have none, and metrics are then skipped
   */
  readonly metrics?: string | MetricsOptions
  /** Resources that `capacity` samples besides the services: the target's container, its cores, pgBouncer. */
  readonly capacity?: CapacityOptions
  /**
   * Names of environment variables with secret values. A value is masked everywhere: in reports, errors, names of scenarios
   * and steps, labels of metrics, and the output of scenarios and the target. A variable that is not set is ignored.
   *
   * @default none; passwords of services are always masked
   */
  readonly secrets?: readonly string[]
  /** Export of scenario metrics to Prometheus, by a scrape endpoint or a Pushgateway. @default nothing is exported */
  readonly exporter?: ExporterOptions
  /** Options of Vitest, which override those of this config. */
  readonly test?: ViteUserConfig['test']
  /**
   * Plugins of Vite, for the files of scenarios. Other options of Vite are merged with `mergeConfig()` of `vitest/config`.
   *
   * @default none
   */
  readonly plugins?: ViteUserConfig['plugins']
  /** Resolution of imports by Vite, such as `{ alias: { '@': '/src' } }`. @default that of Vite */
  readonly resolve?: ViteUserConfig['resolve']
  /** Constants that Vite replaces in the files of scenarios. @default none */
  readonly define?: ViteUserConfig['define']
}

const SEED = optional(integer({ example: 7 }), 1)

/** Reader of services, each of which is checked for its own mistakes afterwards. */
const SERVICES = reading((problems, path, value): readonly Service[] => {
  const example = 'services: [postgres(), redis()]'
  if (!Array.isArray(value)) problems.add(path, value, 'must be a list of services', example)
  else
    for (const [index, service] of value.entries())
      if (!canStart(service))
        problems.add(
          `${path}[${index}]`,
          service,
          'must be a service: the result of postgres() or redis(), or an object with name and start()',
          example,
        )
  return Array.isArray(value) ? value.filter(canStart) : []
})

/** Reader of the options that no other part reads. JavaScript configs are not type-checked. */
export const CONFIG = object<PerfConfig>()({
  include: optional(listOf<string>(isText, 'file patterns', "['perf/**/*.perf.ts']")),
  scale: any(),
  services: optional(SERVICES),
  reset: optional(oneOf(['never', 'each-scenario'], 'each-scenario')),
  target: optional(
    matching<Target>(canStart, 'must be the result of target()', "target({ command: ['node', 'server.js'] })"),
  ),
  allowRemote: optional(HOSTS),
  generators: optional(GENERATORS, 1),
  seed: SEED,
  outputDir: optional(text("'perf-report'", 'must be the path of a folder')),
  onInvalid: optional(oneOf(['fail', 'warn'], 'warn')),
  metrics: any(),
  capacity: any(),
  secrets: optional(listOf<string>(isText, 'names of environment variables', "['STAGING_TOKEN']")),
  exporter: optional(matching<ExporterOptions>(isRecord, 'must be an object', '{ port: 9464 }')),
  test: optional(matching<ViteUserConfig['test']>(isRecord, 'must be an object', '{ bail: 1 }')),
  plugins: optional(
    matching<ViteUserConfig['plugins']>(Array.isArray, 'must be a list of plugins', '[tsconfigPaths()]'),
  ),
  resolve: optional(matching<ViteUserConfig['resolve']>(isRecord, 'must be an object', "{ alias: { '@': '/src' } }")),
  define: optional(matching<ViteUserConfig['define']>(isRecord, 'must be an object', "{ __BUILD__: '1' }")),
})

/** The seed: `PERF_SEED`, else that of the config, else 1. */
export function seedOf(problems: Problems, { seed }: { readonly seed: number }, env: NodeJS.ProcessEnv): number {
  return readVariable(problems, env, 'PERF_SEED', SEED, numeric) ?? seed
}

/** Values of the environment variables that the config declares secret. */
export function readSecrets(
  problems: Problems,
  { secrets = [] }: { readonly secrets?: readonly string[] | undefined },
  env: NodeJS.ProcessEnv,
): readonly string[] {
  return secrets.flatMap((name) => {
    const value = env[name]
    if (value === undefined || value === '') return []
    if (value.length < MIN_SECRET_LENGTH) {
      const rule = `must name a variable of at least ${MIN_SECRET_LENGTH} characters: a shorter value would mask ordinary words`
      problems.add('secrets', `${name}, ${value.length} characters`, rule, "secrets: ['STAGING_TOKEN']")
    }
    return [value]
  })
}

/** Runs `read` and adds the mistakes that it throws to those of the config. */
export function collect<T>(problems: Problems, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    problems.merge('', error.problems)
    return undefined
  }
}

/** Whether a value was made by a factory such as `target()`, or is a custom service. */
export function canStart(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && 'start' in value && typeof value.start === 'function'
}
