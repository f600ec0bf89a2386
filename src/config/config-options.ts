import type { ViteUserConfig } from 'vitest/config'
import type { ExporterOptions } from '../metrics/exporter.ts'
import { HOSTS } from '../options/base-url.ts'
import { MIN_SECRET_LENGTH } from '../options/known-secrets.ts'
import { OptionsError, type Problems } from '../options/problems.ts'
import { isRecord, object, optional, readVariable } from '../options/schema.ts'
import { any, integer, isText, listOf, matching, numeric, oneOf, text } from '../options/values.ts'
import type { Service } from '../services/service.ts'
import type { Target } from '../services/target/target.ts'
import type { CapacityPlace, MetricsPlace } from './observation.ts'

/** What `definePerfConfig()` takes. */
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
  /**
   * Hosts other than this machine that may be reached, by name: load, databases, metrics, a Pushgateway. Full load needs
   * a host in `PERF_ALLOW_FULL_LOAD_ON` as well. `target()`, `postgres()` and `redis()` have the same option for
   * themselves. Default: none.
   */
  readonly allowRemote?: readonly string[]
  /** Seeds every random choice. `PERF_SEED` comes before it. Default: 1, so that two runs put the same load on. */
  readonly seed?: number
  /** Where reports are written. `PERF_OUTPUT_DIR` comes before it. Default: `perf-report`. */
  readonly outputDir?: string
  /**
   * What evidence that cannot be judged does: `fail` the command, or `warn` and never count as passed: for a laptop in
   * watch mode, where the generator shares its cores with everything else. Default: `fail`.
   */
  readonly onInvalid?: 'fail' | 'warn'
  /**
   * Where the target's Prometheus metrics are: a path on every instance, or a place. `PERF_METRICS_URL` comes before it.
   * Default: `'/metrics'`; of an external target, they are skipped where that is not there.
   */
  readonly metrics?: string | MetricsPlace
  /** What `capacity` samples beside the services: the target's container, its cores, pgBouncer. */
  readonly capacity?: CapacityPlace
  /**
   * Environment variables whose values are secret, by name. A value is masked wherever it turns up: in reports, errors,
   * names of scenarios and steps, labels of metrics, and what scenarios and the target print. A variable that is not
   * set is passed over. Default: none; passwords of services are always masked.
   */
  readonly secrets?: readonly string[]
  /** Exports how scenarios go to Prometheus, by a scrape endpoint or a Pushgateway. Default: nothing is exported. */
  readonly exporter?: ExporterOptions
  /** Vitest's own options, merged over ours. */
  readonly test?: ViteUserConfig['test']
}

const SEED = optional(integer({ example: 7 }), 1)

/** The options that no other part reads. JavaScript configs are not type-checked. */
export const CONFIG = object<PerfConfig>()({
  include: optional(listOf<string>(isText, 'file patterns', "['perf/**/*.perf.ts']")),
  scale: any(),
  services: optional(listOf<Service>(canStart, 'services', '[postgres(), redis()]')),
  reset: optional(oneOf(['never', 'each-scenario'], 'each-scenario')),
  target: optional(
    matching<Target>(canStart, 'must be what target() makes', "target({ command: ['node', 'server.js'] })"),
  ),
  allowRemote: optional(HOSTS),
  seed: SEED,
  outputDir: optional(text("'perf-report'", 'must be the path of a folder')),
  onInvalid: optional(oneOf(['fail', 'warn'], 'warn')),
  metrics: any(),
  capacity: any(),
  secrets: optional(listOf<string>(isText, 'names of environment variables', "['STAGING_TOKEN']")),
  exporter: optional(matching<ExporterOptions>(isRecord, 'must be an object', '{ port: 9464 }')),
  test: optional(matching<ViteUserConfig['test']>(isRecord, 'must be an object', '{ bail: 1 }')),
})

/** `PERF_SEED`, else the config's, else 1. */
export function seedOf(problems: Problems, { seed }: { readonly seed: number }, env: NodeJS.ProcessEnv): number {
  return readVariable(problems, env, 'PERF_SEED', SEED, numeric) ?? seed
}

/** The values of the environment variables that the config calls secret. */
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

/** Takes the mistakes that a part found into those of the whole config. */
export function collect<T>(problems: Problems, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    problems.adopt('', error.problems)
    return undefined
  }
}

function canStart(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'start' in value && typeof value.start === 'function'
}
