import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'
import { GENERATOR_FLAGS } from '../execution/generator-flags.ts'
import { CONTEXT_FLAGS } from '../results/owner.ts'
import type { PerfConfig } from './config-options.ts'
import { SCENARIOS, sloPlugin } from './plugin.ts'
import { siblingModule } from './sibling-module.ts'

/**
 * A Vitest config for scenarios: one file at a time in one process (two simultaneous loads would measure each other), no
 * retries (a repeated measurement samples until it is lucky), no timeout except that of the load, services and target
 * started once per invocation and cleaned up at its end, and the report in addition to Vitest's reporters.
 *
 * @example
 * import { definePerfConfig, postgres, target } from 'vitest-slo/config'
 *
 * export default definePerfConfig({
 *   services: [postgres()],
 *   target: target({ command: ['node', 'server.js'], ready: '/healthz' }),
 * })
 */
export function definePerfConfig(config: PerfConfig = {}): ViteUserConfig {
  const { include = SCENARIOS, test = {}, plugins = [], resolve, define } = config
  return {
    plugins: [sloPlugin(config), ...plugins],
    ...(resolve !== undefined && { resolve }),
    ...(define !== undefined && { define }),
    // Vite does not watch a folder that it empties before a build, such as `dist`, from which many targets run.
    build: { emptyOutDir: false },
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
      globalSetup: [siblingModule('./global-setup'), ...[test.globalSetup ?? []].flat()],
      execArgv: [
        ...GENERATOR_FLAGS,
        ...CONTEXT_FLAGS,
        '--import',
        pathToFileURL(siblingModule('./worker-start')).href,
        ...(test.execArgv ?? []),
      ],
      server: { ...test.server, deps: { ...test.server?.deps, external: [OWN_CODE, ...externals(test)] } },
    },
  }
}

/** Excludes the generator from Vite's transformation, which would add a look-up of every imported name to the hot path. */
const OWN_CODE = new RegExp(`^${fileURLToPath(new URL('..', import.meta.url)).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)

function externals(test: NonNullable<ViteUserConfig['test']>): (string | RegExp)[] {
  return test.server?.deps?.external ?? []
}
