import { Problems, type Problem } from '../../options/problems.ts'
import { isRecord } from '../../options/schema.ts'
import { ServiceError } from '../service.ts'
import type { StartedTarget, TargetContext } from './started-target.ts'
import { ExternalTarget } from './target-external.ts'
import { TARGET, type TargetOptions } from './target-options.ts'
import { StartedProcesses } from './target-process.ts'

export type { StartedTarget, TargetContext } from './started-target.ts'

/** The system under test: started by the run, or already running. */
export interface Target {
  /** The options, as passed. */
  readonly options: TargetOptions
  /** Invalid options; reported together with all others. */
  readonly problems: readonly Problem[]
  /** Whether the target is already running, by option or by `PERF_TARGET_URL`. */
  isExternal(env: NodeJS.ProcessEnv): boolean
  /** Starts the target, or connects to it. */
  start(context: TargetContext): Promise<StartedTarget>
}

/**
 * The target as an option of the configuration.
 *
 * Its ports are free ones by default, passed in the environment (`PORT`, `INTERNAL_PORT`). It is ready once the `ready`
 * path responds with 2xx. The host of a remote URL must be in `allowRemote`, and at full scale also in the variable
 * `PERF_ALLOW_FULL_LOAD_ON`.
 *
 * @example
 * import { definePerfConfig, target } from 'vitest-slo/config'
 *
 * export default definePerfConfig({ target: target({ command: ['node', 'server.js'], ready: '/healthz' }) })
 */
export function target(options: TargetOptions): Target {
  // JavaScript configs are not type-checked.
  const written: unknown = options
  if (!isRecord(written)) return withoutOptions(options)
  const isExternal = (env: NodeJS.ProcessEnv) => Boolean(env['PERF_TARGET_URL']) || options.url !== undefined
  const problems = new Problems()
  const { ready: readyPath, readyTimeoutMs } = TARGET.read(problems, '', options)
  return {
    options,
    problems: problems.found,
    isExternal,
    async start(context) {
      if (isExternal(context.env)) return ExternalTarget.connect(options, { readyPath, readyTimeoutMs }, context)
      if (options.command !== undefined) {
        return StartedProcesses.start(options, options.command, { readyPath, readyTimeoutMs }, context)
      }
      throw new ServiceError('target', {
        problem: 'neither a command nor a URL is set',
        fix: `set the command that starts it, target({ command: ['node', 'src/main.ts'] }), or its URL: PERF_TARGET_URL=http://127.0.0.1:3000`,
      })
    },
  }
}

/** A target that only reports that it has no options. */
function withoutOptions(given: unknown): Target {
  const problems = new Problems()
  const example = "target: target({ command: ['node', 'server.js'] })"
  problems.add('', given, 'must be target() with an object of options', example)
  return { ...target({}), problems: problems.found }
}
