import type { Vite, Vitest } from 'vitest/node'
import type { ReporterOptions } from '../report/options.ts'
import { comparedBase } from './compared-base.ts'
import type { PerfConfig } from './config-options.ts'
import { Session } from './session.ts'
import { siblingModule } from './sibling-module.ts'
import { withoutStack } from './user-errors.ts'

/** The name under which `global-setup.ts` finds the plugin. */
export const PLUGIN_NAME = 'vitest-slo'

export interface SloPluginApi {
  session(): Session
}

/** Carries the config's functions to where Vitest starts things, which plain test options cannot do. */
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
        // A comparison says what it found itself: a report of scenarios that were left off halfway would replace a real one.
        if (comparedBase(process.env) === undefined) addReporter(vitest, await reporterOptions(config))
      } catch (error) {
        throw withoutStack(error)
      }
    },
  }
}

/**
 * Whatever reporters the command line names, the report is written. Ours stands first: it masks secrets in results before
 * the others print them.
 */
function addReporter(vitest: Vitest, options: ReporterOptions): void {
  const reporters = vitest.config.reporters as unknown[]
  reporters.unshift([siblingModule('../report/reporter'), options])
}

async function reporterOptions({ outputDir, onInvalid, exporter }: PerfConfig): Promise<ReporterOptions> {
  const folder = process.env['PERF_OUTPUT_DIR'] || outputDir
  return {
    ...(folder !== undefined && { outputDir: folder }),
    ...(onInvalid !== undefined && { onInvalid }),
    ...(exporter && { observers: [new (await import('../metrics/exporter.ts')).MetricsExporter(exporter)] }),
  }
}
