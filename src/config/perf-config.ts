import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'
import { GENERATOR_FLAGS } from '../execution/generator-flags.ts'
import type { PerfConfig } from './config-options.ts'
import { sloPlugin } from './plugin.ts'
import { siblingModule } from './sibling-module.ts'

/**
 * A Vitest config for scenarios: one file at a time in one process (two loads at once would measure each other), no
 * retries (a repeated measurement samples until it is lucky), no time-out but the load's own, services and target
 * started once for an invocation and cleaned up at its end, the report in addition to Vitest's own reporter.
 *
 * ```ts
 * export default definePerfConfig({ target: target({ command: ['node', 'server.js'], ready: '/healthz' }) })
 * ```
 */
export function definePerfConfig(config: PerfConfig = {}): ViteUserConfig {
  const { include = ['perf/**/*.perf.ts'], test = {} } = config
  return {
    plugins: [sloPlugin(config)],
    // Vite would not watch the folder that it empties before a build: `dist`, which many targets run from.
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
        '--import',
        pathToFileURL(siblingModule('./worker-start')).href,
        ...(test.execArgv ?? []),
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
