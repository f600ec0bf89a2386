import { fileURLToPath } from 'node:url'
import type { Vite, Vitest } from 'vitest/node'
import type { ReporterOptions } from '../report/options.ts'
import { comparedBase } from './compared-base.ts'
import type { PerfConfig } from './config-options.ts'
import { Session } from './session.ts'
import { withoutStack } from './user-errors.ts'

/** Name by which `global-setup.ts` finds the plugin. */
export const PLUGIN_NAME = 'vitest-slo'

export interface SloPluginApi {
  session(): Session
}

/** Vite plugin that gives Vitest's hooks access to the config's functions, which test options cannot contain. */
export function sloPlugin(config: PerfConfig): Vite.Plugin<SloPluginApi> {
  let session: Session | undefined
  return {
    name: PLUGIN_NAME,
    api: {
      session() {
        if (session === undefined) throw new Error('Vitest did not configure the vitest-slo plugin.')
        return session
      },
    },
    // oxlint-disable-next-line typescript/no-misused-promises -- Vitest awaits the hook, though its type does not say so
    async configureVitest({ vitest, project }) {
      try {
        session = new Session(config, vitest, project)
        // A comparison prints its own results: a report of its interrupted scenarios would replace a complete one.
        if (comparedBase(process.env) === undefined) addReporter(vitest, await reporterOptions(config))
      } catch (error) {
        throw withoutStack(error)
      }
    },
  }
}

/**
 * Adds the reporter, even if the command line names others. It is the first one: it masks secrets in results before the
 * others print them.
 */
function addReporter(vitest: Vitest, options: ReporterOptions): void {
  const reporters = vitest.config.reporters as unknown[]
  reporters.unshift([siblingModule('../report/reporter'), options])
}

/** Path of a module relative to this one, without its extension: `.ts` in the repository, `.js` in the package. */
export function siblingModule(name: string): string {
  return fileURLToPath(new URL(`${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url))
}

async function reporterOptions({ outputDir, onInvalid, exporter }: PerfConfig): Promise<ReporterOptions> {
  const folder = process.env['PERF_OUTPUT_DIR'] || outputDir
  return {
    ...(folder !== undefined && { outputDir: folder }),
    ...(onInvalid !== undefined && { onInvalid }),
    ...(exporter && { observers: [new (await import('../metrics/exporter.ts')).MetricsExporter(exporter)] }),
  }
}
