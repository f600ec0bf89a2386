import { Problems, type Problem } from '../../options/problems.ts'
import { ServiceError } from '../service.ts'
import type { StartedTarget, TargetContext } from './started-target.ts'
import { ExternalTarget } from './target-external.ts'
import { TARGET, type TargetOptions } from './target-options.ts'
import { StartedProcesses } from './target-process.ts'

export type { StartedTarget, TargetContext } from './started-target.ts'

/** The system under test: started by us, or running already. */
export interface Target {
  readonly options: TargetOptions
  readonly problems: readonly Problem[]
  /** Whether it runs already, by option or by `PERF_TARGET_URL`. */
  isExternal(env: NodeJS.ProcessEnv): boolean
  start(context: TargetContext): Promise<StartedTarget>
}

/**
 * The target as an option of the configuration.
 *
 * Ports are free ones unless given, and are told by environment (`PORT`, `INTERNAL_PORT`). It is ready when the `ready`
 * path responds with 2xx. A URL that is not this machine needs its host in `allowRemote`, and at full scale also in the
 * variable `PERF_ALLOW_FULL_LOAD_ON`.
 */
export function target(options: TargetOptions): Target {
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
        problem: 'there is neither a command nor a URL',
        remedy: `Say how it is started, target({ command: ['node', 'src/main.ts'] }), or where it runs: PERF_TARGET_URL=http://127.0.0.1:3000.`,
      })
    },
  }
}
