import type { Reporter, TestSequencer, TestSpecification, Vite, Vitest } from 'vitest/node'
import type { ReporterOptions } from '../report/options.ts'
import { comparedBase } from './compared-base.ts'
import type { PerfConfig } from './config-options.ts'
import { readGenerators } from './generators-option.ts'
import { Session } from './session.ts'
import { siblingModule } from './sibling-module.ts'
import { withoutStack } from './user-errors.ts'

/** Files with scenarios, by default. */
export const SCENARIOS = 'perf/**/*.perf.{js,mjs,cjs,jsx,ts,mts,cts,tsx}'

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
        const generators = readGenerators(config.generators ?? 1, process.env, startsTarget(config))
        session = new Session(config, vitest, project, generators)
        if (generators !== undefined) runInStep(vitest, session)
        if (typeof generators?.from !== 'object') (vitest.config.reporters as unknown[]).push(failureOfNothing(vitest))
        // A comparison prints its own results: a report of its interrupted scenarios would replace a complete one.
        const isFirst = typeof generators?.from !== 'object' || generators.from.index === 0
        if (comparedBase(process.env) === undefined && isFirst) addReporter(vitest, await reporterOptions(config))
      } catch (error) {
        throw withoutStack(error)
      }
    },
  }
}

function startsTarget({ target }: PerfConfig): boolean {
  return target?.isExternal?.(process.env) === false
}

/**
 * Fails a command that runs only scenarios and finds no file of any. `passWithNoTests`, which a project may inherit from unit
 * tests, would let it pass although nothing was measured.
 */
function failureOfNothing(vitest: Vitest): Reporter {
  return {
    onTestRunEnd(modules) {
      const { passWithNoTests, changed, related, shard, watch } = vitest.config
      if (modules.length > 0 || !passWithNoTests || watch || changed || related?.length || shard !== undefined) return
      if (!vitest.projects.every(({ vite }) => vite.config.plugins.some(({ name }) => name === PLUGIN_NAME))) return
      vitest.logger.error(
        'vitest-slo: no scenario file was found, so nothing ran\n' +
          `Fix: correct the filter or \`include\`, by default ${SCENARIOS}; passWithNoTests applies to unit tests only\n`,
      )
      process.exitCode ||= 1
    },
  }
}

/** Lets this command run the same files in the same order as the other generators, which start and end with each run. */
function runInStep(vitest: Vitest, session: Session): void {
  const { sequence, reporters } = vitest.config
  // Vitest's order depends on what failed or was slow on this machine.
  const { sequencer: Sequencer } = sequence
  sequence.sequencer = class implements TestSequencer {
    readonly #original: TestSequencer

    constructor(owner: Vitest) {
      this.#original = new Sequencer(owner)
    }

    shard(files: TestSpecification[]) {
      return this.#original.shard(files)
    }

    sort(files: TestSpecification[]): TestSpecification[] {
      return files.toSorted((one, other) => (one.moduleId < other.moduleId ? -1 : 1))
    }
  }
  const inStep: Reporter = {
    onTestRunStart: (specifications) => session.beginRun(specifications),
    onTestRunEnd: (_modules, _errors, reason) => session.endRun(reason),
  }
  ;(reporters as unknown[]).push(inStep)
}

/**
 * Adds the reporter, even if the command line names others. It is the first one: it masks secrets in results before the
 * others print them.
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
